import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { visibleJson, visibleText } from '../src/visible-text.ts';

describe('what a model may be shown', () => {
  const rows: readonly [name: string, text: string, expected: string][] = [
    ['line feed and tab stay', 'a\n\tb', 'a\n\tb'],
    ['C0, DEL and C1', 'a\u0000\u0007\r\u001Bb\u007F\u0085\u009Bc', 'abc'],
    ['zero width', 'a\u200B\u200C\u200D\u2060\uFEFFb', 'ab'],
    ['bidirectional', 'a\u200E\u200F\u202A\u202E\u2066\u2069\u061Cb', 'ab'],
    ['tags, their whole block', 'a\u{E0001}\u{E0041}\u{E007F}\u{E0FFF}b', 'ab'],
    ['variation selectors', 'a\uFE00\uFE0F\u{E0100}\u{E01EF}b', 'ab'],
    ['soft hyphen, joiners, fillers', 'a\u00AD\u034F\u115F\u3164\uFFA0b', 'ab'],
    ['line and paragraph separators', 'a\u2028\u2029b', 'ab'],
    ['letters of any script, and emoji', 'Zoë 李 दि 🦉', 'Zoë 李 दि 🦉'],
  ];
  test.each(rows)('%s', (_name, text, expected) => {
    expect(visibleText(text)).toBe(expected);
  });

  test('every text of a value, and nothing else', () => {
    const value = { 'a\u200B': ['b\u202E', 1, null, true, { c: '\u{E0041}' }] };
    expect(visibleJson(value)).toEqual({ a: ['b', 1, null, true, { c: '' }] });
  });

  test('cleaning twice is cleaning once, and adds nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const cleaned = visibleText(text);
        expect(visibleText(cleaned)).toBe(cleaned);
        expect(cleaned.length).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});
