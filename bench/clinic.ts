/** A clinic that shares: the example's tables, patients, and the policy that ships, behind real doors. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { Session } from '@veritydb/disclosure';
import { type OpenDatabase, Verity, openDatabase } from '@veritydb/verity';

const REPOSITORY = resolve(import.meta.dirname, '..');
const COLUMNS = ['id', 'birthdate', 'ssn', 'first', 'last', 'gender', 'state', 'zip'] as const;
/** Fewer than may wait. */
const WRITES_AT_ONCE = 4096;
const ZIPS = ['02139', '02155', '05901', '10001', '03601'];

export const SAFE_HARBOR: string = readFileSync(
  join(REPOSITORY, 'policies/hipaa-safe-harbor.yaml'),
  'utf8',
);

export interface Clinic {
  readonly database: OpenDatabase;
  readonly issueToken: () => Promise<string>;
  readonly authenticate: (token: string) => Promise<Session>;
}

/** With so many patients, each written by a record of its own. */
export async function openClinic(folder: string, patientCount: number): Promise<Clinic> {
  const path = join(folder, 'clinic');
  Verity.create(path, 'bench.example/clinic');
  const database = await openDatabase(path);
  const { administration, gateway } = database;
  const schema = readFileSync(join(REPOSITORY, 'examples/clinic/schema.sql'), 'utf8');
  for (const statement of schema.replaceAll(/^--.*$/gm, '').split(';')) {
    if (statement.trim() !== '') await administration.execute(statement, [], 'set up');
  }
  await administration.activatePolicy(SAFE_HARBOR);
  for (let from = 0; from < patientCount; from += WRITES_AT_ONCE) {
    await Promise.all(
      Array.from({ length: Math.min(WRITES_AT_ONCE, patientCount - from) }, async (_, index) => {
        const rows = [patient(from + index)];
        return administration.insertRows({ table: 'patients', columns: COLUMNS, rows });
      }),
    );
  }
  return {
    database,
    authenticate: async (token) => gateway.authenticate(token, { transport: 'http', client: null }),
    async issueToken() {
      const { token } = await administration.issueToken({
        recipient: 'Northfield University',
        purpose: 'dpv:ScientificResearch',
        policy: 'hipaa-safe-harbor',
        actions: ['schema', 'query', 'export', 'verify'],
        tables: { patients: '*' },
        maxRows: 100_000,
        lifetimeSeconds: 3600,
      });
      return token;
    },
  };
}

function patient(number: number): readonly string[] {
  const hex = createHash('sha256').update(String(number)).digest('hex');
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  return [
    id,
    `19${10 + (number % 90)}-0${1 + (number % 9)}-1${number % 10}`,
    `987-65-${String(number % 10_000).padStart(4, '0')}`,
    `First${number}`,
    `Last${number}`,
    number % 2 === 0 ? 'F' : 'M',
    number % 3 === 0 ? 'Vermont' : 'Massachusetts',
    ZIPS[number % ZIPS.length] as string,
  ];
}
