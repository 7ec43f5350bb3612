/** A child is always a part of its parent: in columns, rows, time, counts and tools. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { codeOf } from '@veritydb/testkit';
import { type Row, type TableSchema, toTableId, toTableSchema } from '@veritydb/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  AccessError,
  type Attenuation,
  type AuthorizedRelation,
  type RowPredicate,
  type VerifiedToken,
  attenuate,
  authorize,
  formatScope,
} from '../src/index.ts';
import { grantOf, policyHead, policyOf } from './fixtures.ts';

const NAMES = ['id', 'state', 'age', 'born'] as const;
const TYPES = { id: 'text', state: 'text', age: 'integer', born: 'date' } as const;
const TABLE: TableSchema = toTableSchema(
  toTableId(1000),
  {
    name: 'patients',
    columns: NAMES.map((name) => ({
      name,
      type: TYPES[name],
      notNull: name === 'id',
      dataClass: null,
      ladder: null,
    })),
    primaryKey: ['id'],
    subject: 'id',
  },
  new Uint8Array(32),
);
const POLICY = policyOf(
  `  patients:
    subject: id
    period: { column: born }
    columns:
      id: { class: direct-id, use: token }
      state: { class: quasi-id, use: keep }
      age: { class: quasi-id, use: keep }
      born: { class: quasi-id, use: keep }
  visits: { columns: { a: { class: sensitive, use: keep } } }
`,
  policyHead,
);

function relationOf(grant: VerifiedToken): AuthorizedRelation | null {
  try {
    return authorize({
      grant,
      policy: POLICY,
      tableName: 'patients',
      table: TABLE,
      context: {
        crypto: nativeCrypto,
        tokenKey: new Uint8Array(32),
        asOfDate: 20_000,
        seed: () => new Uint8Array(32),
        lookupSurrogate: () => undefined,
      },
    });
  } catch (error) {
    if (error instanceof AccessError) return null;
    throw error;
  }
}

async function childOf(parent: VerifiedToken, asked: Attenuation): Promise<VerifiedToken> {
  const { actions, expiresAtSeconds, keyThumbprint, right } = attenuate(parent, POLICY, asked);
  return grantOf(right, {
    scope: formatScope(actions),
    exp: expiresAtSeconds,
    ...(keyThumbprint === null ? {} : { cnf: { jkt: keyThumbprint } }),
  });
}

const predicate: fc.Arbitrary<RowPredicate> = fc.oneof(
  fc.constantFrom('VT', 'MA').map((equals) => ({ column: 'state', equals })),
  fc.nat(90).map((from) => ({ column: 'age', from })),
  fc.nat(90).map((before) => ({ not: { column: 'age', before } })),
);
const day = fc.integer({ min: 1950, max: 1999 }).map((year) => `${year}-06-01`);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const attenuation: fc.Arbitrary<Attenuation> = fc.record({
  actions: optional(fc.subarray(['schema', 'query'] as const, { minLength: 1 })),
  tables: optional(
    fc.oneof(
      fc.constant({ patients: '*' as const }),
      fc.subarray([...NAMES], { minLength: 1 }).map((patients) => ({ patients })),
    ),
  ),
  rows: optional(predicate.map((patients) => ({ patients }))),
  period: optional(
    fc.oneof(
      day.map((from) => ({ from })),
      day.map((before) => ({ before })),
    ),
  ),
  asOf: optional(fc.constantFrom(3, 4)),
  aggregateOnly: optional(fc.boolean()),
  maxRows: optional(fc.integer({ min: 1, max: 200 })),
  maxExports: optional(fc.integer({ min: 1, max: 3 })),
  maxQueries: optional(fc.integer({ min: 1, max: 3 })),
  expiresAtSeconds: optional(fc.integer({ min: 1_767_225_700, max: 1_767_229_300 })),
  keyThumbprint: optional(fc.constant('A'.repeat(43))),
});
const row: fc.Arbitrary<Row> = fc.tuple(
  fc.string(),
  fc.constantFrom(null, 'VT', 'MA'),
  fc.option(fc.nat(99), { nil: null }),
  fc.option(fc.integer({ min: -8000, max: 12_000 }), { nil: null }),
);

describe('a token cut from a token', () => {
  it('is a part of it, and so is one that is cut from that', async () => {
    const root = await grantOf({ limits: { max_rows: 100 } });
    await fc.assert(
      fc.asyncProperty(
        fc.array(attenuation, { minLength: 1, maxLength: 3 }),
        fc.array(row, { maxLength: 8 }),
        async (steps, rows) => {
          let parent = root;
          for (const asked of steps) {
            let child: VerifiedToken;
            try {
              child = await childOf(parent, asked);
            } catch (error) {
              expect((error as AccessError).code).toBe('ERR_ACCESS_ATTENUATION');
              continue;
            }
            expectPart(child, parent, rows);
            parent = child;
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('sees only rows that every token before it sees', async () => {
    const narrower: fc.Arbitrary<Attenuation> = fc.record(
      {
        rows: predicate.map((patients) => ({ patients })),
        period: fc.oneof(
          day.map((from) => ({ from })),
          day.map((before) => ({ before })),
        ),
      },
      { requiredKeys: [] },
    );
    const root = await grantOf({ rows: { patients: { column: 'state', equals: 'VT' } } });
    await fc.assert(
      fc.asyncProperty(
        fc.array(narrower, { minLength: 1, maxLength: 3 }),
        fc.array(row, { minLength: 4, maxLength: 12 }),
        async (steps, rows) => {
          let parent = root;
          for (const asked of steps) {
            const child = await childOf(parent, asked);
            expectPart(child, parent, rows);
            parent = child;
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  function expectPart(child: VerifiedToken, parent: VerifiedToken, rows: readonly Row[]): void {
    const [less, more] = [relationOf(child), relationOf(parent)];
    const names = (relation: AuthorizedRelation | null): readonly string[] =>
      relation?.columns.map(({ name }) => name) ?? [];
    for (const name of names(less)) expect(names(more)).toContain(name);
    for (const each of rows) if (less?.passes(each) === true) expect(more?.passes(each)).toBe(true);
    for (const action of child.actions) expect(parent.actions.has(action)).toBe(true);
    expect(child.rowsMax).toBeLessThanOrEqual(parent.rowsMax);
    expect(child.exportsMax ?? Infinity).toBeLessThanOrEqual(parent.exportsMax ?? Infinity);
    expect(child.queriesMax ?? Infinity).toBeLessThanOrEqual(parent.queriesMax ?? Infinity);
    expect(child.expiresAtSeconds).toBeLessThanOrEqual(parent.expiresAtSeconds);
    if (parent.asOf !== null) expect(child.asOf).toBe(parent.asOf);
    if (parent.answers === 'aggregate') expect(child.answers).toBe('aggregate');
    if (parent.keyThumbprint !== null) expect(child.keyThumbprint).not.toBe(null);
    expect([child.recipient, child.purpose, child.policyName, child.tenant]).toEqual([
      parent.recipient,
      parent.purpose,
      parent.policyName,
      parent.tenant,
    ]);
  }

  it.each<[string, Attenuation]>([
    ['another table', { tables: { visits: '*' } }],
    ['all columns of some', { tables: { patients: '*' } }],
    ['another column', { tables: { patients: ['state', 'born'] } }],
    ['rows of another table', { rows: { visits: { column: 'a', isNull: true } } }],
    ['another position', { asOf: 8 }],
    ['more rows', { maxRows: 101 }],
    ['more exports', { maxExports: 3 }],
    ['more questions', { maxQueries: 3 }],
    ['more tools', { actions: ['export'] }],
    ['more time', { expiresAtSeconds: 1_767_229_201 }],
  ])('is refused %s', async (_, asked) => {
    const parent = await grantOf({
      tables: { patients: ['state', 'age'] },
      as_of: 7,
      limits: { max_rows: 100, max_exports: 2, max_queries: 2 },
    });
    expect(codeOf(() => attenuate(parent, POLICY, asked))).toBe('ERR_ACCESS_ATTENUATION');
  });
});
