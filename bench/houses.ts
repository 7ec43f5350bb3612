/** What the project's side of a benchmark stands in: a log, a tenant, a database with its doors. */

import { join } from 'node:path';

import { nativeCrypto } from '@veritydb/crypto/native';
import { type Disk, Log, type RecordToAppend } from '@veritydb/log';
import { emptyRoot } from '@veritydb/merkle';
import { systemClock, systemRandom } from '@veritydb/runtime';
import { type Row, type TableSchema, toTenantId, toTimestamp } from '@veritydb/types';
import { type TenantHandle, Verity } from '@veritydb/verity';

import { VISITS, visit } from './rows.ts';

/** Milliseconds of a clock are too coarse for records: each is stamped one nanosecond after the last. */
export function recordStamper(): (payload: Uint8Array) => RecordToAppend {
  const commitmentsRoot = emptyRoot(nativeCrypto);
  let last = BigInt(systemClock.now());
  return (plaintext) => {
    last += 1n;
    return {
      kind: 'data',
      timestamp: toTimestamp(last),
      schemaVersion: 1,
      rowCount: 0,
      idempotencyId: null,
      commitmentsRoot,
      payload: { sealing: 'none', plaintext },
    };
  };
}

export function openLog(disk: Disk): Log {
  return Log.open({
    disk,
    crypto: nativeCrypto,
    tenant: toTenantId(1),
    now: systemClock.now(),
    identity: () => systemRandom.bytes(16),
  });
}

const RECORDS_BETWEEN_CHECKPOINTS = 999;

/** So many records of 256 bytes, each 1,000th a checkpoint, as a tenant writes them. */
export function appendWithCheckpoints(
  log: Log,
  count: number,
  onLeaf: (leafHash: Uint8Array) => void = () => undefined,
): void {
  const stamp = recordStamper();
  const bytes = payloads(RECORDS_BETWEEN_CHECKPOINTS);
  for (let at = 0; at < count; at += bytes.length + 1) {
    const data = bytes.map(stamp);
    const checkpoint = { ...stamp(new Uint8Array(64)), kind: 'checkpoint' as const };
    const { leafHashes } = log.append([...data, checkpoint]);
    for (let hash = 0; hash < leafHashes.length; hash += 32) {
      onLeaf(leafHashes.subarray(hash, hash + 32));
    }
  }
}

/** Payloads of 256 bytes, all different. */
export function payloads(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, () => systemRandom.bytes(256));
}

export interface VisitHouse {
  readonly verity: Verity;
  readonly handle: TenantHandle;
  readonly table: TableSchema;
}

/** A database in a folder, with the table of visits. */
export async function openVisitHouse(folder: string): Promise<VisitHouse> {
  const path = join(folder, 'verity');
  Verity.create(path, 'bench.example/verity');
  const verity = Verity.open(path);
  const handle = verity.tenant(1);
  await handle.execute(VISITS);
  const table = handle.runtime.snapshot().table('visits');
  if (table === undefined) throw new Error('the table was not made');
  return { verity, handle, table };
}

export async function insertVisits(
  { handle, table }: VisitHouse,
  rows: readonly Row[],
): Promise<void> {
  for (let at = 0; at < rows.length; at += 1000) {
    const writes = rows
      .slice(at, at + 1000)
      .map((values) => ({ event: 'insert' as const, table: table.id, values }));
    await handle.runtime.submit({ kind: 'write', writes });
  }
}

/** Visits of numbers from `first` on, of so many patients. */
export function visits(first: number, count: number, patients: number): readonly Row[] {
  return Array.from({ length: count }, (_, index) =>
    visit(first + index, (first + index) % patients),
  );
}
