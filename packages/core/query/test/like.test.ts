import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isLike, parseLikePattern } from '../src/like.ts';
import { codeOf } from './fixtures.ts';

const PLACE = { offset: 0, line: 1, column: 1 };

/** The slow twin: by the definition, over code points. */
function slowLike(text: readonly string[], pattern: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return text.length === 0;
  if (first === '%') {
    return slowLike(text, rest) || (text.length > 0 && slowLike(text.slice(1), pattern));
  }
  return text.length > 0 && (first === '_' || first === text[0]) && slowLike(text.slice(1), rest);
}

describe('LIKE', () => {
  it('agrees with its definition', () => {
    const letters = fc.constantFrom('a', 'b', '😀');
    const wild = fc.constantFrom('a', 'b', '😀', '%', '_', '%');
    fc.assert(
      fc.property(
        fc.array(letters, { maxLength: 10 }),
        fc.array(wild, { maxLength: 8 }),
        (text, pattern) => {
          const parsed = parseLikePattern(pattern.join(''), '\\', PLACE);
          expect(isLike(text.join(''), parsed)).toBe(slowLike(text, pattern));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a%c', '', 'a%c', true],
    ['abc', '\\', 'a\\%c', false],
    ['a%c', '\\', 'a\\%c', true],
    ['a_c', '!', 'a!_c', true],
    ['abc', '!', 'a!_c', false],
    ['a!c', '!', 'a!!c', true],
    ['a\\c', '', 'a\\c', true],
    ['ABC', '\\', 'abc', false],
    ['', '\\', '%', true],
    ['', '\\', '_', false],
    ['a.c', '\\', 'a.c', true],
    ['abc', '\\', 'a.c', false],
    ['(a+)+$', '\\', '(a+)+$', true],
    ['%', '%', '%%', true],
    ['a', '%', '%%', false],
  ])('%j with escape %j like %j: %s', (text, escape, pattern, result) => {
    expect(isLike(text, parseLikePattern(pattern, escape, PLACE))).toBe(result);
  });

  it('refuses patterns without meaning or bound', () => {
    expect(codeOf(() => parseLikePattern('a\\', '\\', PLACE))).toBe('ERR_QUERY_TYPE');
    expect(codeOf(() => parseLikePattern('a', '!!', PLACE))).toBe('ERR_QUERY_TYPE');
    expect(codeOf(() => parseLikePattern('a'.repeat(257), '', PLACE))).toBe('ERR_QUERY_LIMIT');
    expect(codeOf(() => parseLikePattern('_'.repeat(9999), '', PLACE))).toBe('ERR_QUERY_LIMIT');
    expect(codeOf(() => parseLikePattern('a'.repeat(256), '', PLACE))).toBe('none');
  });

  it('stays linear in the text where a regular expression would not', () => {
    const pattern = parseLikePattern(`${'%a'.repeat(120)}b`, '', PLACE);
    expect(isLike('a'.repeat(20_000), pattern)).toBe(false);
  });
});
