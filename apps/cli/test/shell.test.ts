/** The shell: its mind over a database that answers what a test says, and itself at a real terminal. */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type JsonObject, formatTableDefinition } from '@veritydb/types';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { type Connection, openConnection } from '../src/connection.ts';
import { type DeclaredTable, parseSchema } from '../src/import/schema-file.ts';
import { keepStatement, readHistory } from '../src/shell/history-file.ts';
import { SqlShell } from '../src/shell/sql-shell.ts';
import { runOn } from './captured-terminal.ts';
import { type RecordingServer, startRecordingServer } from './recording-server.ts';

const NONE = { columns: [], rows: [], changed: null, erased: [], position: 1 };

async function catalogue(): Promise<JsonObject> {
  const sql = 'CREATE TABLE patients (id UUID PRIMARY KEY DATA CLASS direct_id, zip TEXT);';
  const { definition } = (await parseSchema(sql, 's.sql')).get('patients') as DeclaredTable;
  return {
    ...NONE,
    rows: [
      [1, formatTableDefinition(definition), false],
      [2, '{}', true],
    ],
  };
}

let server: RecordingServer;
let connection: Connection;
let shell: SqlShell;
let shown: JsonObject[];
let said: string[];
let errors: unknown[];
let kept: string[];

beforeEach(async () => {
  server = await startRecordingServer();
  const tables = await catalogue();
  server.answer = ({ body }) => ({
    body: JSON.stringify(body).includes('verity_tables') ? tables : NONE,
  });
  connection = await openConnection(server.folder, { environment: {}, authorities: null });
  [shown, said, errors, kept] = [[], [], [], []];
  shell = new SqlShell(
    {
      connection,
      show: (answer) => shown.push(answer),
      say: (text) => said.push(text),
      showError: (error) => errors.push(error),
      keep: (statement) => kept.push(statement.trim()),
    },
    'administration',
  );
});
afterEach(async () => {
  await server.close();
});

const asked = (): unknown[] => server.requests.map(({ body }) => [body['sql'], body['purpose']]);

async function type(...lines: string[]): Promise<void> {
  for (const line of lines) await shell.take(line);
}

describe('statements', () => {
  it('end with a semicolon, on whatever line, and not within quotes or comments', async () => {
    await type('SELECT ', "';' AS a -- not here;");
    expect([asked(), shell.isWaiting]).toEqual([[], true]);
    await type('; SELECT 2; SELECT');
    expect(asked()).toEqual([
      ["SELECT \n';' AS a -- not here;", 'administration'],
      ['SELECT 2', 'administration'],
    ]);
    expect(shell.isWaiting).toBe(true);
    shell.cancel();
    expect(shell.isWaiting).toBe(false);
    await type('', '  ;');
    expect(server.requests).toHaveLength(2);
  });

  it('that are refused end nothing', async () => {
    server.answer = () => ({ status: 400, body: { code: 'ERR_QUERY_SYNTAX', detail: 'no' } });
    await type('SELEC;', 'SELEC;');
    expect(errors).toMatchObject([{ code: 'ERR_QUERY_SYNTAX' }, { code: 'ERR_QUERY_SYNTAX' }]);
    expect(kept).toEqual(['SELEC;', 'SELEC;']);
  });

  it('are asked for the purpose that was said last', async () => {
    await type('\\p billing question', 'SELECT 1;');
    expect(asked()).toEqual([['SELECT 1', 'billing question']]);
    expect(kept).toEqual(['SELECT 1;']);
  });

  it('are waited for until they are cancelled', async () => {
    let cancel: () => void = () => {};
    server.answer = () => {
      cancel();
      return { body: NONE };
    };
    cancel = () => {
      expect(shell.isRunning).toBe(true);
      shell.cancel();
    };
    await type('SELECT 1;');
    expect(errors).toMatchObject([{ code: 'ERR_CLI_CANCELLED' }]);
    expect(shown).toEqual([]);
    expect(shell.isRunning).toBe(false);
  });
});

describe('commands of its own', () => {
  it('show tables and their columns', async () => {
    await type('\\d', '\\d patients', '\\d patient');
    expect(shown.map(({ rows }) => rows)).toEqual([
      [['patients', 2]],
      [
        ['id', 'uuid', 'key', 'direct-id'],
        ['zip', 'text', null, null],
      ],
    ]);
    expect(said).toEqual(['There is no table patient. Did you mean patients?']);
  });

  it('help, and leave', async () => {
    await type('\\?', '\\quit', '\\q');
    expect(said[0]).toContain('\\d TABLE');
    expect(said[1]).toContain('There is no \\quit.');
    expect(shell.isOver).toBe(true);
    expect(kept).toEqual([]);
  });
});

describe('completion', () => {
  it.each([
    ['SELECT i', ['id', 'in', 'is', 'index', 'insert', 'into']],
    ['SELECT id FROM pa', ['patients']],
    ['SEL', ['SELECT']],
    ['sel', ['select']],
    ['\\', ['\\d', '\\p', '\\?', '\\q']],
    ['\\d p', ['patients']],
    ['SELECT ', ['id', 'patients', 'zip']],
  ])('of %j', async (line, candidates) => {
    await shell.learnTables();
    expect(shell.complete(line)[0].toSorted()).toEqual(candidates.toSorted());
  });
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verity-shell-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('the history', () => {
  it('is its owner’s alone, one statement a line, none twice in a row, none behind a blank', async () => {
    const path = join(folder, 'state', 'verity', 'history');
    for (const text of ['SELECT 1;', 'SELECT 1;', ' SELECT 2;', 'SELECT\n  3;\n']) {
      keepStatement(path, text);
    }
    expect(readHistory(path)).toEqual(['SELECT 1;', 'SELECT 3;']);
    await chmod(path, 0o644);
    keepStatement(path, 'SELECT 4;');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

const hasTerminal = spawnSync('script', ['--version']).status === 0;
if (!hasTerminal) console.log('skipped: the shell at a terminal (script is not installed)');

/** Types at a terminal, each text when the one before was answered. */
async function atTerminal(command: string, typed: readonly (readonly [string, string])[]) {
  const environment = {
    ...process.env,
    XDG_STATE_HOME: join(folder, 'xdg'),
    TERM: 'xterm',
    NO_COLOR: '1',
  };
  const child = spawn('script', ['-qec', command, '/dev/null'], { env: environment });
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  let seen = 0;
  for (const [awaited, text] of typed) {
    await expect.poll(() => screen.slice(seen), { timeout: 60_000 }).toContain(awaited);
    seen = screen.length;
    child.stdin.write(text);
  }
  return { code: await ended, screen };
}

describe.runIf(hasTerminal)('at a terminal', () => {
  it('completes, goes over lines, cancels, and remembers statements alone', async () => {
    const data = join(folder, 'data');
    expect((await runOn(['init', data, '--template', 'government'])).code).toBe(0);
    const main = join(import.meta.dirname, '../src/main.ts');
    const command = `${process.execPath} --conditions=veritydb:source --import tsx ${main} --data ${data} sql`;
    const { code, screen } = await atTerminal(command, [
      ['verity> ', 'SELECT COUNT(*) FROM gr\t\r'],
      ['...> ', 'WHERE half'],
      ['WHERE half', '\u0003'],
      ['verity> ', 'SELECT COUNT(*) AS n\r'],
      ['...> ', 'FROM grants;\r'],
      ['1 row', '\\d grants\r'],
      ['applicant', '\\q\r'],
    ]);
    expect(code).toBe(0);
    expect(screen).toContain('FROM grants');
    expect(screen).toMatch(/n *\r\n─+\r\n60/);
    const path = join(folder, 'xdg', 'verity', 'sql_history');
    expect(await readFile(path, 'utf8')).toBe('SELECT COUNT(*) AS n FROM grants;\n');
    expect((await stat(path)).mode & 0o077).toBe(0);
    // Nobody held the folder's lock longer than the shell was open.
    expect(existsSync(join(data, 'server.json'))).toBe(false);
    expect((await runOn(['--data', data, 'status'])).code).toBe(0);
  });

  it('a danger is confirmed by typing the name', async () => {
    const data = join(folder, 'danger');
    await runOn(['init', data, '--template', 'government']);
    const subject = join(folder, 'subject.txt');
    const first = 'SELECT applicant FROM grants LIMIT 1';
    const { out } = await runOn(['--data', data, 'sql', first, '--json']);
    const [[applicant]] = (JSON.parse(out) as { rows: [[string]] }).rows;
    await writeFile(subject, `${applicant}\n`);
    const main = join(import.meta.dirname, '../src/main.ts');
    const command = `${process.execPath} --conditions=veritydb:source --import tsx ${main} --data ${data} erase @${subject} --basis law --approved-by officer`;
    const wrong = await atTerminal(command, [['to go on: ', 'yes\r']]);
    expect(wrong).toMatchObject({ code: 1, screen: expect.stringContaining('ERR_CLI_CONFIRM') });
    const right = await atTerminal(command, [['to go on: ', 'localhost/verity\r']]);
    expect(right).toMatchObject({ code: 0, screen: expect.stringContaining('completed') });
  });
});
