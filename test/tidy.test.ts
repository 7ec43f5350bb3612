/** Habits that a reader relies on: names that say something, short files, nothing left for later. */

import { basename } from 'node:path';

import { describe, expect, it } from 'vitest';

import { filesUnder, readText } from './tree.ts';

const LINES_MAX = 500;
const BANNED_NAMES = /^(utils?|common|helpers?|managers?|services?)$/;
const TEXT = /\.(ts|json|md|yaml|yml|sql|csv|txt|html)$/;
/** Words that are put together here, so that this file passes its own test. */
const LEFT_FOR_LATER = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`);
const MACHINE_PATHS = new RegExp(
  [
    '/ho' + 'me/(?!you/|me/)[a-z]',
    '/Us' + 'ers/[A-Za-z]',
    '/ro' + 'ot/',
    '/wo' + 'rk/',
    '[A-Z]:\\\\Us' + 'ers',
  ].join('|'),
);

const texts = filesUnder('.').filter((path) => TEXT.test(path) && path !== 'package-lock.json');
const code = texts.filter((path) => path.endsWith('.ts'));

describe('files', () => {
  it('have names that say what is in them', () => {
    const banned = texts.filter((path) =>
      path.split('/').some((part) => BANNED_NAMES.test(basename(part).replace(/\..*$/, ''))),
    );
    expect(banned).toEqual([]);
  });

  it(`have at most ${LINES_MAX} lines of code`, () => {
    const long = code.filter((path) => readText(path).split('\n').length - 1 > LINES_MAX);
    expect(long).toEqual([]);
  });

  it('S062, S319: are held to one form, and to lints that are errors, before a change is merged', () => {
    const { scripts } = JSON.parse(readText('package.json')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    for (const step of ['format:check', 'build', 'lint', 'deps']) {
      expect(scripts['check']).toContain(`npm run ${step} &&`);
    }
    const { categories } = JSON.parse(readText('.oxlintrc.json')) as {
      readonly categories: Readonly<Record<string, string>>;
    };
    expect(new Set(Object.values(categories))).toEqual(new Set(['error']));
    expect(readText('.editorconfig')).toContain('root = true');
  });

  it('export by name, but for configuration', () => {
    const found = code.filter(
      (path) => !path.endsWith('.config.ts') && /^export default\b/m.test(readText(path)),
    );
    expect(found).toEqual([]);
  });

  it('leave nothing for later', () => {
    expect(texts.filter((path) => LEFT_FOR_LATER.test(readText(path)))).toEqual([]);
  });

  it('name no place of a machine', () => {
    expect(texts.filter((path) => MACHINE_PATHS.test(readText(path)))).toEqual([]);
  });
});
