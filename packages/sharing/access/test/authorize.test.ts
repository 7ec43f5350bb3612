import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type ColumnDefinition,
  type Row,
  type TableSchema,
  parseDate,
  toTableId,
  toTableSchema,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  AccessError,
  type AuthorizeContext,
  type AuthorizedRelation,
  type Policy,
  type VerifiedToken,
  authorize,
  grantedTables,
} from '../src/index.ts';
import { grantOf, policyHead, policyOf } from './fixtures.ts';

function column(name: string, changes: Partial<ColumnDefinition> = {}): ColumnDefinition {
  return { name, type: 'text', notNull: false, dataClass: null, ladder: null, ...changes };
}

const patients: TableSchema = toTableSchema(
  toTableId(1000),
  {
    name: 'patients',
    columns: [
      column('id', { notNull: true }),
      column('ssn'),
      column('born', { type: 'date', ladder: 'date' }),
      column('gender'),
      column('unlisted_secret'),
    ],
    primaryKey: ['id'],
    subject: 'id',
  },
  new Uint8Array(32),
);

const policy = policyOf(`  patients:
    subject: id
    columns:
      id: { class: direct-id, use: surrogate, of: patient }
      ssn: { class: direct-id, use: drop }
      born: { class: quasi-id, use: date-part, part: year }
      gender: { class: quasi-id, use: keep }
      gone: { class: quasi-id, use: keep }
`);

const context: AuthorizeContext = {
  crypto: nativeCrypto,
  tokenKey: new Uint8Array(32).fill(3),
  asOfDate: parseDate('2026-11-22'),
  seed: () => new Uint8Array(32),
  lookupSurrogate: () => undefined,
};

const grant = await grantOf();

function open(
  to: VerifiedToken,
  under: Policy = policy,
  table: TableSchema | undefined = patients,
): AuthorizedRelation {
  return authorize({ grant: to, policy: under, tableName: 'patients', table, context });
}

function refusalOf(run: () => unknown): { code: string; kind: string; message: string } {
  try {
    run();
  } catch (error) {
    if (!(error instanceof AccessError)) throw error;
    return { code: error.code, kind: error.kind, message: `${error.message} ${error.hint}` };
  }
  throw new Error('nothing was refused');
}

describe('authorize', () => {
  it('shows the columns of token and policy, transformed', () => {
    const { relation, columns, rowsMax, policy: quoted, transform } = open(grant);
    expect(relation).toStrictEqual({
      name: 'patients',
      statistics: 'count',
      table: patients,
      columns: [
        {
          name: 'id',
          type: 'text',
          notNull: true,
          source: 0,
          exact: false,
          operations: 'equality',
        },
        { name: 'born', type: 'text', notNull: false, source: 2, exact: false, operations: 'all' },
        { name: 'gender', type: 'text', notNull: false, source: 3, exact: true, operations: 'all' },
      ],
    });
    expect(columns).toStrictEqual([
      {
        name: 'id',
        type: 'text',
        source: 0,
        transform: 'surrogate',
        operations: 'equality',
        proof: 'auditor',
        ladderLevel: null,
      },
      {
        name: 'born',
        type: 'text',
        source: 2,
        transform: 'date-part year',
        operations: 'all',
        proof: 'public',
        ladderLevel: 2,
      },
      {
        name: 'gender',
        type: 'text',
        source: 3,
        transform: 'keep',
        operations: 'all',
        proof: 'public',
        ladderLevel: 0,
      },
    ]);
    expect(rowsMax).toBe(50);
    expect(quoted).toStrictEqual({ name: 'research', version: 3, sha256: policy.sha256 });
    const row: Row = ['p1', '999-17-5017', parseDate('1980-02-29'), 'F', 'secret'];
    const transformed = transform(row);
    expect(transformed.values).toStrictEqual([null, '1980', 'F']);
    expect(transformed.missing).toMatchObject([{ domain: 'recipient=research-lab' }]);
  });

  it('only narrows: a token cannot ask for more than the policy lets out', async () => {
    const tables = { patients: ['gender', 'ssn', 'unlisted_secret', 'nothing'] };
    const { columns } = open(await grantOf({ tables, limits: { max_rows: 7 } }));
    expect(columns.map(({ name }) => name)).toStrictEqual(['gender']);
    expect(open(await grantOf({ limits: { max_rows: 7 } })).rowsMax).toBe(7);
  });

  it('has one refusal for a table that is not there, not granted, not shared, or empty', async () => {
    const others = await grantOf({ tables: { encounters: '*' } });
    const nothing = await grantOf({ tables: { patients: ['ssn', 'unlisted_secret'] } });
    const elsewhere = policyOf(
      '  encounters: { columns: { a: { class: sensitive, use: keep } } }\n',
    );
    const missing = refusalOf(() =>
      authorize({ grant, policy, tableName: 'nowhere', table: undefined, context }),
    );
    expect(missing).toMatchObject({ code: 'ERR_ACCESS_UNKNOWN_TABLE', kind: 'denied' });
    for (const run of [
      () => open(others),
      () => open(nothing),
      () => open(grant, elsewhere),
      () => authorize({ grant, policy, tableName: 'patients', table: undefined, context }),
      () => authorize({ grant, policy, tableName: 'constructor', table: undefined, context }),
    ]) {
      expect(refusalOf(run)).toStrictEqual(missing);
    }
  });

  it('serves the purposes of the policy, letter by letter', async () => {
    for (const purpose of ['dpv:Marketing', 'dpv:scientificresearch', 'dpv:ScientificResearc']) {
      const other = await grantOf({ purpose });
      expect(refusalOf(() => open(other))).toMatchObject({ code: 'ERR_ACCESS_PURPOSE' });
    }
  });

  it('holds tokens to the policy as it is now', () => {
    const shorter = policyHead.replace('PT1H', 'PT59M');
    const tables = '  patients: { columns: { gender: { class: quasi-id, use: keep } } }\n';
    expect(refusalOf(() => open(grant, policyOf(tables, shorter)))).toMatchObject({
      code: 'ERR_ACCESS_TOKEN_LIFETIME',
    });
  });

  it('asks for one-time tokens where the policy does', async () => {
    const head = policyHead.replace('maxTtl: PT1H } }', 'maxTtl: PT1H }, oneTime: true }');
    const tables = '  patients: { columns: { gender: { class: quasi-id, use: keep } } }\n';
    const oneTime = policyOf(tables, head);
    const twice = await grantOf({ limits: { max_rows: 1, max_exports: 2 } });
    for (const other of [grant, twice]) {
      expect(refusalOf(() => open(other, oneTime))).toMatchObject({ code: 'ERR_ACCESS_ONE_TIME' });
    }
    const once = await grantOf({ limits: { max_rows: 1, max_exports: 1 } });
    expect(open(once, oneTime).columns).toHaveLength(1);
  });

  it('stops when it is handed the policy of another token', async () => {
    const other = await grantOf({ policy: { name: 'another' } });
    expect(() => open(other)).toThrow(expect.objectContaining({ code: 'ERR_ASSERTION' }));
  });

  it('raises on a rule that does not fit, instead of leaving the column out', () => {
    const misfit = policyOf(
      '  patients: { columns: { gender: { class: quasi-id, use: age, top: 90 } } }\n',
    );
    expect(() => open(grant, misfit)).toThrow(
      expect.objectContaining({ code: 'ERR_PRIVACY_RULE' }),
    );
  });

  it('lists the tables that both name', async () => {
    const wide = await grantOf({ tables: { patients: '*', encounters: '*' } });
    expect(grantedTables(wide, policy)).toStrictEqual(['patients']);
  });
});

describe('pseudonyms of two recipients', () => {
  const tables = '  patients: { columns: { ssn: { class: direct-id, use: token } } }\n';
  const row: Row = ['p1', '999-17-5017', null, null, null];
  const tokenFor = async (
    domain: string,
    sub: string,
    purpose: 'a' | 'b',
    tenant = 1,
  ): Promise<unknown> => {
    const head = policyHead
      .replace("'{recipient}'", `'${domain}'`)
      .replace('[dpv:ScientificResearch]', '[a, b]');
    const to = await grantOf({ purpose, tenant }, { sub });
    return open(to, policyOf(tables, head)).transform(row).values[0];
  };

  it('match within a domain and nowhere else', async () => {
    expect(await tokenFor('{recipient}', 'x', 'a')).toBe(await tokenFor('{recipient}', 'x', 'b'));
    expect(await tokenFor('{purpose}', 'x', 'a')).toBe(await tokenFor('{purpose}', 'y', 'a'));
    const apart = [
      await tokenFor('{recipient}', 'a', 'b'),
      await tokenFor('{recipient}', 'b', 'b'),
      await tokenFor('{purpose}', 'b', 'a'),
      await tokenFor('{purpose}', 'b', 'b'),
      await tokenFor('{recipient}/{purpose}', 'a', 'b'),
      await tokenFor('{recipient}/{purpose}', 'b', 'a'),
      await tokenFor('{recipient}', 'a/purpose=b', 'b'),
      await tokenFor('{recipient}', 'a%2Fpurpose=b', 'b'),
      await tokenFor('{recipient}', 'a', 'b', 2),
    ];
    expect(new Set(apart).size).toBe(apart.length);
  });
});

it('no name of a hidden column is anywhere in what a recipient may learn', async () => {
  const names = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot'];
  const uses = ['keep', 'drop', 'mask', 'surrogate', 'token', 'unlisted'] as const;
  const definition = {
    name: 'patients',
    columns: names.map((name) => column(name, { notNull: name === 'alpha' })),
    primaryKey: ['alpha'],
    subject: null,
  };
  const table = toTableSchema(toTableId(1000), definition, new Uint8Array(32));
  const rules = fc.array(fc.constantFrom(...uses), { minLength: 6, maxLength: 6 });
  const asked = fc.option(fc.subarray(names, { minLength: 1 }), { nil: '*' as const });
  await fc.assert(
    fc.asyncProperty(rules, asked, async (chosen, granted) => {
      const listed = names.flatMap((name, index) =>
        chosen[index] === 'unlisted'
          ? []
          : [`${name}: { class: sensitive, use: ${chosen[index]} }`],
      );
      const visible = names.filter(
        (name, index) =>
          !['drop', 'unlisted'].includes(chosen[index] as string) &&
          (granted === '*' || granted.includes(name)),
      );
      fc.pre(listed.length > 0 && visible.length > 0);
      const to = await grantOf({ tables: { patients: granted } });
      const under = policyOf(`  patients: { columns: { ${listed.join(', ')} } }\n`);
      const authorized = open(to, under, table);
      const transformed = authorized.transform(names.map((name) => `value of ${name}`));
      const learnt = JSON.stringify([
        { ...authorized.relation, table: null },
        authorized.columns,
        authorized.policy,
        transformed,
      ]);
      expect(authorized.columns.map(({ name }) => name)).toStrictEqual(visible);
      for (const name of names.filter((other) => !visible.includes(other))) {
        expect(learnt).not.toContain(name);
      }
    }),
    { numRuns: 100 },
  );
});
