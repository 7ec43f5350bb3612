/**
 * Statistics for recipients: counted over enough data subjects, held against everything that the same
 * recipient was told of the same table before, by whichever token; or refused, with one text for all.
 *
 * What a statistic was made of is kept in its access record as keyed names of rows and subjects, so that
 * the next one can be checked. Two at once cannot pass each other: the record says how many were known.
 */

import { type StatisticMembers, isStatisticSafe } from '@veritydb/access';
import { type StoredRow, toNamedRow } from '@veritydb/kernel';
import {
  type BoundSelect,
  type ExecuteOptions,
  compileExpression,
  compilePredicate,
} from '@veritydb/query';
import type { Tenant } from '@veritydb/runtime';
import {
  CanonicalWriter,
  type TableSchema,
  type Value,
  assert,
  bytesToHex,
  canonicalJson,
  concatBytes,
  hexToBytes,
  utf8Encode,
  valueToJson,
  writeValue,
} from '@veritydb/types';

import { DisclosureError } from './error.ts';
import { SUBJECT_INDEX_SIZE, subjectIndexMac } from './subject-index.ts';

/** Most rows behind one statistic: what an access record can name. */
const MEMBERS_COUNT_MAX = 100_000;
const MEMBER_SIZE = 2 * SUBJECT_INDEX_SIZE;
const ROW_LABEL = utf8Encode('veritydb statistic row v1 ');

/** The rows behind each figure of an answer. */
export type Figures = readonly (readonly StoredRow[])[];

/** The rows that each count of each group counts, of those that its asker may know of. */
export function figuresOf(
  { grouping, where }: BoundSelect,
  rows: Iterable<StoredRow>,
  { view, baseFilter }: Required<Pick<ExecuteOptions, 'view' | 'baseFilter'>>,
): Figures {
  assert(grouping !== null && grouping.having === null, 'a statistic for a recipient is of counts');
  const passes = compilePredicate(where);
  const keys = grouping.members.flatMap((member) =>
    member.kind === 'key'
      ? [{ type: member.expression.type, evaluate: compileExpression(member.expression) }]
      : [],
  );
  const counts = grouping.members.flatMap((member) => {
    if (member.kind === 'key') return [];
    assert(member.name === 'count' && !member.distinct, 'a statistic for a recipient is a count');
    return [member.argument === null ? () => true : compileExpression(member.argument)];
  });
  // A group is told by its row, also where nothing of it is counted.
  if (counts.length === 0) counts.push(() => true);
  const groups = new Map<string, StoredRow[][]>();
  if (grouping.isWhole)
    groups.set(
      '[]',
      counts.map(() => []),
    );
  for (const row of rows) {
    if (row.erased || !baseFilter(row.values)) continue;
    const seen = view(row.values);
    if (!passes(seen)) continue;
    const name = canonicalJson(keys.map(({ type, evaluate }) => valueToJson(type, evaluate(seen))));
    const figures = groups.get(name) ?? counts.map(() => []);
    groups.set(name, figures);
    for (const [index, count] of counts.entries()) {
      if (count(seen) !== null) figures[index]?.push(row);
    }
  }
  return [...groups.values()].flat();
}

export function statisticsOnly(): DisclosureError {
  return new DisclosureError(
    'denied',
    'ERR_DISCLOSURE_AGGREGATE',
    'only statistics may be asked for here',
    { hint: 'select COUNT(*) or COUNT(column), perhaps with GROUP BY' },
  );
}

export interface StatisticEvidence {
  readonly members: Uint8Array;
  /** How many the recipient had of the table when this one was checked. */
  readonly statistics: number;
}

export interface StatisticQuestion {
  readonly recipient: string;
  readonly table: TableSchema;
  /** The rows behind each figure. */
  readonly figures: Figures;
  readonly subjectsMin: number;
}

/**
 * Checks a statistic before it is told.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_PRIVACY_BLOCKED
 */
export function checkStatistic(tenant: Tenant, question: StatisticQuestion): StatisticEvidence {
  const { recipient, table, figures, subjectsMin } = question;
  const told = toldBefore(tenant, recipient, table.definition.name);
  const size = figures.reduce((sum, rows) => sum + rows.length, 0);
  // That there is no group at all is a figure of nobody.
  if (figures.length === 0 || size > MEMBERS_COUNT_MAX) throw blocked();
  const asked = figures.map((rows) => rows.map((row) => memberOf(tenant, table, row)));
  if (!isStatisticSafe(asked, told.answers, subjectsMin)) throw blocked();
  return { members: encodeMembers(asked), statistics: told.statistics };
}

/** One text whatever the reason: why an answer is not given would be an answer. */
export function blocked(): DisclosureError {
  return new DisclosureError(
    'denied',
    'ERR_DISCLOSURE_PRIVACY_BLOCKED',
    'the question is not answered, to protect those whom it is about',
    { hint: 'ask about more data subjects, in other groups than before' },
  );
}

function memberOf(
  tenant: Tenant,
  { definition, keyIndexes, subjectIndex }: TableSchema,
  { values }: StoredRow,
): StatisticMembers[number] {
  const writer = new CanonicalWriter(64).array(keyIndexes.length);
  for (const index of keyIndexes) {
    const column = definition.columns[index];
    assert(column !== undefined, 'key column is not a column');
    writeValue(writer, column.type, values[index] as Value);
  }
  const name = concatBytes(ROW_LABEL, utf8Encode(`${definition.name} `), writer.view());
  const mac = tenant.crypto.hmacSha256(tenant.keyFor('audit'), name);
  const row = bytesToHex(mac.subarray(0, SUBJECT_INDEX_SIZE));
  const column = subjectIndex === null ? undefined : definition.columns[subjectIndex];
  const subject = subjectIndex === null ? null : (values[subjectIndex] ?? null);
  // Where a row is about nobody that is named, it is somebody of its own.
  if (column === undefined || subject === null) return { row, subject: row };
  const mac8 = subjectIndexMac(tenant, tenant.pseudonym(column.type, subject));
  return { row, subject: bytesToHex(mac8) };
}

/** For each figure its count (4 bytes, big-endian), then its members, sorted. */
function encodeMembers(figures: readonly StatisticMembers[]): Uint8Array {
  return concatBytes(
    ...figures.flatMap((members) => {
      const count = new Uint8Array(4);
      new DataView(count.buffer).setUint32(0, members.length);
      const names = members.map(({ row, subject }) => row + subject).toSorted();
      return [count, ...names.map(hexToBytes)];
    }),
  );
}

function decodeMembers(bytes: Uint8Array): readonly StatisticMembers[] {
  const figures: StatisticMembers[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length;) {
    const count = view.getUint32(at);
    at += 4;
    figures.push(
      Array.from({ length: count }, (_, index) => {
        const start = at + index * MEMBER_SIZE;
        const text = bytesToHex(bytes.subarray(start, start + MEMBER_SIZE));
        return { row: text.slice(0, MEMBER_SIZE), subject: text.slice(MEMBER_SIZE) };
      }),
    );
    at += count * MEMBER_SIZE;
  }
  return figures;
}

interface Told {
  readonly statistics: number;
  readonly answers: readonly StatisticMembers[];
}

/** What was told, by recipient and table, as long as nothing was added to it. */
const known = new WeakMap<Tenant, Map<string, Told>>();

function toldBefore(tenant: Tenant, recipient: string, tableName: string): Told {
  const snapshot = tenant.snapshot();
  const budgets = snapshot.reserved('verity_budgets');
  const budget = snapshot.get(budgets, [recipient, tableName]);
  const statistics =
    budget === undefined ? 0 : (toNamedRow(budgets, budget.values)['statistics'] as number);
  const cache = known.get(tenant) ?? new Map<string, Told>();
  known.set(tenant, cache);
  const name = `${tableName} ${recipient}`;
  const cached = cache.get(name);
  if (cached?.statistics === statistics) return cached;
  const answers: StatisticMembers[] = [];
  const table = snapshot.reserved('verity_access');
  for (const { values } of snapshot.scan(table, { kind: 'scan' })) {
    const row = toNamedRow(table, values);
    const members = row['members'];
    if (row['recipient'] !== recipient || row['table_name'] !== tableName) continue;
    if (members instanceof Uint8Array) answers.push(...decodeMembers(members));
  }
  const told = { statistics, answers };
  cache.set(name, told);
  return told;
}
