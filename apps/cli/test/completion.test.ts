/** Completion scripts, by the shells that they are for. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runOn } from './captured-terminal.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'verity-completion-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** What bash would offer for words, the last being the one under the cursor. */
async function offered(...words: string[]): Promise<readonly string[]> {
  const script = join(folder, 'verity.bash');
  writeFileSync(script, (await runOn(['completion', 'bash'])).out);
  const line = ['verity', ...words].map((word) => `'${word}'`).join(' ');
  const commands = [
    `source ${script}`,
    `COMP_WORDS=(${line})`,
    `COMP_CWORD=${words.length}`,
    '_verity',
    'printf "%s\\n" "${COMPREPLY[@]}"',
  ];
  const { status, stderr, stdout } = spawnSync('bash', ['-uc', commands.join('\n')], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return stdout.split('\n').filter((word) => word !== '');
}

describe('bash', () => {
  it.each([
    [['stat'], ['status']],
    [['tok'], ['token']],
    [['token', 'iss'], ['issue']],
    [['token', 'issue', '--rec'], ['--recipient']],
    [['--data', 'x', 'token', 'rev'], ['revoke']],
    [['--da'], ['--data']],
    [['log', 'checkpoint', '--js'], ['--json']],
    [['token', 'nothing', 'iss'], ['issue']],
    [['nothing'], []],
  ])('%j is completed to %j', async (words, found) => {
    expect(await offered(...words)).toEqual(found);
  });

  it('knows every command of the help', async () => {
    const { out } = await runOn(['--help']);
    const commands = [...(out.split('Commands:')[1] ?? '').matchAll(/^ {2}(\w+)/gm)].map(
      ([, name]) => name,
    );
    const known = await offered('');
    expect(commands.length).toBeGreaterThan(20);
    for (const command of commands) expect(known).toContain(command);
  });
});

describe.each(['zsh', 'fish'])('%s', (shell) => {
  const isThere = spawnSync(shell, ['--version']).status === 0;
  if (!isThere) console.log(`skipped: ${shell} reads its completion (it is not installed)`);

  it('gets a script that names commands and flags', async () => {
    const { code, out } = await runOn(['completion', shell]);
    expect(code).toBe(0);
    for (const word of ['classify', 'recipient', 'withdraw']) expect(out).toContain(word);
  });

  it.runIf(isThere)('reads it', async () => {
    const path = join(folder, `verity.${shell}`);
    writeFileSync(path, (await runOn(['completion', shell])).out);
    expect(spawnSync(shell, ['-n', path], { encoding: 'utf8' })).toMatchObject({
      status: 0,
      stderr: '',
    });
  });
});

const hasFish = spawnSync('fish', ['--version']).status === 0;

it.runIf(hasFish).each([
  ['verity stat', 'status'],
  ['verity token iss', 'issue'],
  ['verity token issue --rec', '--recipient'],
])('fish completes %j to %s', async (line, found) => {
  const path = join(folder, 'verity.fish');
  writeFileSync(path, (await runOn(['completion', 'fish'])).out);
  const { stdout } = spawnSync('fish', ['-c', `source ${path}; complete -C '${line}'`], {
    encoding: 'utf8',
  });
  expect(stdout.split('\n').map((one) => one.split('\t')[0])).toContain(found);
});

it('a shell that is none of them is refused', async () => {
  expect((await runOn(['completion', 'csh'])).code).toBe(2);
});
