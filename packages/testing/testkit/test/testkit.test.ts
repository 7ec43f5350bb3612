import { VerityError, assert } from '@veritydb/types';
import { describe, expect, test } from 'vitest';

import {
  codeOf,
  expectCode,
  expectCodeAsync,
  loadJson,
  sharedFolder,
  table,
} from '../src/index.ts';

describe('table', () => {
  test('reads aligned columns, empty cells and cells of several words', () => {
    expect(
      table(`
        write  sync  fate
        # a comment
        a      yes   kept
        b            lost or kept
      `),
    ).toEqual([
      { write: 'a', sync: 'yes', fate: 'kept' },
      { write: 'b', sync: '', fate: 'lost or kept' },
    ]);
  });

  test('names of columns may have a space', () => {
    expect(table('a b  c\n1    2')).toEqual([{ 'a b': '1', c: '2' }]);
  });

  test.each([
    ['nothing', '', 'names its columns'],
    ['a column twice', 'a  a', 'twice'],
    ['a cell that runs into the next column', 'a  b\nlong 2', 'runs into'],
    ['a cell before the first column', '  a\nx 1', 'before the first'],
  ])('refuses %s', (_, text, message) => {
    expect(() => table(text)).toThrow(message);
  });
});

const refuse = (): never => {
  throw new VerityError('format', 'ERR_TEST', 'refused');
};

describe('codeOf', () => {
  test('is the code, or none, and hides no other error', () => {
    expect(codeOf(refuse)).toBe('ERR_TEST');
    expect(codeOf(() => 1)).toBe('none');
    const bug = (): never => {
      throw new TypeError('a bug');
    };
    expect(() => codeOf(bug)).toThrow('a bug');
  });
});

describe('expectCode', () => {
  test('returns the error that has the code', async () => {
    expect(expectCode(refuse, 'ERR_TEST').message).toBe('refused');
    expect(
      (await expectCodeAsync(() => Promise.reject(new VerityError('format', 'ERR_A', '')), 'ERR_A'))
        .kind,
    ).toBe('format');
    expectCode(() => {
      assert(false, 'no');
    }, 'ERR_ASSERTION');
  });

  test('fails where nothing is thrown, another code, or an error without one', async () => {
    expect(() => expectCode(() => 1, 'ERR_TEST')).toThrow('returned');
    expect(() => expectCode(refuse, 'ERR_OTHER')).toThrow('ERR_TEST');
    expect(() =>
      expectCode(() => {
        throw new TypeError('boom');
      }, 'ERR_TEST'),
    ).toThrow('boom');
    await expect(expectCodeAsync(() => Promise.resolve(1), 'ERR_TEST')).rejects.toThrow('returned');
  });
});

test('shared folder is absent, or a folder that can be read from', () => {
  const before = process.env['VERITYDB_SHARED'];
  try {
    process.env['VERITYDB_SHARED'] = 'packages';
    const folder = sharedFolder();
    expect(folder).toMatch(/packages$/);
    expect(loadJson(folder as string, 'testing/testkit/package.json')).toMatchObject({
      name: '@veritydb/testkit',
    });
    process.env['VERITYDB_SHARED'] = 'no-such-folder';
    expect(sharedFolder()).toBeUndefined();
  } finally {
    if (before === undefined) delete process.env['VERITYDB_SHARED'];
    else process.env['VERITYDB_SHARED'] = before;
  }
});
