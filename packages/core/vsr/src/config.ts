/** What all replicas of a cluster agree on when it is made, and never change. */

import { VsrError } from './error.ts';
import { HEADER_SIZE } from './message.ts';
import { REPLICA_COUNT_MAX } from './quorum.ts';

/** What a disk writes whole, or not. */
export const SECTOR_SIZE = 4096;
export const HEADERS_PER_SECTOR: number = SECTOR_SIZE / HEADER_SIZE;
/** What a superblock has room for. */
export const PIPELINE_MAX = 24;

export interface VsrConfig {
  /** 16 bytes that no other cluster has. */
  readonly cluster: Uint8Array;
  readonly replicaCount: number;
  /** Prepares that the journal holds: a multiple of 16. */
  readonly slotCount: number;
  /** Ops that may be under way at once. */
  readonly pipelineLength: number;
  /** Ops from one checkpoint to the next. */
  readonly checkpointOps: number;
  /** Header and body: a multiple of 4096. */
  readonly messageSizeMax: number;
  /** Sessions that are remembered. */
  readonly clientsMax: number;
}

/** @throws {VsrError} ERR_VSR_CONFIG unless the numbers fit together */
export function parseConfig(config: VsrConfig): VsrConfig {
  const numbers = [config.replicaCount, config.slotCount, config.pipelineLength];
  numbers.push(config.checkpointOps, config.messageSizeMax, config.clientsMax);
  const isSound =
    numbers.every((number) => Number.isSafeInteger(number) && number >= 1) &&
    config.cluster.length === 16 &&
    config.replicaCount <= REPLICA_COUNT_MAX &&
    config.slotCount % HEADERS_PER_SECTOR === 0 &&
    config.pipelineLength <= PIPELINE_MAX &&
    config.messageSizeMax % SECTOR_SIZE === 0 &&
    // A full pipeline fits behind the last checkpoint while the next one is being written.
    config.slotCount >= 2 * (config.checkpointOps + config.pipelineLength) &&
    // A view's headers fit into one message.
    config.messageSizeMax >= (config.pipelineLength + 2) * HEADER_SIZE;
  if (isSound) return config;
  throw new VsrError('format', 'ERR_VSR_CONFIG', 'the numbers of a cluster do not fit together', {
    hint: 'see VsrConfig: slots are at least twice the ops of a checkpoint and of the pipeline',
  });
}

/** How long the body of a request may be: the prepare that it becomes must fit, whole, into another message. */
export function bodySizeMax(config: VsrConfig): number {
  return config.messageSizeMax - 2 * HEADER_SIZE;
}
