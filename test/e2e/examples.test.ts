/** The stories in `examples/`: each asserts its own steps, and tells when it does not hold. */

import { spawnSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';

import { ROOT, filesUnder, readText } from '../tree.ts';

const stories = filesUnder('examples').filter((path) => path.endsWith('/story.sh'));
const fields = stories.filter((path) => path !== 'examples/story.sh');

function run(script: string) {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('VERITY'));
  const env = { ...Object.fromEntries(own), NO_COLOR: '1' };
  return spawnSync('bash', ['-c', script], { cwd: ROOT, env, encoding: 'utf8' });
}

const hasCurl = spawnSync('curl', ['--version']).status === 0;
if (!hasCurl) console.log('skipped: the stories of examples/ (curl is not installed)');

// S004: one story a field.
describe('stories', () => {
  it('are of health, finance, law and government', () => {
    expect(fields).toEqual(
      ['finance', 'government', 'health', 'legal'].map((name) => `examples/${name}/story.sh`),
    );
  });

  it.runIf(hasCurl).each(fields)('%s holds', { timeout: 300_000 }, (path) => {
    const { status, stderr, stdout } = run(`bash ${path}`);
    expect(status, `${stdout}\n${stderr}`).toBe(0);
    expect(stdout).toMatch(/The story holds\.\n$/);
  });

  // Under `set -e` a command behind `!` fails nothing: such an assertion could not fail.
  it.each(stories)('%s asserts by what can fail', (path) => {
    expect(readText(path)).not.toMatch(/^\s*! /m);
  });

  it.each([
    ['holds nothing', 'a story that lacks what it holds'],
    ['lacks row', 'a story that holds what it lacks'],
    ['refused ERR_X true', 'a command that is not refused'],
    ['refused ERR_X false', 'a command that is refused for another reason'],
  ])('%s ends %s', (assertion) => {
    const script = `source examples/story.sh; echo row > "$DIR/answer.json"; ${assertion}; echo held`;
    const { status, stderr, stdout } = run(script);
    expect([status, stdout.includes('held')]).toEqual([1, false]);
    expect(stderr).toContain('The story does not hold');
  });
});
