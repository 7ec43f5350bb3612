/**
 * A real database in a folder of its own, with people in it, a policy, and a real server before it: what
 * independent clients, the official suites and attackers of the MCP door talk to.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Action, TokenRequest } from '@veritydb/disclosure';
import { type OpenDatabase, Verity, openDatabase } from '@veritydb/verity';

import { ServerLog } from '../../../apps/server/src/server-log.ts';
import {
  type RunningServer,
  type ServerOptions,
  startServer,
} from '../../../apps/server/src/server.ts';

export const ALL_ACTIONS: readonly Action[] = ['schema', 'query', 'export', 'verify', 'audit'];
export const PEOPLE = 60;
const PURPOSE = 'dpv:ScientificResearch';

export const SCHEMA = `CREATE TABLE people (
  id INTEGER NOT NULL PRIMARY KEY DATA CLASS direct_id,
  name TEXT DATA CLASS direct_id,
  city TEXT DATA CLASS quasi_id,
  age INTEGER DATA CLASS quasi_id,
  diagnosis TEXT DATA CLASS sensitive,
  remark TEXT DATA CLASS sensitive,
  DATA SUBJECT id
)`;

export const POLICY = `apiVersion: veritydb.dev/policy/v1
kind: SharingPolicy
metadata: { name: study, version: 1 }
profile: general
purpose: [${PURPOSE}]
requires: { token: { maxTtl: P1D } }
defaults: { unlisted: drop, onError: raise }
keys: { domain: '{recipient}/{purpose}' }
tables:
  people:
    subject: id
    columns:
      id: { class: direct-id, use: surrogate, of: person }
      name: { class: direct-id, use: drop }
      city: { class: quasi-id, use: keep }
      age: { class: quasi-id, use: keep }
      diagnosis: { class: sensitive, use: keep }
      remark: { class: sensitive, use: keep }
output: { maxRows: 500 }
`;

/** The same, for statistics alone. */
const STATISTICS = POLICY.replace('name: study', 'name: statistics').replace(
  'maxRows: 500',
  'maxRows: 500, answers: aggregate',
);

const CITIES = ['Rye', 'Ely', 'Wells'];
const DIAGNOSES = ['asthma', 'gout', 'none'];

/** Person 0 alone is 99 years old: who learns a thing of that age knows it of a person. */
function personRow(index: number): readonly string[] {
  return [
    String(index),
    `Name${index} Secret`,
    CITIES[index % 3] ?? '',
    index === 0 ? '99' : String(20 + (index % 5)),
    DIAGNOSES[Math.floor(index / 3) % 3] ?? '',
    `remark ${index}`,
  ];
}

export interface RealHouse {
  readonly database: OpenDatabase;
  /** What the operator would find in the server's log. */
  readonly faults: readonly unknown[];
  token(actions?: readonly Action[], rest?: Partial<TokenRequest>): Promise<string>;
  /** A real server before it, closed with it. */
  serve(options?: Pick<ServerOptions, 'authorization' | 'limits'>): Promise<RunningServer>;
  close(): Promise<void>;
}

interface HouseOptions {
  readonly people?: number;
  /** What stands in a person's remark; null: something harmless. */
  readonly remark?: (index: number) => string | undefined;
}

export async function openRealHouse({
  people = PEOPLE,
  remark = () => undefined,
}: HouseOptions = {}): Promise<RealHouse> {
  const folder = mkdtempSync(join(tmpdir(), 'verity-mcp-'));
  const path = join(folder, 'database');
  Verity.create(path, 'clinic.example/verity', {});
  const database = await openDatabase(path, { environment: {} });
  const { administration } = database;
  await administration.execute(SCHEMA, [], 'test');
  const rows = Array.from({ length: people }, (_, index) => {
    const row = personRow(index);
    return [...row.slice(0, -1), remark(index) ?? (row.at(-1) as string)];
  });
  const columns = ['id', 'name', 'city', 'age', 'diagnosis', 'remark'];
  await administration.insertRows({ table: 'people', columns, rows });
  await administration.activatePolicy(POLICY);
  await administration.activatePolicy(STATISTICS);
  let server: RunningServer | null = null;
  const faults: string[] = [];
  const noteFault = (line: string): void => {
    if (line.includes('"level":"error"')) faults.push(line);
  };
  return {
    database,
    faults,
    async token(actions = ALL_ACTIONS, rest = {}) {
      const issued = await administration.issueToken({
        recipient: 'Northfield University',
        purpose: PURPOSE,
        policy: 'study',
        actions,
        tables: { people: '*' },
        lifetimeSeconds: 3600,
        ...rest,
      });
      return issued.token;
    },
    async serve(options = {}) {
      server = await startServer({
        gateway: database.gateway,
        administration,
        operatorSecret: database.operatorSecret,
        publication: database.publication,
        publish: async () => false,
        host: '127.0.0.1',
        port: 0,
        publicUrl: null,
        ...options,
        version: '1.2.3',
        tls: null,
        log: new ServerLog({ write: noteFault }, false),
      });
      return server;
    },
    async close() {
      await server?.close();
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
