/**
 * What a SELECT reads: a table as it is or was, the versions of its rows, or what changed between two
 * positions. What was erased since is erased in each of them.
 */

import type { StoredRow } from '@veritydb/kernel';
import { type AsOf, type Plan, type SelectStatement } from '@veritydb/query';
import { type Offset, type TableSchema, type Value, bytesToHex, toOffset } from '@veritydb/types';

import { RuntimeError } from './error.ts';
import type { Snapshot } from './snapshot.ts';
import { rowStoreKey } from './store-key.ts';
import type { Tenant } from './tenant.ts';

/**
 * The snapshot that a statement asks for; of the newest position where it asks for none.
 *
 * @throws {RuntimeError} ERR_RUNTIME_POSITION
 */
export function snapshotOf(tenant: Tenant, { asOf, source }: SelectStatement): Snapshot {
  if (source.kind === 'diff') return tenant.snapshot(source.to);
  return tenant.snapshot(asOf === null ? undefined : positionOf(tenant, asOf));
}

/**
 * The position that a table is read as of. A time means the last record up to and with its microsecond:
 * the log's times rise with its positions, so it means the same for ever.
 *
 * @throws {RuntimeError} ERR_RUNTIME_POSITION for a time before the log, or one that is still to come
 */
export function positionOf(tenant: Tenant, asOf: AsOf): Offset {
  if (asOf.kind === 'position') return asOf.position;
  const end = (asOf.timestamp + 1n) * 1000n;
  if (end > tenant.clock.now()) throw notInLog('a time that is still to come');
  let [from, to] = [0, tenant.head + 1];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (tenant.timestampOf(toOffset(middle)) < end) from = middle + 1;
    else to = middle;
  }
  if (from === 0) throw notInLog('a time before the log begins');
  return toOffset(from - 1);
}

function notInLog(what: string): RuntimeError {
  return new RuntimeError('expectation', 'ERR_RUNTIME_POSITION', `AS OF ${what}`, {
    hint: 'give a time between the first record of the log and now',
  });
}

/** The rows that a plan reads, in its order where it is of plain rows, else by key and position. */
export function readSource(
  tenant: Tenant,
  snapshot: Snapshot,
  { access, select }: Plan,
  wanted?: ReadonlySet<number>,
): Iterable<StoredRow> {
  const { source, relation } = select;
  const { table } = relation;
  switch (source.kind) {
    case 'rows':
      return snapshot.scan(table, access, wanted);
    case 'history':
      return historyOf(snapshot, table);
    case 'diff':
    default:
      return diffOf(tenant.snapshot(source.from), snapshot, table);
  }
}

function historyOf(snapshot: Snapshot, table: TableSchema): readonly StoredRow[] {
  return snapshot
    .versions(table)
    .map(({ endedAt, ...row }) => {
      const to = endedAt === null ? null : BigInt(endedAt);
      return withValues(row, BigInt(row.offset), to);
    })
    .toSorted((a, b) => a.offset - b.offset || a.rowIndex - b.rowIndex);
}

function diffOf(earlier: Snapshot, later: Snapshot, table: TableSchema): readonly StoredRow[] {
  // A table that was dropped and made again is another one.
  const { name: own } = table.definition;
  const isSame = earlier.table(own)?.id === table.id || earlier.projection(own)?.id === table.id;
  const before = new Map<string, StoredRow>();
  if (isSame) {
    for (const row of earlier.scan(table, { kind: 'scan' })) before.set(nameOf(table, row), row);
  }
  const changed: StoredRow[] = [];
  for (const row of later.scan(table, { kind: 'scan' })) {
    const name = nameOf(table, row);
    const old = before.get(name);
    before.delete(name);
    if (old === undefined) changed.push(withValues(row, 'insert'));
    else if (old.offset !== row.offset) changed.push(withValues(row, 'update'));
  }
  return [...changed, ...[...before.values()].map((row) => withValues(row, 'delete'))];
}

/** What a row is known by: its key, or its place in the log where the key was erased. */
function nameOf(table: TableSchema, { erased, offset, rowIndex, values }: StoredRow): string {
  return erased ? `${offset} ${rowIndex}` : `=${bytesToHex(rowStoreKey(table, values))}`;
}

function withValues(row: StoredRow, ...added: readonly Value[]): StoredRow {
  return { ...row, values: [...row.values, ...added] };
}
