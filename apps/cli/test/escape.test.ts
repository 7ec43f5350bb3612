import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { escapeControls, formatJson } from '../src/escape.ts';
import { formatTable } from '../src/table.ts';

const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u;
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\u001b', '\u009b', '\u202e', '\u{e0041}', '\n', '\ufeff', '\ud800'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

describe('escapeControls', () => {
  it.each([
    ['plain é 😀', 'plain é 😀'],
    ['a\tb\r\nc', 'a\\tb\\r\\nc'],
    ['\u001b[2J', '\\u{1b}[2J'],
    ['\u009b2J', '\\u{9b}2J'],
    ['abc\u202edef', 'abc\\u{202e}def'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\ud800', '\\u{d800}'],
  ])('%j → %j', (given, shown) => {
    expect(escapeControls(given)).toBe(shown);
  });

  it('leaves nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(escapeControls(given)).not.toMatch(UNSAFE);
      }),
    );
  });
});

describe('formatJson', () => {
  it('is equal JSON, and safe to show', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(text, text)), (value) => {
        const json = formatJson(value);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(json.replaceAll('\n', '')).not.toMatch(UNSAFE);
      }),
    );
  });
});

describe('formatTable', () => {
  it('aligns numbers to the right and everything else to the left', () => {
    const rows = [
      [5, 'é', true, null],
      [10, 'ab', false, 'x'],
    ];
    expect(formatTable(['n', 'text', 'flag', 'z'], rows)).toBe(
      [' n  text  flag   z', '──  ────  ─────  ─', ' 5  é     true', '10  ab    false  x'].join(
        '\n',
      ),
    );
  });

  it('is headings and a rule when there are no rows', () => {
    expect(formatTable(['a', 'bb'], [])).toBe('a  bb\n─  ──');
  });
});
