/** A cluster without time: what waits in it, and what a script may do with it. */

import type { Command, Replica, ReplicaState, Zone } from '@veritydb/vsr';

import type { PendingWrite, ZoneDisk } from './zone-disk.ts';

/** A message that waits. */
export interface Envelope {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
  readonly command: Command;
}

export type Io =
  | { readonly kind: 'write'; readonly pending: PendingWrite; readonly done: () => void }
  | {
      readonly kind: 'read';
      readonly zone: Zone;
      readonly at: number;
      readonly size: number;
      readonly done: (bytes: Uint8Array) => void;
    };

/** A machine without time of its own. */
export interface WalkNode {
  readonly id: number;
  readonly disk: ZoneDisk;
  replica: Replica | undefined;
  life: number;
  nowUs: number;
  io: Io[];
}

/** What a script may do with a cluster, instead of chance. */
export interface Stage {
  /** All who are not cut off go on, and a little time passes. */
  settle(rounds: number): void;
  /** These replicas hear nobody and are heard by nobody; nobody else is. Their messages wait. */
  cutOff(...replicas: readonly number[]): void;
  /** A new request comes to the primary, or to this replica if there is none. */
  ask(replica: number): void;
  /** Everything it wrote is on the disk; one prepare rots there, if one is named. */
  crash(replica: number, rottenOp?: number): void;
  start(replica: number): void;
  timeOut(replica: number): void;
  /** The newest waiting message of a kind, before all others. */
  handNewest(command: Command, replica: number): void;
  /** The first log of a view that a replica was ever sent, once more. */
  handOldView(replica: number): void;
  /** A replica's prepares are not written until this is said again of nobody. */
  hold(replica?: number): void;
  /** Takes messages of a kind out of the network; what it gives hands them over at last. */
  withhold(command: Command, replica: number): () => void;
  /** The network loses all that is under way. */
  forget(): void;
  stateOf(replica: number): ReplicaState | undefined;
}
