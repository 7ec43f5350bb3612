/**
 * Which rows are kept for longer than the policies in force say (GDPR, Article 5(1)(e)). A row is as old as
 * its newest version, and is due by the class of its columns that may be kept for the shortest time.
 * Nothing is erased by it: that is an order of its own.
 */

import { parseDurationSeconds } from '@veritydb/access';
import {
  type TableSchema,
  assert,
  bytesToHex,
  formatTimestamp,
  valueToJson,
} from '@veritydb/types';

import { recordAccess } from './access-record.ts';
import { type House, standingPolicy } from './house.ts';
import type { DueRow, DueRows } from './report-desk.ts';
import { ANSWER_ROWS_MAX, scopedQuery } from './scoped-query.ts';
import { operatorAsker } from './session.ts';

const NANOSECONDS_PER_SECOND = 1_000_000_000n;

interface Keeping {
  readonly dataClass: string;
  readonly keep: string;
  readonly seconds: number;
  readonly policy: string;
}

export async function dueRows(house: House, purpose: string): Promise<DueRows> {
  const { tenant } = house;
  const now = tenant.clock.now();
  const keepings = keepingsOf(house);
  const rows: DueRow[] = [];
  const truncated: string[] = [];
  const snapshot = tenant.snapshot();
  for (const name of snapshot.tableNames()) {
    const table = snapshot.table(name);
    const keeping = table === undefined ? undefined : shortestOf(keepings, table);
    if (table === undefined || keeping === undefined) continue;
    const found = await dueIn(house, { table, keeping, now, purpose });
    rows.push(...found.rows);
    if (found.truncated) truncated.push(name);
  }
  return {
    at: formatTimestamp(now / 1000n),
    rows: rows.toSorted((a, b) => a.offset - b.offset),
    truncated,
  };
}

/** What the policies in force say, each class by each. */
function keepingsOf({ tenant }: House): readonly Keeping[] {
  return [...tenant.state.policies.keys()].toSorted().flatMap((name) =>
    Array.from(standingPolicy(tenant, name).policy.retentionByClass, ([dataClass, keep]) => {
      const seconds = parseDurationSeconds(keep);
      assert(seconds !== undefined, 'a checked duration does not parse');
      return { dataClass, keep, seconds, policy: name };
    }),
  );
}

function shortestOf(
  keepings: readonly Keeping[],
  { definition }: TableSchema,
): Keeping | undefined {
  const classes = new Set(definition.columns.map(({ dataClass }) => dataClass));
  return keepings
    .filter(({ dataClass }) => classes.has(dataClass as never))
    .toSorted((a, b) => a.seconds - b.seconds)[0];
}

interface DueQuestion {
  readonly table: TableSchema;
  readonly keeping: Keeping;
  readonly now: bigint;
  readonly purpose: string;
}

/** Keys are read as the operator reads anything: by a query that is recorded. */
async function dueIn(
  house: House,
  { keeping, now, purpose, table }: DueQuestion,
): Promise<{ readonly rows: readonly DueRow[]; readonly truncated: boolean }> {
  const { tenant } = house;
  const { columns, name } = table.definition;
  const keys = table.keyIndexes.map((index) => {
    const column = columns[index];
    assert(column !== undefined, 'key column is not a column');
    return column;
  });
  const asker = operatorAsker(purpose);
  return recordAccess(tenant, asker, 'query', async (access) => {
    const answer = await scopedQuery(house, asker, {
      sql: `SELECT ${keys.map((column) => `"${column.name}"`).join(', ')} FROM "${name}"`,
      parameters: [],
      position: undefined,
      skip: 0,
      rowsMax: ANSWER_ROWS_MAX,
      exportId: null,
    });
    const bornBefore = now - BigInt(keeping.seconds) * NANOSECONDS_PER_SECOND;
    const rows = answer.rows.flatMap(({ origin, values }): readonly DueRow[] => {
      if (origin === null || origin.erased) return [];
      const writtenAt = tenant.timestampOf(origin.offset);
      if (writtenAt >= bornBefore) return [];
      return [
        {
          table: name,
          key: keys.map(({ type }, index) => valueToJson(type, values[index] ?? null)),
          dataClass: keeping.dataClass,
          keep: keeping.keep,
          policy: keeping.policy,
          writtenAt: formatTimestamp(writtenAt / 1000n),
          offset: origin.offset,
        },
      ];
    });
    await access.allow({
      table: name,
      columns: answer.sources,
      rows: rows.length,
      fingerprint: bytesToHex(answer.fingerprintSha256),
      position: answer.position,
    });
    return { rows, truncated: answer.truncated };
  });
}
