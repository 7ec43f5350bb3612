/** Tables that leave under a model: as a whole, by one export after the other of the same, or not at all. */

import { readFileSync } from 'node:fs';

import { parseBundle, verifyBundle } from '@veritydb/bundle';
import { portableCrypto } from '@veritydb/crypto';
import type { ExportAnswer, Session, TokenRequest } from '@veritydb/disclosure';
import { expectCodeAsync } from '@veritydb/testkit';
import { afterEach, describe, expect, it } from 'vitest';

import { ClinicHouse, NORTHFIELD, SOUTHMOOR } from './clinic-house.ts';

const BLOCKED = 'ERR_DISCLOSURE_PRIVACY_BLOCKED';
const ALL = 'SELECT born, zip, sex, diagnosis FROM cohort';
const DIAGNOSES = ['asthma', 'diabetes', 'gout', 'measles'];

interface Person {
  readonly id: string;
  readonly born: string;
  readonly zip: string;
  readonly sex: string;
  readonly diagnosis: string;
}

/** Two dense years, and a few who stand alone. */
const COHORT: readonly Person[] = Array.from({ length: 120 }, (_, number) => ({
  id: `p-${number}`,
  born: number < 4 ? `190${number}-01-01` : `${1980 + (number % 2)}-0${1 + (number % 9)}-11`,
  zip: number % 3 === 0 ? '02139' : '02155',
  sex: number % 2 === 0 ? 'F' : 'M',
  diagnosis: DIAGNOSES[number % 4] as string,
}));

function policy(rest: Readonly<Record<string, unknown>> = {}, version = 1): string {
  return JSON.stringify({
    apiVersion: 'veritydb.dev/policy/v1',
    kind: 'SharingPolicy',
    metadata: { name: 'cohort-release', version },
    profile: 'research-release',
    purpose: ['dpv:ScientificResearch'],
    requires: { token: { maxTtl: 'P7D' } },
    defaults: { unlisted: 'drop', onError: 'raise' },
    keys: { domain: '{recipient}' },
    tables: {
      cohort: {
        subject: 'id',
        release: {
          k: 11,
          suppressionLimit: '0.05',
          written: 'public',
          sensitive: 'diagnosis',
          diversity: { kind: 'distinct', l: 2 },
          closeness: { t: '0.5' },
          levels: {
            born: [
              { use: 'ladder', level: 'month' },
              { use: 'ladder', level: 'year' },
              { use: 'null' },
            ],
            zip: [{ use: 'zip3' }, { use: 'null' }],
            sex: [{ use: 'fixed', value: '*' }],
          },
          ...rest,
        },
        columns: {
          id: { class: 'direct-id', use: 'drop' },
          born: { class: 'quasi-id', use: 'keep' },
          zip: { class: 'quasi-id', use: 'keep' },
          sex: { class: 'quasi-id', use: 'keep' },
          diagnosis: { class: 'sensitive', use: 'keep' },
        },
      },
    },
    output: { maxRows: 1000 },
  });
}

let clinic: ClinicHouse;
afterEach(() => {
  clinic.remove();
});

async function open(rest: Readonly<Record<string, unknown>> = {}): Promise<void> {
  clinic = await ClinicHouse.open();
  await clinic.administration.execute(
    `CREATE TABLE cohort (id TEXT PRIMARY KEY DATA CLASS direct_id,
       born DATE NOT NULL DATA CLASS quasi_id LADDER 'date',
       zip TEXT DATA CLASS quasi_id LADDER 'us-zip-2020', sex TEXT DATA CLASS quasi_id,
       diagnosis TEXT DATA CLASS sensitive, DATA SUBJECT id)`,
    [],
    'set up',
  );
  await write(COHORT);
  await clinic.administration.activatePolicy(policy(rest));
}

async function write(people: readonly Person[]): Promise<void> {
  const columns = ['id', 'born', 'zip', 'sex', 'diagnosis'] as const;
  await clinic.administration.insertRows({
    table: 'cohort',
    columns,
    rows: people.map((person) => columns.map((name) => person[name])),
  });
}

async function researcher(rest: Partial<TokenRequest> = {}): Promise<Session> {
  return clinic.session({ policy: 'cohort-release', tables: { cohort: '*' }, ...rest });
}

let exports = 0;
async function release(session: Session, sql = ALL): Promise<ExportAnswer> {
  exports += 1;
  const idempotencyId = exports.toString(16).padStart(32, 'a');
  return clinic.gateway.createExport(session, { sql, parameters: [], idempotencyId });
}

interface Opened {
  readonly bytes: Uint8Array;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly report: {
    readonly records: number;
    readonly suppressed: number;
    readonly columns: readonly { readonly name: string; readonly level: number }[];
    readonly risk: Readonly<Record<string, unknown>>;
  };
}

async function download(session: Session, { exportId }: ExportAnswer): Promise<Opened> {
  const { bytes: pieces } = await clinic.gateway.readExport(session, exportId);
  const bytes = pieces.read(0, pieces.size);
  const { entries } = parseBundle(bytes);
  const text = (name: string): string => {
    const entry = entries.get(name);
    if (entry === undefined) throw new Error(`no ${name}`);
    return Buffer.from(entry.bytes.read(0, entry.bytes.size)).toString('utf8');
  };
  return {
    bytes,
    rows: text('data/cohort.ndjson')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
    report: JSON.parse(text('release/cohort.json')) as Opened['report'],
  };
}

function classesOf(rows: Opened['rows']): readonly number[] {
  const sizes = new Map<string, number>();
  for (const { born, zip, sex } of rows) {
    const name = JSON.stringify([born, zip, sex]);
    sizes.set(name, (sizes.get(name) ?? 0) + 1);
  }
  return [...sizes.values()];
}

async function blocked(ask: () => Promise<unknown>): Promise<void> {
  await expectCodeAsync(ask, BLOCKED);
  expect(clinic.lastRecord()).toMatchObject({ decision: 'denied', code: BLOCKED });
}

// S243, S250: rows are made anonymous by rules before they leave.
describe('a table under a release model', () => {
  it('leaves with classes of k, what is said of it is in the bundle, and all of it verifies', async () => {
    await open();
    const session = await researcher();
    const made = await release(session);
    const { bytes, rows, report } = await download(session, made);
    expect(rows).toHaveLength(made.rows);
    expect(Math.min(...classesOf(rows))).toBeGreaterThanOrEqual(11);
    expect(report).toMatchObject({
      records: 116,
      suppressed: 4,
      model: { k: 11, suppressionLimit: 0.05, sensitive: 'diagnosis', written: 'public' },
      risk: { recordCount: 116, uniqueCount: 0, smallestClass: Math.min(...classesOf(rows)) },
    });
    expect(report.risk).toHaveProperty('prosecutor.highest', 1 / Math.min(...classesOf(rows)));
    expect(report.risk).toHaveProperty('journalist.highest');
    expect(report.risk).toHaveProperty('marketer');
    expect(report.columns).toEqual([
      { name: 'born', level: 2, levels: 4, transform: 'ladder year' },
      { name: 'zip', level: 0, levels: 3, transform: 'keep' },
      { name: 'sex', level: 0, levels: 2, transform: 'keep' },
    ]);
    // Those who stand alone are not there, and no date of a day is.
    expect(rows.map(({ born }) => born)).not.toContain('1901');
    expect(Buffer.from(bytes).toString('latin1')).not.toMatch(/19[0-9]{2}-[0-9]{2}-[0-9]{2}"/);
    const verified = verifyBundle(portableCrypto, bytes, {
      verifierKey: clinic.gateway.logVerifierKey,
    });
    expect(verified.checks.flatMap(({ failures }) => failures)).toEqual([]);
    const columns = verified.tables[0]?.columns.map(({ name, proof, attested }) => [
      name,
      proof,
      attested,
    ]);
    expect(columns).toEqual([
      ['born', 'public', 0],
      ['zip', 'public', 0],
      ['sex', 'public', 0],
      ['diagnosis', 'public', 0],
    ]);
  });

  it('is not recorded with another report than it left with: a changed one is found', async () => {
    await open();
    const session = await researcher();
    const { bytes } = await download(session, await release(session));
    const text = Buffer.from(bytes);
    const at = text.indexOf('"suppressed":4');
    text.write('"suppressed":0', at);
    const verified = verifyBundle(portableCrypto, text, {
      verifierKey: clinic.gateway.logVerifierKey,
    });
    expect(verified.holds).toBe(false);
  });

  it('is refused to questions, filters and cuts: rows of it are all or none', async () => {
    await open();
    const session = await researcher();
    const statement = 'ERR_DISCLOSURE_STATEMENT';
    const asked = [ALL, 'SELECT COUNT(*) FROM cohort', `${ALL} LIMIT 1`];
    for (const sql of asked) await expectCodeAsync(async () => clinic.ask(session, sql), statement);
    const cut = [
      `${ALL} WHERE diagnosis = 'gout'`,
      `${ALL} LIMIT 5`,
      `${ALL} OFFSET 5`,
      'SELECT zip AS area FROM cohort',
      'SELECT DISTINCT sex FROM cohort',
      'SELECT COUNT(*) FROM cohort',
      'SELECT sex, COUNT(*) FROM cohort GROUP BY sex',
    ];
    for (const sql of cut) {
      await expect(release(session, sql)).rejects.toThrow();
      expect(clinic.lastRecord()).toMatchObject({ decision: 'denied' });
    }
    const conditions: Partial<TokenRequest>[] = [
      { rows: { cohort: { column: 'born', equals: '1980-02-11' } } },
      { rows: { cohort: { column: 'id', equals: 'p-17' } } },
      { aggregateOnly: true },
    ];
    for (const rest of conditions) {
      const cutToken = await researcher(rest);
      await blocked(async () => release(cutToken));
    }
    const few = await researcher({ maxRows: 100 });
    await expectCodeAsync(async () => release(few), 'ERR_DISCLOSURE_ROWS');
    // A hidden column stays one that does not exist.
    await expectCodeAsync(
      async () => release(session, 'SELECT id FROM cohort'),
      'ERR_QUERY_UNKNOWN_COLUMN',
    );
  });

  it('does not leave where k cannot be reached with so little suppression', async () => {
    await open({ k: 200 });
    const session = await researcher();
    await blocked(async () => release(session));
    expect(clinic.reserved('verity_releases')).toEqual([]);
  });

  it('does not leave where nobody’s value would be diverse', async () => {
    await open({ diversity: { kind: 'distinct', l: 5 } });
    const session = await researcher();
    await blocked(async () => release(session));
  });

  it('does not count eleven rows of one person as eleven people', async () => {
    clinic = await ClinicHouse.open();
    await clinic.administration.execute(
      `CREATE TABLE cohort (visit TEXT PRIMARY KEY, id TEXT NOT NULL DATA CLASS direct_id,
         born DATE NOT NULL DATA CLASS quasi_id LADDER 'date',
         zip TEXT DATA CLASS quasi_id LADDER 'us-zip-2020', sex TEXT DATA CLASS quasi_id,
         diagnosis TEXT DATA CLASS sensitive, DATA SUBJECT id)`,
      [],
      'set up',
    );
    const columns = ['visit', 'id', 'born', 'zip', 'sex', 'diagnosis'];
    await clinic.administration.insertRows({
      table: 'cohort',
      columns,
      rows: COHORT.map((one, at) => [`v-${at}`, 'p-1', '1980-01-01', one.zip, 'F', one.diagnosis]),
    });
    await clinic.administration.activatePolicy(policy());
    const session = await researcher();
    await blocked(async () => release(session));
  });
});

describe('the packs for research', () => {
  it.each(['research-kanon', 'research-dp', 'research-statistics'])(
    '%s fits the tables of the clinic',
    async (name) => {
      clinic = await ClinicHouse.open();
      const path = new URL(`../../../../policies/${name}.yaml`, import.meta.url);
      const active = await clinic.administration.activatePolicy(readFileSync(path, 'utf8'));
      expect(active).toMatchObject({ name, warnings: [] });
      const session = await clinic.session({ policy: name, tables: { patients: '*' } });
      const { tables } = await clinic.gateway.schema(session);
      expect(tables.map((table) => table.name)).toEqual(['patients']);
    },
  );
});

describe('two releases side by side', () => {
  it('are of one position and of the same levels, whichever token asks, and the same bytes again', async () => {
    await open();
    const session = await researcher();
    const first = await release(session);
    const before = await download(session, first);
    await write([
      { id: 'p-200', born: '1980-01-11', zip: '02139', sex: 'F', diagnosis: 'gout' },
      ...Array.from({ length: 40 }, (_, number) => ({
        id: `q-${number}`,
        born: '1975-05-05',
        zip: '02139',
        sex: 'F',
        diagnosis: DIAGNOSES[number % 4] as string,
      })),
    ]);
    const other = await researcher({ actions: ['export'], maxRows: 900 });
    const second = await release(other);
    expect(second.position).toBe(first.position);
    const after = await download(other, second);
    expect(after.rows).toEqual(before.rows);
    expect(after.report).toEqual(before.report);
    expect((await download(session, first)).bytes).toEqual(before.bytes);
    expect(clinic.reserved('verity_releases')).toMatchObject([
      {
        recipient: NORTHFIELD,
        table_name: 'cohort',
        position: BigInt(first.position),
        state: 'open',
      },
    ]);
    // Of another position there is none.
    await blocked(async () => release(other, `${ALL} AS OF POSITION ${clinic.tenant.head}`));
    const elsewhere = await researcher({ asOf: first.position + 1 });
    await blocked(async () => release(elsewhere));
    // Fewer columns are the same release, with the levels that all of them together need.
    const part = await researcher({ tables: { cohort: ['born', 'sex'] } });
    const third = await release(part, 'SELECT born, sex FROM cohort');
    const fewer = await download(part, third);
    expect(fewer.rows).toEqual(before.rows.map(({ born, sex }) => ({ born, sex })));
  });

  it('of another policy or version is refused until the operator closes the one that stands', async () => {
    await open();
    const session = await researcher();
    const first = await release(session);
    await clinic.administration.activatePolicy(policy({ k: 12 }, 2));
    await blocked(async () => release(session));
    expect(await clinic.administration.listReleases()).toMatchObject([
      { recipient: NORTHFIELD, table: 'cohort', policyVersion: 1, state: 'open' },
    ]);
    await clinic.administration.closeRelease(NORTHFIELD, 'cohort');
    const again = async (): Promise<unknown> =>
      clinic.administration.closeRelease(NORTHFIELD, 'cohort');
    await expectCodeAsync(again, 'ERR_KERNEL_RELEASE_UNKNOWN');
    const next = await release(session);
    expect(next.position).toBeGreaterThan(first.position);
  });

  it('made at once are one: the second is made again under what the first has fixed', async () => {
    await open();
    const session = await researcher();
    const made = await Promise.all([release(session), release(session), release(session)]);
    expect(new Set(made.map(({ position }) => position)).size).toBe(1);
    const opened = await Promise.all(made.map(async (one) => download(session, one)));
    expect(opened[1]?.rows).toEqual(opened[0]?.rows);
    expect(clinic.reserved('verity_releases')).toHaveLength(1);
  });

  it('of two recipients are each by itself', async () => {
    await open();
    const [north, south] = [await researcher(), await researcher({ recipient: SOUTHMOOR })];
    const first = await release(north);
    await write([{ id: 'p-300', born: '1981-01-11', zip: '02155', sex: 'M', diagnosis: 'gout' }]);
    const second = await release(south);
    expect(second.position).toBeGreaterThan(first.position);
  });
});

describe('the place of rows in the log', () => {
  it('counts as a quasi-identifier unless the policy says that it is public', async () => {
    await open({ written: 'quasi-id' });
    const session = await researcher();
    // All were written by one record: they are alike in that.
    const { report } = await download(session, await release(session));
    expect(report.records).toBe(116);
    clinic.remove();
    await open({ written: 'quasi-id' });
    // Twenty who were written one by one are each found by that, and too many to be left out.
    for (let number = 0; number < 20; number += 1) {
      await write([
        { id: `s-${number}`, born: '1980-03-11', zip: '02139', sex: 'F', diagnosis: 'gout' },
      ]);
    }
    const next = await researcher();
    await blocked(async () => release(next));
  });
});

describe('consent and erasure', () => {
  it('who is erased after the first release is in no later one, and the classes are still of k', async () => {
    await open({ suppressionLimit: '0.3' });
    const session = await researcher();
    const first = await release(session);
    const before = await download(session, first);
    await clinic.administration.erase({
      subject: 'p-10',
      legalBasis: 'eu-gdpr:A17',
      approvals: [],
    });
    const after = await download(session, await release(session));
    expect(after.rows.length).toBeLessThan(before.rows.length);
    expect(Math.min(...classesOf(after.rows))).toBeGreaterThanOrEqual(11);
  });
});
