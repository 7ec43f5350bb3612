/**
 * Quorums of a cluster (Howard, Malkhi and Spiegelman, "Flexible Paxos", 2016): replication and view
 * change must meet; so must replication and what says "nobody has it".
 */

import { assert } from '@veritydb/types';

export const REPLICA_COUNT_MAX = 6;
/** More copies than this before a commit make it slower and hardly safer. */
const REPLICATION_MAX = 3;

export interface Quorums {
  /** Replicas that have an op on disk before it is committed. */
  readonly replication: number;
  /** Replicas that leave a view before the next may begin. */
  readonly viewChange: number;
  /** Replicas that never acknowledged an op before it may be cut: 4 of 6. */
  readonly nack: number;
  readonly majority: number;
}

/** The quorums of a cluster of 1 to 6 replicas. */
export function buildQuorums(replicaCount: number): Quorums {
  assert(replicaCount >= 1 && replicaCount <= REPLICA_COUNT_MAX, 'a cluster has 1 to 6 replicas');
  const isPair = replicaCount === 2;
  const replication = isPair ? 2 : Math.min(REPLICATION_MAX, Math.ceil(replicaCount / 2));
  const viewChange = isPair ? 2 : replicaCount - replication + 1;
  const nack = replicaCount - replication + 1;
  const majority = Math.floor(replicaCount / 2) + 1;
  assert(replication + viewChange > replicaCount, 'replication and view change do not meet');
  assert(nack + replication > replicaCount, 'replication and nacks do not meet');
  assert(viewChange >= majority, 'two views may begin at once');
  return { replication, viewChange, nack, majority };
}
