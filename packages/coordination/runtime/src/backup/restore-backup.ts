/**
 * A backup put back: its log under a generation far above its own, its key store without the keys that
 * tombstones name.
 *
 * Keys are left out before a byte of them reaches the disk. The log that the backup was taken from may
 * go on, and be restored more than once: the generation that each goes on in must be its own, or a nonce
 * comes twice under one key. It recovers at the rate of crashes, so 2^20 generations above is out of its
 * reach, and chance below 2^24 keeps two restores of one backup apart.
 */

import type { Crypto } from '@veritydb/crypto';
import { type Disk, type RecoveryRecord, listSegments, restartLog } from '@veritydb/log';
import { type TenantId, hexToBytes, toGeneration, toOffset, toTenantId } from '@veritydb/types';

import { KEYS_NAME, readKeyStates, readKeysFile } from '../check/check-keys.ts';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { VerifiedBackup } from './read-backup.ts';
import { backupRefused, tombstonesRefused } from './refused.ts';
import { type Tombstones, destroyKeys } from './tombstones.ts';

const GENERATION_DISTANCE: number = 2 ** 20;
const GENERATION_MAX: number = 2 ** 32 - 1;
const CHUNK_SIZE = 1024 * 1024;

export interface RestorePorts {
  /** The folder of a tenant, empty. */
  readonly disk: Disk;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: Random;
}

export interface RestoredBackup {
  readonly recovery: RecoveryRecord;
  /** Keys that the backup still had, and that the restored database has not. */
  readonly keysDestroyed: number;
}

/** @throws {RuntimeError} ERR_RUNTIME_TOMBSTONES when they are of another log, before anything is written */
export function restoreBackup(
  backup: VerifiedBackup,
  tombstones: readonly Tombstones[],
  ports: RestorePorts,
): RestoredBackup {
  const { manifest } = backup;
  for (const { log, tenant } of tombstones) {
    if (log !== manifest.log || tenant !== manifest.tenant) {
      throw tombstonesRefused('they are of another log than the backup', 'expectation');
    }
  }
  if (tombstones.length > 0 && tombstones.every(({ size }) => size < manifest.size)) {
    throw tombstonesRefused('they are older than the backup', 'expectation');
  }
  const generation = nextGeneration(manifest.generation, ports.random);
  const keysDestroyed = restoreKeys(backup, tombstones, ports.disk);
  const segments = listSegments(backup.disk);
  for (const name of segments) copyFile(backup.disk, ports.disk, name);
  const copied = {
    tenant: toTenantId(manifest.tenant),
    identity: hexToBytes(manifest.log),
    generation: toGeneration(manifest.generation),
    segmentCount: segments.length,
    recordCount: toOffset(manifest.size),
    lastHash: backup.lastHash,
    lastTimestamp: backup.lastTimestamp,
  };
  const now = ports.clock.now();
  const recovery = restartLog({ ...ports, now }, copied, toGeneration(generation));
  return { recovery, keysDestroyed };
}

function nextGeneration(generation: number, random: Random): number {
  const [a = 0, b = 0, c = 0] = random.bytes(3);
  const next = generation + GENERATION_DISTANCE + ((a << 16) | (b << 8) | c);
  if (next <= GENERATION_MAX) return next;
  throw backupRefused('it was restored too often: no generation is left', 'expectation');
}

function restoreKeys(
  { disk, manifest }: VerifiedBackup,
  tombstones: readonly Tombstones[],
  target: Disk,
): number {
  const before = readKeysFile(disk);
  const after = destroyKeys(
    before,
    tombstones.flatMap(({ erased }) => erased),
  );
  writeFile(target, KEYS_NAME, [after]);
  const tenant = toTenantId(manifest.tenant);
  return destroyedCount(after, tenant) - destroyedCount(before, tenant);
}

function destroyedCount(keys: Uint8Array, tenant: TenantId): number {
  return [...readKeyStates(keys, tenant).values()].filter((state) => state === 'destroyed').length;
}

function copyFile(from: Disk, to: Disk, name: string): void {
  const file = from.open(name, 'existing');
  const chunks = function* chunksOf(): Iterable<Uint8Array> {
    for (let position = 0; position < file.size(); position += CHUNK_SIZE) {
      const chunk = new Uint8Array(Math.min(CHUNK_SIZE, file.size() - position));
      file.readAt(chunk, position);
      yield chunk;
    }
  };
  writeFile(to, name, chunks());
}

function writeFile(disk: Disk, name: string, chunks: Iterable<Uint8Array>): void {
  const file = disk.open(name, 'create');
  try {
    let position = 0;
    for (const chunk of chunks) {
      file.writeAt(chunk, position);
      position += chunk.length;
    }
    file.sync();
  } finally {
    file.close();
  }
}
