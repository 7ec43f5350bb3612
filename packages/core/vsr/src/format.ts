/** The first bytes of a replica's disk. */

import type { Crypto } from '@veritydb/crypto';

import { type VsrConfig, parseConfig } from './config.ts';
import { buildReserved } from './journal.ts';
import { HEADER_SIZE } from './message.ts';
import {
  SUPERBLOCK_COPIES,
  SUPERBLOCK_STRIDE,
  SUPERBLOCK_ZONE_SIZE,
  buildFirstState,
  encodeSuperblock,
  numberCopy,
} from './superblock.ts';

export interface FormattedDisk {
  readonly superblock: Uint8Array;
  readonly headers: Uint8Array;
  readonly prepares: Uint8Array;
}

/**
 * A disk of a replica of a new cluster. Never for a replica that was there before: what it acknowledged
 * would be forgotten.
 *
 * @throws {VsrError} ERR_VSR_CONFIG
 */
export function buildDisk(crypto: Crypto, options: VsrConfig, replicaId: number): FormattedDisk {
  const config = parseConfig(options);
  const { cluster, replicaCount, slotCount, messageSizeMax } = config;
  const state = buildFirstState(crypto, cluster, replicaId, replicaCount);
  const copy = encodeSuperblock(crypto, cluster, state);
  const superblock = new Uint8Array(SUPERBLOCK_ZONE_SIZE);
  for (let number = 0; number < SUPERBLOCK_COPIES; number += 1) {
    superblock.set(numberCopy(copy, number), number * SUPERBLOCK_STRIDE);
  }
  const headers = new Uint8Array(slotCount * HEADER_SIZE);
  const prepares = new Uint8Array(slotCount * messageSizeMax);
  for (let index = 0; index < slotCount; index += 1) {
    const reserved = buildReserved(crypto, cluster, index);
    headers.set(reserved, index * HEADER_SIZE);
    prepares.set(reserved, index * messageSizeMax);
  }
  return { superblock, headers, prepares };
}
