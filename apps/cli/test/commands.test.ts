import { createHash } from 'node:crypto';
import { chmod, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Run, runOn } from './captured-terminal.ts';
import { OPERATOR_SECRET, type RecordingServer, startRecordingServer } from './recording-server.ts';

let server: RecordingServer;
beforeEach(async () => {
  server = await startRecordingServer();
});
afterEach(async () => {
  await server.close();
});

const run = (...args: string[]): Promise<Run> => runOn(['--data', server.folder, ...args]);
const place = (name: string): string => join(server.folder, name);

async function writeToken(): Promise<string> {
  await writeFile(place('token.jwt'), 'aaa.bbb.ccc\n', { mode: 0o600 });
  return place('token.jwt');
}

describe('verity status', () => {
  it('asks as the operator and shows what it hears', async () => {
    const held = { tables: ['patients', 'a\u001b[2J'], projections: ['wards'] };
    server.answer = () => ({ body: { tenant: 1, position: 42, ...held } });
    const { code, out } = await run('status');
    expect(code).toBe(0);
    expect(out).toContain('tables    patients, a\\u{1b}[2J\nprojections wards\n');
    const authorization = `Bearer ${OPERATOR_SECRET}`;
    const asked = { method: 'GET', path: '/admin/v1/status', authorization, body: {} };
    expect(server.requests).toEqual([asked]);
  });

  it('finds the folder by the environment too', async () => {
    server.answer = () => ({ body: { tenant: 1, position: 42, tables: [], projections: [] } });
    const environment = { VERITYD_DATA: server.folder };
    expect(await runOn(['status', '--json'], { environment })).toMatchObject({
      code: 0,
      error: '',
    });
  });
});

describe('refusals of the API', () => {
  it('are told with code and hint, and nothing else', async () => {
    const problem = { code: 'ERR_QUERY_SYNTAX', detail: 'line 1: \u202eno', hint: 'Write SQL.' };
    server.answer = () => ({ status: 400, body: problem });
    expect(await run('sql', 'SELEC')).toEqual({
      code: 1,
      out: '',
      error: 'error ERR_QUERY_SYNTAX: line 1: \\u{202e}no\n→ Write SQL.\n',
    });
    const { error } = await run('sql', 'SELEC', '--json');
    expect(JSON.parse(error)).toEqual({ error: problem });
    expect(error).not.toContain('\u202e');
  });

  it.each([
    ['no JSON', { status: 502, body: new TextEncoder().encode('<html>') }],
    ['no code', { status: 500, body: { title: 'oh' } }],
    ['a list where an object belongs', { body: [] }],
    ['a member missing', { body: { tenant: 1, tables: [], projections: [] } }],
    ['a member of another type', { body: { tenant: 1, position: 0, tables: [{}] } }],
  ])('%s is an answer that is not understood', async (_, answer) => {
    server.answer = () => answer;
    const { code, error } = await run('status');
    expect(code).toBe(1);
    expect(error).toMatch(/^error ERR_CLI_ANSWER: /);
  });

  it('never follow a redirect with the secret', async () => {
    server.answer = () => ({ status: 302, headers: { location: '/elsewhere' }, body: {} });
    const { code, error } = await run('status');
    expect(code).toBe(1);
    expect(error).toMatch(/^error ERR_CLI_CONNECTION: /);
    expect(server.requests.length).toBe(1);
  });
});

describe('the connection', () => {
  it.each([
    ['another machine', { url: 'http://example.org', pid: process.pid }],
    ['a file', { url: 'file:///etc/passwd', pid: process.pid }],
    ['a name that only begins well', { url: 'http://127.0.0.1.example.org', pid: process.pid }],
    ['no process', { url: 'http://127.0.0.1:1', pid: 0 }],
    ['nothing', {}],
    ['a list', []],
  ])('does not go to %s', async (_, content) => {
    await writeFile(place('server.json'), JSON.stringify(content));
    const { code, error } = await run('status');
    expect(code).toBe(1);
    expect(error).toMatch(/^error ERR_CLI_CONNECTION: .*server\.json/);
    expect(server.requests).toEqual([]);
  });

  it('does not use a secret that others can read', async () => {
    await chmod(place('operator.secret'), 0o644);
    const { code, error } = await run('status');
    expect(code).toBe(1);
    expect(error).toMatch(/^error ERR_CLI_SECRET_FILE: /);
    expect(server.requests).toEqual([]);
  });
});

const GOOD_POLICY = join(import.meta.dirname, '../../../policies/hipaa-safe-harbor.yaml');

describe('verity policy', () => {
  it('lints without a database', async () => {
    expect(await run('policy', 'lint', GOOD_POLICY)).toMatchObject({ code: 0 });
    const text = await readFile(GOOD_POLICY, 'utf8');
    const bad = text.replace(/^( +ssn: *\{.*use: *)drop/m, '$1keep');
    expect(bad).not.toBe(text);
    await writeFile(place('bad.yaml'), bad);
    const { code, out } = await run('policy', 'lint', place('bad.yaml'));
    expect(code).toBe(1);
    expect(out).toMatch(/bad\.yaml:\d+:\d+: error [A-Z]+-\d: /);
    await writeFile(place('worse.yaml'), 'a: [');
    const worse = await run('policy', 'lint', place('worse.yaml'));
    expect(worse.code).toBe(1);
    expect(worse.error).toMatch(/^error ERR_ACCESS_POLICY/);
    expect(server.requests).toEqual([]);
  });

  it('activates the text as it is', async () => {
    server.answer = () => ({
      status: 201,
      body: { name: 'p', version: 2, sha256: 'ab', offset: 9, warnings: ['careful'] },
    });
    const { code, out, error } = await run('policy', 'activate', GOOD_POLICY);
    expect(code).toBe(0);
    expect(out).toBe('p version 2 is in force from offset 9, sha256 ab\n');
    expect(error).toContain('warning: careful\n');
    expect(server.requests[0]?.body).toEqual({ yaml: await readFile(GOOD_POLICY, 'utf8') });
  });
});

const ISSUE =
  'token issue --recipient R --purpose P --policy N --allow schema,export --lifetime 1h ' +
  '--table patients:* --table encounters:id,start --max-exports 1 --out';

const issue = (out: string, ...more: string[]): Promise<Run> =>
  run(...ISSUE.split(' '), out, ...more);

describe('verity token', () => {
  it('issues into a file that only its owner can read', async () => {
    const token = 'eyJ.secret.text';
    const expires = '2030-01-01T00:00:00Z';
    server.answer = () => ({
      status: 201,
      body: { token_id: 'id1', token, expires_at: expires, offset: 4 },
    });
    const { code, out, error } = await issue(place('t.jwt'));
    expect(code).toBe(0);
    expect(out + error).not.toContain(token);
    expect(out).toContain('id1');
    expect(await readFile(place('t.jwt'), 'utf8')).toBe(`${token}\n`);
    expect((await stat(place('t.jwt'))).mode & 0o777).toBe(0o600);
    expect(server.requests[0]?.body).toEqual({
      recipient: 'R',
      purpose: 'P',
      policy: 'N',
      actions: ['schema', 'export'],
      tables: { patients: '*', encounters: ['id', 'start'] },
      lifetime_seconds: 3600,
      max_exports: 1,
    });
    expect((await issue(place('u.jwt'), '--json')).out).not.toContain(token);
  });

  it('issues nothing that it could not keep, and keeps nothing that was not issued', async () => {
    await writeFile(place('t.jwt'), 'precious');
    expect((await issue(place('t.jwt'))).error).toMatch(/^error ERR_CLI_FILE: /);
    expect(await readFile(place('t.jwt'), 'utf8')).toBe('precious');
    expect(server.requests).toEqual([]);
    server.answer = () => ({ status: 400, body: { code: 'ERR_X', detail: 'no' } });
    expect((await issue(place('new.jwt'))).code).toBe(1);
    expect(await readdir(server.folder)).not.toContain('new.jwt');
  });

  it('lists and revokes', async () => {
    const entry = { token_id: 'id1', recipient: 'R', purpose: 'P', policy: 'N', state: 'active' };
    server.answer = () => ({ body: { tokens: [{ ...entry, expires_at: 'later', exports: 0 }] } });
    const { out } = await run('token', 'list');
    expect(out.split('\n')[2]).toBe('id1    R          P        N       active  later          0');
    server.answer = () => ({ body: { offset: 5 } });
    expect((await run('token', 'revoke', 'a/b', '--reason', 'over')).code).toBe(0);
    expect(server.requests[1]).toMatchObject({
      path: '/admin/v1/tokens/a%2Fb/revoke',
      body: { reason: 'over' },
    });
  });
});

async function runExport(sql = 'SELECT id FROM patients'): Promise<Run> {
  const token = await writeToken();
  return run('export', '--token-file', token, '--sql', sql, '--out', place('b.zip'));
}

describe('verity erase', () => {
  const erasure = {
    key_id: 5,
    state: 'completed',
    legal_basis: 'GDPR Art. 17',
    completed_at: 'now',
    records: 2,
    rows: 3,
    offset: 9,
  };

  it('names the subject by a file, and shows receipts', async () => {
    await writeFile(place('subject.txt'), 'p-17\n');
    const key = new TextEncoder().encode('clinic.example/verity+0a+key\n');
    server.answer = ({ method, path }) =>
      method === 'POST' || path === '/admin/v1/erasures'
        ? { status: 201, body: { erasures: [erasure] } }
        : { body: key };
    const subject = `@${place('subject.txt')}`;
    const unconfirmed = await run('erase', subject, '--basis', 'b', '--approved-by', 'a');
    expect(unconfirmed).toMatchObject({ code: 1, out: '' });
    expect(unconfirmed.error).toMatch(
      /ERR_CLI_CONFIRM.*\n→ .*--confirm clinic\.example\/verity\n$/,
    );
    const other = await run(
      'erase',
      subject,
      '--basis',
      'b',
      '--approved-by',
      'a',
      '--confirm',
      'x',
    );
    expect(other.error).toContain('ERR_CLI_CONFIRM');
    expect(server.requests.map(({ path }) => path)).toEqual(['/v1/log-key', '/v1/log-key']);
    const approvals = ['--approved-by', 'officer', 'case 7'];
    const { code, out, error } = await run(
      'erase',
      subject,
      '--basis',
      'GDPR Art. 17',
      ...approvals,
      '--confirm',
      'clinic.example/verity',
    );
    expect(code).toBe(0);
    expect(out).toContain('GDPR Art. 17');
    expect(out + error).not.toContain('p-17');
    expect(server.requests.at(-1)).toMatchObject({
      path: '/admin/v1/erasures',
      body: { subject: 'p-17', legal_basis: 'GDPR Art. 17', approvals: ['officer', 'case 7'] },
    });
    expect((await run('erasures')).out).toContain('completed');
    const bare = await run('erase', 'p-17');
    expect(bare.code).toBe(2);
    const missing = `@${place('nothing')}`;
    const unread = await run('erase', missing, '--basis', 'b', '--approved-by', 'a');
    expect(unread).toMatchObject({ code: 1, error: expect.stringMatching(/^error ERR_CLI_FILE/) });
  });

  it('wraps keys anew', async () => {
    server.answer = () => ({ body: { rotated: true } });
    expect((await run('keys', 'rotate')).code).toBe(0);
    expect(server.requests[0]).toMatchObject({ path: '/admin/v1/keys/rotate' });
  });

  it('holds and releases', async () => {
    server.answer = () => ({ status: 201, body: { hold_id: 'h1', offset: 3 } });
    expect((await run('hold', 'place', 'p-17', '--reason', 'case 7')).out).toBe('h1\n');
    const hold = { hold_id: 'h1', reason: 'case 7', state: 'placed', changed_at: 'now', offset: 3 };
    server.answer = () => ({ body: { holds: [hold] } });
    expect((await run('hold', 'list')).out).toContain('case 7');
    server.answer = () => ({ body: { offset: 4 } });
    expect((await run('hold', 'release', 'h/1')).code).toBe(0);
    expect(server.requests[2]).toMatchObject({ path: '/admin/v1/holds/h%2F1/release' });
  });
});

describe('verity export', () => {
  const bundle = new TextEncoder().encode('the bundle');
  const sha256 = createHash('sha256').update(bundle).digest('hex');

  it('goes by the token, never by the operator’s secret, and writes what was announced', async () => {
    server.answer = ({ method }) =>
      method === 'POST'
        ? { status: 201, body: { export_id: 'e1', rows: 3, size: bundle.length, sha256 } }
        : { body: bundle };
    expect(await runExport()).toMatchObject({ code: 0 });
    expect(new Uint8Array(await readFile(place('b.zip')))).toEqual(bundle);
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/v1/exports',
      '/v1/exports/e1/bundle',
    ]);
    for (const { authorization } of server.requests) {
      expect(authorization).toBe('Bearer aaa.bbb.ccc');
    }
    expect(server.requests[0]?.body['idempotency_id']).toMatch(/^[0-9a-f]{32}$/);
    const left = await readdir(server.folder);
    expect(left.filter((name) => name.startsWith('b.zip'))).toEqual(['b.zip']);
    // A second time it would overwrite: refused before anything is asked.
    expect((await runExport()).error).toMatch(/^error ERR_CLI_FILE: /);
    expect(server.requests.length).toBe(2);
  });

  it('asks for the same export again after a failure, and for another one when asked otherwise', async () => {
    const announce = { status: 201, body: { export_id: 'e1', rows: 3, size: 1, sha256 } };
    server.answer = ({ method }) =>
      method === 'POST' ? announce : { body: new TextEncoder().encode('torn') };
    expect((await runExport()).error).toMatch(/^error ERR_CLI_EXPORT: /);
    expect((await runExport()).code).toBe(1);
    expect((await runExport('SELECT zip FROM patients')).code).toBe(1);
    const ids = server.requests
      .filter(({ method }) => method === 'POST')
      .map(({ body }) => body['idempotency_id']);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
    expect(await readdir(server.folder)).not.toContain('b.zip');
    server.answer = () => ({ status: 403, body: { code: 'ERR_SPENT', detail: 'spent' } });
    expect((await runExport('SELECT zip FROM patients')).error).toBe('error ERR_SPENT: spent\n');
    expect(await readdir(server.folder)).not.toContain('b.zip.pending');
  });
});

describe('verity export, of a bundle that is large', () => {
  const bundle = new Uint8Array(50_000).map((_, index) => index * 7);
  const sha256 = createHash('sha256').update(bundle).digest('hex');
  const announce = {
    status: 201,
    body: { export_id: 'e1', rows: 3, size: bundle.length, sha256 },
  };

  it('goes on where a download broke off', async () => {
    server.answer = ({ method }) =>
      method === 'POST'
        ? announce
        : { headers: { 'content-length': '50000' }, body: bundle.subarray(0, 20_000), cut: true };
    expect((await runExport()).error).toMatch(/^error ERR_CLI_CONNECTION: the download broke off/);
    expect(await readdir(server.folder)).toContain('b.zip.part');
    server.answer = ({ method, range }) => {
      if (method === 'POST') return announce;
      const start = Number(/^bytes=([0-9]+)-$/.exec(range ?? '')?.[1]);
      return { status: 206, body: bundle.subarray(start) };
    };
    expect((await runExport()).code).toBe(0);
    expect(server.requests.at(-1)?.range).toMatch(/^bytes=[1-9][0-9]*-$/);
    expect(new Uint8Array(await readFile(place('b.zip')))).toEqual(bundle);
  });

  it('begins again where the server gives the whole', async () => {
    await writeFile(place('b.zip.part'), 'something else');
    server.answer = ({ method }) => (method === 'POST' ? announce : { body: bundle });
    expect((await runExport()).code).toBe(0);
    expect(new Uint8Array(await readFile(place('b.zip')))).toEqual(bundle);
  });

  it('asks for CSV, Parquet and consistency where it is told to', async () => {
    server.answer = ({ method }) => (method === 'POST' ? announce : { body: bundle });
    const token = await writeToken();
    const args = ['--token-file', token, '--sql', 'SELECT id FROM t', '--out', place('b.zip')];
    const wanted = ['--csv', '--parquet', '--held-tree-size', '7'];
    expect(await run('export', ...args, ...wanted)).toMatchObject({ code: 0 });
    const asked = { csv: true, parquet: true, held_tree_size: 7 };
    expect(server.requests[0]?.body).toMatchObject(asked);
  });
});

describe('verity audit', () => {
  it('shows entries and counts what has no outcome', async () => {
    const entry = {
      id: 'a1',
      at: '2030-01-01T00:00:00Z',
      offset: 12,
      phase: 'outcome',
      recipient: 'R',
      token_id: 't',
      purpose: 'P',
      action: 'query',
      decision: 'denied',
      code: 'ERR_D',
      table: 'patients',
      columns: ['id'],
      rows: null,
      statement_fingerprint: null,
    };
    server.answer = () => ({ body: { entries: [entry], unanswered: 2 } });
    const { out, error } = await run('audit', '--limit', '5', '--before', '99');
    expect(server.requests[0]?.path).toBe('/admin/v1/audit?limit=5&before=99');
    expect(out.split('\n')[0]).toMatch(/^time +who +what +purpose +decision +rows +offset$/);
    expect(out.split('\n')[2]).toMatch(
      /^2030-01-01T00:00:00Z +R +query patients +P +denied ERR_D +12$/,
    );
    expect(error).toMatch(/^2 intents /);
  });
});

describe('verity log', () => {
  it('prints signed text byte for byte, without a credential', async () => {
    const note = 'origin\n7\nroot=\n\n— origin sig\n';
    server.answer = () => ({ body: new TextEncoder().encode(note) });
    expect(await run('log', 'checkpoint')).toEqual({ code: 0, out: note, error: '' });
    expect(await run('log', 'checkpoint', '--published')).toEqual({
      code: 0,
      out: note,
      error: '',
    });
    expect(await run('log', 'key')).toMatchObject({ code: 0 });
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/v1/checkpoint',
      '/checkpoint',
      '/v1/log-key',
    ]);
    expect(server.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it('tells what a check found', async () => {
    const recoveries = [{ offset: 3, reason: 'torn tail', discarded_bytes: 17 }];
    const sound = { records: 9, root: 'ab', checkpoint: 'x', recoveries, damaged: [] };
    server.answer = () => ({ body: sound });
    const { code, out } = await run('log', 'check');
    expect(code).toBe(0);
    expect(out).toBe('9 records, root ab\nrecovery at offset 3: torn tail, 17 bytes discarded\n');
  });

  it('names damaged records, and ends with 1', async () => {
    const damaged = [{ file: 'log/0.vlog', position: 512, offset: 2 }];
    const body = { records: 9, root: 'ab', checkpoint: 'x', recoveries: [], damaged };
    server.answer = () => ({ body });
    const { code, out } = await run('log', 'check');
    expect(code).toBe(1);
    expect(out).toBe('9 records, root ab\ndamaged: record 2, log/0.vlog at byte 512\n');
  });
});
