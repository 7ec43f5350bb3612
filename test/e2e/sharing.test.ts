/**
 * The whole house as its users have it: server, command line and verifier as processes of their own, a
 * sample clinic, a one-time token, attacks over HTTP, a restart. Then everything that came out of any of
 * them, and every file, is searched for what must never leave.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { generateClinic } from '@veritydb/example-clinic';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const FLAGS = ['--conditions=veritydb:source', '--import', 'tsx'];
const SQL = 'SELECT id, birthdate, gender, zip, state FROM patients';
const ATTACKS = [
  'SELECT ssn FROM patients',
  'SELECT first AS gender, last FROM patients',
  "SELECT id FROM patients WHERE last LIKE 'S%'",
  'SELECT gender FROM patients ORDER BY address',
  'SELECT COUNT(ssn) FROM patients',
  'SELECT gender FROM patients UNION SELECT ssn FROM patients',
  'SELECT text FROM notes',
  'SELECT * FROM verity_access',
  'SELECT birthdate + 1 FROM patients',
  "UPDATE patients SET last = 'x'",
  "SELECT 'unfinished FROM patients",
];

let folder = '';
let database = '';
let url = '';
let token = '';
let server: ChildProcess | undefined;
/** Output of every process, every answer and every bundle. */
const heap: Buffer[] = [];
const at = (name: string): string => join(folder, name);

function start(program: 'cli' | 'server' | 'verifier', args: readonly string[]): ChildProcess {
  const main = join(ROOT, 'apps', program, 'src/main.ts');
  const child = spawn(process.execPath, [...FLAGS, main, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', (chunk: Buffer) => heap.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => heap.push(chunk));
  return child;
}

async function run(program: 'cli' | 'verifier', ...args: readonly string[]): Promise<string> {
  const child = start(program, args);
  const out: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  const code = await new Promise((done) => {
    child.once('close', done);
  });
  expect(code, `${program} ${args.join(' ')}: ${Buffer.concat(heap.slice(-3)).toString()}`).toBe(0);
  return Buffer.concat(out).toString();
}

const verity = async (...args: readonly string[]): Promise<string> =>
  run('cli', '--data', database, ...args);

async function serve(): Promise<void> {
  const child = start('server', ['--data', database, '--port', '0']);
  server = child;
  await new Promise<void>((done, fail) => {
    child.stdout?.once('data', () => {
      done();
    });
    child.once('close', () => {
      fail(new Error(`the server ended: ${Buffer.concat(heap.slice(-3)).toString()}`));
    });
  });
  const description = readFileSync(join(database, 'server.json'), 'utf8');
  ({ url } = JSON.parse(description) as { url: string });
}

async function stop(): Promise<void> {
  const child = server;
  server = undefined;
  if (child === undefined) return;
  const ended = new Promise((done) => {
    child.once('close', done);
  });
  child.kill('SIGTERM');
  await ended;
}

interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
  readonly json: Record<string, unknown>;
}

async function call(path: string, body?: object, bearer = token): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  heap.push(bytes, Buffer.from(JSON.stringify([...response.headers])));
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const json = isJson ? (JSON.parse(bytes.toString()) as Record<string, unknown>) : {};
  return { status: response.status, bytes, json };
}

function cellsOf(text: string, wanted: readonly string[]): readonly string[] {
  const [head = '', ...lines] = text.trim().split(/\r?\n/);
  const names = head.toLowerCase().split(',');
  return lines.flatMap((line) => {
    const cells = line.split(',');
    return wanted
      .map((name) => cells[names.indexOf(name)] ?? '')
      .filter(({ length }) => length > 4);
  });
}

const CLINIC = generateClinic({ seed: 11, patients: 40 });
const IDENTIFIERS = ['id', 'birthdate', 'ssn', 'drivers', 'passport', 'first', 'last', 'address'];
const SECRETS = new Set(cellsOf(CLINIC.get('patients.csv') ?? '', IDENTIFIERS));

function secretsIn(bytes: Buffer): readonly string[] {
  return [...SECRETS, token].filter((secret) => bytes.includes(secret));
}

function filesOf(path: string): readonly string[] {
  return readdirSync(path).flatMap((name) => {
    const child = join(path, name);
    return statSync(child).isDirectory() ? filesOf(child) : [child];
  });
}

const EXPORT = { sql: SQL, idempotency_id: '61'.repeat(16) };
let exportId = '';
let bundle: Buffer = Buffer.alloc(0);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'verity-e2e-'));
  database = at('database');
  for (const [name, text] of CLINIC) writeFileSync(at(name), text);
  await run('cli', 'init', database, '--origin', 'clinic.example/verity');
  await serve();
  const files = [...CLINIC.keys()].map((name) => at(name));
  await verity('import', ...files, '--schema', join(ROOT, 'examples/clinic/schema.sql'));
  await verity('policy', 'activate', join(ROOT, 'policies/hipaa-safe-harbor.yaml'));
  const grant = ['--recipient', 'Northfield University', '--purpose', 'dpv:ScientificResearch'];
  const scope = ['--allow', 'schema,query,export,verify,audit', '--table', 'patients:*'];
  const limits = ['--lifetime', '1h', '--max-exports', '1', '--out', at('token.jwt')];
  await verity('token', 'issue', '--policy', 'hipaa-safe-harbor', ...grant, ...scope, ...limits);
  token = readFileSync(at('token.jwt'), 'utf8').trim();
  writeFileSync(at('log.key'), await verity('log', 'key'));
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

// S007, S054
describe('a clinic shares, under attack', () => {
  it('answers what the policy lets out, and refuses the rest', async () => {
    const { status, json } = await call('/v1/query', { sql: SQL, max_rows: 100 });
    expect(status).toBe(200);
    expect(json['rows']).toHaveLength(40);
    for (const sql of ATTACKS) {
      const refused = await call('/v1/query', { sql });
      expect([400, 403, 404, 409], sql).toContain(refused.status);
    }
    const past = await call('/v1/query', { sql: SQL, position: json['position'] });
    expect(past.json['rows']).toEqual(json['rows']);
    expect((await call('/v1/schema')).status).toBe(200);
    expect((await call('/v1/audit?limit=100')).status).toBe(200);
    // One character in the middle of the signature: its last byte is often zero already.
    const other = token.at(-40) === 'A' ? 'B' : 'A';
    const forged = `${token.slice(0, -40)}${other}${token.slice(-39)}`;
    expect((await call('/v1/query', { sql: SQL }, forged)).status).toBe(401);
  });

  it('makes one export, which an auditor verifies with one key and no server', async () => {
    const made = await call('/v1/exports', EXPORT);
    expect(made.status).toBe(201);
    exportId = made.json['export_id'] as string;
    ({ bytes: bundle } = await call(`/v1/exports/${exportId}/bundle`));
    writeFileSync(at('bundle.zip'), bundle);
    expect(await run('verifier', at('bundle.zip'), '--key-file', at('log.key'))).toContain(
      'All that is claimed holds.',
    );
    const second = await call('/v1/exports', { ...EXPORT, idempotency_id: '62'.repeat(16) });
    expect(second.status).toBeGreaterThanOrEqual(400);
  });

  it('is the same after a restart: the bundle, the spent token, the trail', async () => {
    await stop();
    await serve();
    const again = await call(`/v1/exports/${exportId}/bundle`);
    expect(again.bytes.equals(bundle)).toBe(true);
    expect((await call('/v1/exports', EXPORT)).json['export_id']).toBe(exportId);
    const second = await call('/v1/exports', { ...EXPORT, idempotency_id: '63'.repeat(16) });
    expect(second.status).toBeGreaterThanOrEqual(400);
    expect((await call(`/v1/verify?export_id=${exportId}`)).json['valid']).toBe(true);
    expect(await verity('audit', '--limit', '100')).toContain('ERR_KERNEL_TOKEN_SPENT');
  });

  it('ends a token at its next call', async () => {
    const { tokens } = JSON.parse(await verity('--json', 'token', 'list')) as {
      readonly tokens: readonly { readonly token_id: string }[];
    };
    await verity('token', 'revoke', tokens[0]?.token_id ?? '', '--reason', 'the study has ended');
    expect((await call('/v1/query', { sql: SQL })).status).toBe(401);
    expect((await call(`/v1/exports/${exportId}/bundle`)).status).toBe(401);
    await verity('status');
    await verity('log', 'check');
  });

  it('has let out no name, number, address, id or date of birth, on any way', async () => {
    await stop();
    expect(SECRETS.size).toBeGreaterThan(200);
    expect(secretsIn(Buffer.from([...SECRETS, token].join('\n')))).toHaveLength(SECRETS.size + 1);
    expect(secretsIn(Buffer.concat(heap))).toEqual([]);
    for (const path of filesOf(database)) expect(secretsIn(readFileSync(path)), path).toEqual([]);
  });
});
