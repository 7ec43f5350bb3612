/**
 * The whole story in one run: a clinic shares data with a researcher's language model, and an auditor
 * checks it. Every step is done by the programs that a user has: the server, the command line, a real
 * MCP client, the verifier.
 *
 *   npm run demo                       a sample clinic of the project's own
 *   npm run demo -- --data FOLDER      CSV files as Synthea exports them
 */

import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { buildZip, parseZip } from '@veritydb/bundle';
import { generateClinic } from '@veritydb/example-clinic';
import { utf8Decode, utf8Encode } from '@veritydb/types';

import { runProgram, startProgram } from './program.ts';

const { values: flags } = parseArgs({ options: { data: { type: 'string' } } });
const startedAt = performance.now();
const isColoured = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
let step = 0;

function paint(code: number, text: string): string {
  return isColoured ? `\u001b[${code}m${text}\u001b[0m` : text;
}

function tell(title: string, ...lines: readonly string[]): void {
  step += 1;
  process.stdout.write(`\n${paint(1, `${step}. ${title}`)}\n`);
  say(...lines);
}

function say(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`   ${line}\n`);
}

/** Stops the demo when the house does not do what the story says. */
function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(`the demo failed: ${what}`);
  say(`${paint(32, '✓')} ${what}`);
}

const folder = mkdtempSync(join(tmpdir(), 'verity-demo-'));
const database = join(folder, 'database');
const at = (name: string): string => join(folder, name);

/** Runs `verity`, shows the command as one would type it, and returns what it prints. */
async function verity(args: readonly string[], shown = args): Promise<string> {
  say(paint(36, `$ verity ${shown.map(quote).join(' ')}`));
  const { code, stdout, stderr } = await runProgram('cli', ['--data', database, ...args]);
  if (code !== 0) throw new Error(`verity ${args[0] ?? ''} ended with ${code}: ${stderr}`);
  return `${stdout}${stderr.replaceAll(/^Next: .*$/gm, '')}`.trim();
}

function quote(argument: string): string {
  return /^[\w./:,=-]+$/.test(argument) ? argument : `'${argument}'`;
}

function sampleFolder(): string {
  if (flags.data !== undefined) return resolve(flags.data);
  const sample = at('sample');
  mkdirSync(sample);
  for (const [name, text] of generateClinic({ seed: 7, patients: 120 })) {
    writeFileSync(join(sample, name), text);
  }
  return sample;
}

/** Everything in the sample that must never leave: names, social security numbers, addresses. */
function secretsOf(sample: string): readonly string[] {
  const [head = '', ...lines] = readFileSync(join(sample, 'patients.csv'), 'utf8')
    .trim()
    .split('\n');
  const names = head.trim().toLowerCase().split(',');
  const wanted = ['ssn', 'first', 'last', 'address', 'drivers', 'passport'];
  return lines.flatMap((line) => {
    const cells = line.trim().split(',');
    return wanted.map((name) => cells[names.indexOf(name)] ?? '').filter((cell) => cell.length > 3);
  });
}

/** Whether a text says it as a word: four letters in the middle of a random digest say nothing. */
function says(text: string, secret: string): boolean {
  for (let start = text.indexOf(secret); start >= 0; start = text.indexOf(secret, start + 1)) {
    if (!/[\w-]/.test(`${text[start - 1] ?? ''}${text[start + secret.length] ?? ''}`)) return true;
  }
  return false;
}

async function connect(url: string, token: string): Promise<Client> {
  const client = new Client({ name: 'demo-model', version: '1.0.0' });
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { Authorization: `Bearer ${token}` } },
  });
  await client.connect(transport);
  return client;
}

interface ToolAnswer {
  readonly isError: boolean;
  readonly text: string;
  readonly data: Record<string, unknown>;
}

async function callTool(
  client: Client,
  name: string,
  args: Record<string, unknown>,
): Promise<ToolAnswer> {
  const answer = await client.callTool({ name, arguments: args });
  const content = answer.content as readonly { readonly type: string; readonly text?: string }[];
  return {
    isError: answer.isError === true,
    text: content.map(({ text }) => text ?? '').join('\n'),
    data: (answer.structuredContent ?? {}) as Record<string, unknown>,
  };
}

async function verifyBundle(
  file: string,
): Promise<{ readonly code: number; readonly text: string }> {
  const { code, stdout, stderr } = await runProgram('verifier', [
    file,
    '--key-file',
    at('log.key'),
  ]);
  return { code, text: `${stdout}${stderr}`.trim() };
}

function indent(text: string, lines: number): void {
  say(...text.split('\n').slice(0, lines));
}

async function main(): Promise<void> {
  const sample = sampleFolder();
  const secrets = secretsOf(sample);
  const everything: string[] = [];
  const keep = (text: string): string => {
    everything.push(text);
    return text;
  };

  tell('A database, and its server on this machine', 'Keys, log and store are in one folder.');
  await verity(['init', database, '--origin', 'demo.clinic.example/verity'], ['init', 'DIR']);
  const server = await startProgram('server', ['--data', database, '--port', '0']);
  const { url } = JSON.parse(readFileSync(join(database, 'server.json'), 'utf8')) as {
    url: string;
  };
  say(`verityd answers at ${url}`);
  try {
    await walk({ url, sample, secrets, keep, everything });
  } finally {
    await server.stop();
  }
  byHand();
}

interface Walk {
  readonly url: string;
  readonly sample: string;
  readonly secrets: readonly string[];
  readonly keep: (text: string) => string;
  readonly everything: readonly string[];
}

async function walk({ url, sample, secrets, keep, everything }: Walk): Promise<void> {
  const files = readdirSync(sample)
    .filter((name) =>
      ['patients.csv', 'encounters.csv', 'observations.csv', 'notes.csv'].includes(name),
    )
    .map((name) => join(sample, name));
  tell(
    flags.data === undefined
      ? 'A sample clinic is loaded'
      : `The CSV files of ${sample} are loaded`,
    'Names, social security numbers, addresses, birth dates, ZIP codes, notes: all of it.',
    'Each row is encrypted under a key of its patient, committed field by field, chained, synced.',
  );
  const loaded = await verity(
    ['import', ...files, '--schema', 'examples/clinic/schema.sql'],
    ['import', 'FILES', '--schema', 'examples/clinic/schema.sql'],
  );
  indent(loaded, 12);

  tell('A policy is put in force', 'HIPAA Safe Harbor: what no rule names does not leave.');
  say(await verity(['policy', 'activate', 'policies/hipaa-safe-harbor.yaml']));

  tell('A token for one recipient, one purpose, one hour, one export');
  const token = await issueToken('token.jwt');

  tell('The key of the log', 'What an auditor needs to know of this house, and nothing else.');
  writeFileSync(at('log.key'), `${await verity(['log', 'key'])}\n`);
  say(readFileSync(at('log.key'), 'utf8').trim());

  tell('A language model connects by MCP', 'A real client of the MCP SDK, over Streamable HTTP.');
  const client = await connect(url, token);
  const { tools } = await client.listTools();
  expect(tools.length === 5, `it finds the tools ${tools.map(({ name }) => name).join(', ')}`);

  tell('It asks', 'Birth dates come as years, ZIP codes as three digits, ids as random codes.');
  const sql =
    "SELECT id, birthdate, gender, zip, state FROM patients WHERE gender = 'F' ORDER BY birthdate LIMIT 5";
  say(paint(36, `verity_query ${sql}`));
  const answer = await callTool(client, 'verity_query', { sql });
  keep(answer.text);
  const rows = answer.data['rows'] as readonly unknown[][];
  for (const row of rows) say(`  ${row.join('  ')}`);
  expect(rows.length > 0, `${rows.length} rows, with a receipt that anyone can check`);

  tell('It asks for what it may not see');
  for (const forbidden of [
    'SELECT ssn FROM patients',
    "SELECT id FROM patients WHERE last LIKE 'S%'",
    'SELECT text FROM notes',
  ]) {
    const refused = await callTool(client, 'verity_query', { sql: forbidden });
    keep(refused.text);
    say(paint(36, forbidden), errorLine(refused.text));
    expect(refused.isError, 'refused, and the refusal is on record');
  }

  await exportAndVerify({ url, token, client, keep });

  tell('The audit trail', 'Who asked what, when, for which purpose; refusals too.');
  indent(keep(await verity(['audit', '--limit', '12'])), 15);
  await verifyTrail(client);

  tell('Nothing that must not leave has left');
  const left = secrets.filter((secret) => everything.some((text) => says(text, secret)));
  const given = readFileSync(join(sample, 'patients.csv'), 'utf8');
  expect(
    left.length === 0 && secrets.every((secret) => says(given, secret)),
    `${secrets.length} names, numbers and addresses: all are in the sample, none is in any answer`,
  );

  tell('The token is revoked', 'It has fifty minutes to live, and ends now.');
  const id = String((JSON.parse(atob(token.split('.')[1] ?? '')) as { jti?: string }).jti);
  await verity(['token', 'revoke', id, '--reason', 'end of the demo']);
  const denied = await callTool(client, 'verity_query', { sql }).catch((error: unknown) => error);
  const code = /"code":"(\w+)"/.exec(String(denied))?.[1] ?? '';
  expect(code === 'ERR_KERNEL_TOKEN_REVOKED', `the next call fails: ${code}`);
  await client.close();
}

async function issueToken(name: string): Promise<string> {
  const out = await verity([
    'token',
    'issue',
    '--recipient',
    'Dr. Roe at Example University',
    '--purpose',
    'dpv:ScientificResearch',
    '--policy',
    'hipaa-safe-harbor',
    '--allow',
    'schema,query,export,verify,audit',
    '--table',
    'patients:*',
    '--table',
    'encounters:*',
    '--lifetime',
    '1h',
    '--max-exports',
    '1',
    '--out',
    at(name),
  ]);
  say(out);
  return readFileSync(at(name), 'utf8').trim();
}

interface ExportStep {
  readonly url: string;
  readonly token: string;
  readonly client: Client;
  readonly keep: (text: string) => string;
}

async function exportAndVerify({ url, token, client, keep }: ExportStep): Promise<void> {
  tell('It makes an export', 'The model gets a receipt; the data is downloaded over the HTTP API.');
  const sql = 'SELECT id, birthdate, gender, zip, state FROM patients';
  const made = await callTool(client, 'verity_export', {
    sql,
    idempotency_id: 'd3300000000000000000000000000001',
  });
  expect(
    !made.isError,
    `export ${String(made.data['export_id'])}, ${String(made.data['rows'])} rows`,
  );
  const path = `/v1/exports/${String(made.data['export_id'])}/bundle`;
  const response = await fetch(`${url}${path}`, { headers: { Authorization: `Bearer ${token}` } });
  const bytes = new Uint8Array(await response.arrayBuffer());
  writeFileSync(at('bundle.zip'), bytes);
  keep(Buffer.from(bytes).toString('latin1'));
  expect(response.status === 200, `GET ${path}: ${bytes.length} bytes`);
  const again = await callTool(client, 'verity_export', {
    sql,
    idempotency_id: 'd3300000000000000000000000000002',
  });
  say(errorLine(again.text));
  expect(again.isError, 'a second export is refused: the token was for one');

  tell('An auditor verifies the bundle', 'A process of its own: no server, no network, one key.');
  const good = await verifyBundle(at('bundle.zip'));
  indent(good.text, 15);
  expect(good.code === 0, 'accepted: all that is claimed holds');

  tell('One byte is changed', 'A careful forger puts every checksum of the zip right again.');
  writeFileSync(at('forged.zip'), forge(bytes));
  const bad = await verifyBundle(at('forged.zip'));
  say(...bad.text.split('\n').filter((line) => /✗|failed|ndjson|ERR_/.test(line)));
  expect(bad.code === 1, 'refused, by file, record and reason');
}

/** Turns one letter of the data into another: an F of the second row becomes an M, or the reverse. */
function forge(bytes: Uint8Array): Uint8Array {
  const entries = [...parseZip(bytes)].map((entry) => {
    if (entry.name !== 'data/patients.ndjson') return entry;
    const lines = utf8Decode(entry.bytes).split('\n');
    const other = lines[1]?.includes('"gender":"F"') === true ? 'M' : 'F';
    lines[1] = lines[1]?.replace(/"gender":"."/, `"gender":"${other}"`) ?? '';
    return { name: entry.name, bytes: utf8Encode(lines.join('\n')) };
  });
  return buildZip(entries);
}

async function verifyTrail(client: Client): Promise<void> {
  const trail = await callTool(client, 'verity_audit', { limit: 50 });
  const entries = trail.data['entries'] as readonly {
    readonly id: string;
    readonly phase: string;
  }[];
  const ids = entries.filter(({ phase }) => phase === 'outcome').map(({ id }) => id);
  let verified = 0;
  for (const receipt of ids) {
    const { data } = await callTool(client, 'verity_verify', { receipt_id: receipt });
    if (data['valid'] === true) verified += 1;
  }
  expect(verified === ids.length, `each of its ${ids.length} entries verifies against the log`);
}

function errorLine(text: string): string {
  const { error } = JSON.parse(text) as { error: { code: string; message: string; hint?: string } };
  const hint = error.hint === undefined ? '' : ` → ${error.hint}`;
  return `${paint(31, error.code)} ${error.message}${hint}`;
}

function byHand(): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  process.stdout.write(`
${paint(1, `Done in ${seconds} s.`)} The same by hand:

   npm start                                     the server, on a folder that stays
   npm run verity -- import FILES --schema examples/clinic/schema.sql
   npm run verity -- policy activate policies/hipaa-safe-harbor.yaml
   npm run verity -- token issue --help
   npm run verity -- mcp config --token-file token.jwt
   npm run verity -- export --help
   npm run verity -- verify bundle.zip --key-file log.key
   npm run verity -- audit

`);
}

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
