/** A hidden column is one that does not exist; an ungranted table is one that is not there. */

import type { Session } from '@veritydb/disclosure';
import { expectCodeAsync } from '@veritydb/testkit';
import { VerityError } from '@veritydb/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClinicHouse } from './clinic-house.ts';

const asWritten = (name: string): string => name;
const inCapitals = (name: string): string => name.toUpperCase();

/** As long as the names that they are compared with: texts name a place in the line. */
const NOWHERE: Readonly<Record<number, string>> = { 3: 'zzz', 4: 'zzzz', 7: 'zzzzzzz' };

let clinic: ClinicHouse;
let session: Session;

beforeAll(async () => {
  clinic = await ClinicHouse.open();
  await clinic.administration.execute('CREATE TABLE ledger (id INTEGER PRIMARY KEY)', [], 'set up');
  session = await clinic.session({
    tables: {
      patients: ['id', 'birthdate', 'gender', 'zip', 'state', 'ssn', 'city'],
      encounters: ['organization', 'provider'],
      ledger: '*',
      nowhere: '*',
    },
  });
});
afterAll(() => {
  clinic.remove();
});

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly kind: string;
}

async function refusalOf(run: Promise<unknown>): Promise<Refusal> {
  try {
    await run;
  } catch (error) {
    if (!(error instanceof VerityError)) throw error;
    const { code, hint, kind, message } = error;
    return { code, message, hint, kind };
  }
  throw new Error('it was answered');
}

const WAYS: readonly (readonly [name: string, sql: string])[] = [
  ['in SELECT', 'SELECT # FROM patients'],
  ['beside what is visible', 'SELECT id, gender, # FROM patients'],
  ['under an alias', 'SELECT # AS gender FROM patients'],
  ['in WHERE by equality', "SELECT id FROM patients WHERE # = '987-65-4310'"],
  ['in WHERE by a parameter', 'SELECT id FROM patients WHERE # = $1'],
  ['in WHERE by LIKE', "SELECT id FROM patients WHERE # LIKE '987%'"],
  ['in WHERE by IN', "SELECT id FROM patients WHERE # IN ('987-65-4310', 'x')"],
  ['in WHERE by BETWEEN', "SELECT id FROM patients WHERE # BETWEEN 'a' AND 'b'"],
  ['in WHERE by IS NULL', 'SELECT id FROM patients WHERE # IS NULL'],
  ['in WHERE under NOT', "SELECT id FROM patients WHERE NOT (# > 'x')"],
  ['in WHERE behind OR', "SELECT id FROM patients WHERE gender = 'F' OR # > 'x'"],
  ['in ORDER BY', 'SELECT id FROM patients ORDER BY #'],
  ['in COUNT', 'SELECT COUNT(#) FROM patients'],
  ['in an expression', 'SELECT # + 1 FROM patients'],
  ['in a comparison that is selected', "SELECT # = 'x' FROM patients"],
  ['quoted', 'SELECT "#" FROM patients'],
  ['qualified by the table', 'SELECT patients.# FROM patients'],
  ['qualified by an alias', 'SELECT p.# FROM patients p'],
  ['between comments', 'SELECT/**/#/**/FROM/**/patients'],
  ['behind a line comment', 'SELECT -- id\n# FROM patients'],
  ['behind tabs and lines', 'SELECT\t\n#\r\nFROM patients'],
];

/** Dropped by the policy and granted; dropped and not granted; let out by the policy and not granted. */
const HIDDEN = ['ssn', 'city', 'last', 'marital'];

// S239, S255, S258: a token is of fields, by binding and not by rewriting text.
describe('a hidden column is one that does not exist', () => {
  it.each(WAYS)('%s', async (_name, sql) => {
    for (const hidden of HIDDEN) {
      const absent = NOWHERE[hidden.length] ?? 'z'.repeat(hidden.length);
      for (const spell of hidden === 'ssn' ? [asWritten, inCapitals] : [asWritten]) {
        const parameters = sql.includes('$1') ? ['987-65-4310'] : [];
        const ask = async (name: string): Promise<Refusal> =>
          refusalOf(clinic.ask(session, sql.replace('#', spell(name)), { parameters }));
        const asked = await ask(hidden);
        const record = clinic.lastRecord();
        expect(asked.code).toBe('ERR_QUERY_UNKNOWN_COLUMN');
        const nowhere = await ask(absent);
        const text = JSON.stringify(nowhere).replaceAll(spell(absent), spell(hidden));
        // Names that are not quoted are lower case, in what is said of them as well.
        expect(JSON.parse(text.replaceAll(absent, hidden))).toEqual(asked);
        const unlike = { access_id: '', at: 0n };
        expect({ ...clinic.lastRecord(), ...unlike }).toEqual({ ...record, ...unlike });
      }
    }
  });

  it('is in no hint', async () => {
    const { hint } = await refusalOf(clinic.ask(session, 'SELECT zzz FROM patients'));
    for (const hidden of HIDDEN) expect(hint).not.toContain(hidden);
  });

  it('is in neither SELECT * nor the schema', async () => {
    const visible = ['id', 'birthdate', 'gender', 'state', 'zip'];
    const { columns } = await clinic.ask(session, 'SELECT * FROM patients LIMIT 1');
    expect(columns.map(({ name }) => name)).toEqual(visible);
    const { tables } = await clinic.gateway.schema(session, 'patients');
    expect(tables.map((table) => table.columns.map(({ name }) => name))).toEqual([visible]);
  });

  it('gives what may be done with each visible column', async () => {
    const { tables } = await clinic.gateway.schema(session, 'patients');
    expect(tables[0]?.columns.map(({ operations }) => operations)).toEqual([
      'equality',
      'all',
      'all',
      'all',
      'all',
    ]);
  });
});

// S254: a token is of tables.
describe('a table that may not be seen is one that does not exist', () => {
  const TABLES: readonly (readonly [name: string, table: string])[] = [
    ['not there, and granted', 'nowhere'],
    ['not there', 'elsewhere'],
    ['in the policy, and not granted', 'notes'],
    ['granted, and not in the policy', 'ledger'],
    ['granted, with nothing visible', 'encounters'],
    ['tokens of the house', 'verity_tokens'],
    ['access records of the house', 'verity_access'],
    ['policies of the house', 'verity_policies'],
    ['codes of the house', 'verity_surrogates'],
    ['catalogue of the house', 'verity_tables'],
    ['granted under another case', '"Patients"'],
  ];

  it.each(TABLES)('%s', async (_name, table) => {
    const expected = await refusalOf(clinic.ask(session, 'SELECT COUNT(*) FROM elsewhere'));
    expect(expected.code).toBe('ERR_ACCESS_UNKNOWN_TABLE');
    for (const sql of [
      `SELECT COUNT(*) FROM ${table}`,
      `SELECT id, ssn FROM ${table} WHERE ssn = 'x'`,
      `SELECT * FROM ${table} AS OF POSITION 1`,
    ]) {
      expect(await refusalOf(clinic.ask(session, sql))).toEqual(expected);
    }
    const unquoted = table.replaceAll('"', '');
    expect(await refusalOf(clinic.gateway.schema(session, unquoted))).toEqual(expected);
  });

  it('is left out of the schema, which still answers', async () => {
    const { tables } = await clinic.gateway.schema(session);
    expect(tables.map(({ name }) => name)).toEqual(['patients']);
  });

  it.each(['public.patients', '"verity_tokens"', 'information_schema.tables'])(
    'is not reached as %s',
    async (table) => {
      const { code } = await refusalOf(clinic.ask(session, `SELECT * FROM ${table}`));
      expect(['ERR_ACCESS_UNKNOWN_TABLE', 'ERR_QUERY_UNSUPPORTED', 'ERR_QUERY_SYNTAX']).toContain(
        code,
      );
    },
  );

  it('cannot be granted where it is of the house', async () => {
    await expectCodeAsync(
      async () => clinic.issue({ tables: { verity_tokens: '*' } }),
      'ERR_ACCESS_TOKEN_CLAIMS',
    );
  });
});
