import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { LIMITS, readTokens } from '../src/lexer.ts';
import { codeOf, errorOf } from './fixtures.ts';

const kindsOf = (text: string): string =>
  readTokens(text)
    .tokens.map(({ kind, text: value }) => `${kind}:${value}`)
    .join(' ');

describe('readTokens', () => {
  it.each([
    ['SELECT a', 'word:select word:a end:'],
    ['"A b"', 'quoted-name:A b end:'],
    [`'it''s' "é"`, "string:it's quoted-name:é end:"],
    [`'x\\' OR`, 'string:x\\ word:or end:'],
    ["''", 'string: end:'],
    ['007 1.50 10', 'number:007 number:1.50 number:10 end:'],
    ['a<=b<>c!=d', 'word:a symbol:<= word:b symbol:<> word:c symbol:<> word:d end:'],
    ['a<-1', 'word:a symbol:< symbol:- number:1 end:'],
    ['t.a,*', 'word:t symbol:. word:a symbol:, symbol:* end:'],
    ['a -- b\nc', 'word:a word:c end:'],
    ['a -- b\rc', 'word:a word:c end:'],
    ['a/* b -- c */d', 'word:a word:d end:'],
    ['a /**/ /***/ b', 'word:a word:b end:'],
    ["'--' '", 'ERR_QUERY_SYNTAX'],
    ['? ?', 'parameter:0 parameter:1 end:'],
    ['$2 $1 $2', 'parameter:1 parameter:0 parameter:1 end:'],
    ['a;', 'word:a end:'],
    ['', 'end:'],
  ])('%j', (text, expected) => {
    const code = codeOf(() => kindsOf(text));
    expect(code === 'none' ? kindsOf(text) : code).toBe(expected);
  });

  it.each([
    ['bytes', 'a'.repeat(LIMITS.textSizeMax + 1)],
    ['bytes of two', `'${'é'.repeat(LIMITS.textSizeMax / 2)}'`],
    ['bytes of three', `'${'漢'.repeat(LIMITS.textSizeMax / 3 + 1)}'`],
    ['tokens', '1 '.repeat(LIMITS.tokensCountMax + 1)],
    ['depth', '('.repeat(LIMITS.depthMax + 1)],
    ['a name', 'a'.repeat(LIMITS.nameLengthMax + 1)],
    ['a quoted name', `"${'a'.repeat(LIMITS.nameLengthMax + 1)}"`],
    ['a number', '1'.repeat(LIMITS.numberLengthMax + 1)],
    ['parameters', '? '.repeat(LIMITS.parametersCountMax + 1)],
    ['the number of a parameter', '$257'],
  ])('bounds %s', (_, text) => {
    expect(codeOf(() => readTokens(text))).toBe('ERR_QUERY_LIMIT');
  });

  it.each([
    ['ERR_QUERY_SYNTAX', '('],
    ['ERR_QUERY_SYNTAX', ')'],
    ['ERR_QUERY_SYNTAX', ')('],
    ['ERR_QUERY_SYNTAX', "'a"],
    ['ERR_QUERY_SYNTAX', '"a'],
    ['ERR_QUERY_SYNTAX', '""'],
    ['ERR_QUERY_SYNTAX', '/* a'],
    ['ERR_QUERY_SYNTAX', '/* /* */ */'],
    ['ERR_QUERY_SYNTAX', '/*!50000 a */'],
    ['ERR_QUERY_SYNTAX', 'a\0b'],
    ['ERR_QUERY_SYNTAX', "'a\0b'"],
    ['ERR_QUERY_SYNTAX', '"a\u0007b"'],
    ['ERR_QUERY_SYNTAX', '-- a\u001b'],
    ['ERR_QUERY_SYNTAX', '/* \u007f */'],
    ['ERR_QUERY_SYNTAX', "'\ud800'"],
    ['ERR_QUERY_SYNTAX', "'\udc00\ud800'"],
    ['ERR_QUERY_SYNTAX', 'é'],
    ['ERR_QUERY_SYNTAX', 'a\u00a0b'],
    ['ERR_QUERY_SYNTAX', 'a\u200bb'],
    ['ERR_QUERY_SYNTAX', '1a'],
    ['ERR_QUERY_SYNTAX', '1_000'],
    ['ERR_QUERY_SYNTAX', '0x1f'],
    ['ERR_QUERY_SYNTAX', '1e5'],
    ['ERR_QUERY_SYNTAX', '1.'],
    ['ERR_QUERY_SYNTAX', '.5'],
    ['ERR_QUERY_SYNTAX', '1.2.3'],
    ['ERR_QUERY_SYNTAX', "'a' 'b'"],
    ['ERR_QUERY_SYNTAX', "'a'\n'b'"],
    ['ERR_QUERY_SYNTAX', "'a' /* x */ 'b'"],
    ['ERR_QUERY_SYNTAX', '$$a$$'],
    ['ERR_QUERY_SYNTAX', '$a'],
    ['ERR_QUERY_SYNTAX', '$0'],
    ['ERR_QUERY_SYNTAX', '$01'],
    ['ERR_QUERY_SYNTAX', '$1a'],
    ['ERR_QUERY_SYNTAX', 'a$b'],
    ['ERR_QUERY_SYNTAX', 'a # b'],
    ['ERR_QUERY_SYNTAX', '`a`'],
    ['ERR_QUERY_SYNTAX', '[a]'],
    ['ERR_QUERY_SYNTAX', 'a\\b'],
    ['ERR_QUERY_SYNTAX', ':x'],
    ['ERR_QUERY_SYNTAX', '@x'],
    ['ERR_QUERY_UNSUPPORTED', "E'a'"],
    ['ERR_QUERY_UNSUPPORTED', "n'a'"],
    ['ERR_QUERY_UNSUPPORTED', "X'00'"],
    ['ERR_QUERY_UNSUPPORTED', "B'01'"],
    ['ERR_QUERY_UNSUPPORTED', "U&'a'"],
    ['ERR_QUERY_UNSUPPORTED', 'u&"a"'],
    ['ERR_QUERY_UNSUPPORTED', "date'2024-01-01'"],
    ['ERR_QUERY_UNSUPPORTED', '"we""ird"'],
    ['ERR_QUERY_UNSUPPORTED', 'a::text'],
    ['ERR_QUERY_UNSUPPORTED', "a || 'b'"],
    ['ERR_QUERY_UNSUPPORTED', 'a; b'],
    ['ERR_QUERY_UNSUPPORTED', 'a;;'],
    ['ERR_QUERY_PARAMETER', '? $1'],
    ['ERR_QUERY_PARAMETER', '$1 ?'],
    ['ERR_QUERY_PARAMETER', '$2'],
    ['ERR_QUERY_PARAMETER', '$1 $3'],
  ])('%s %j', (code, text) => {
    expect(codeOf(() => readTokens(text))).toBe(code);
  });

  it('takes what stands at its bounds', () => {
    const { textSizeMax, tokensCountMax, depthMax, nameLengthMax, parametersCountMax } = LIMITS;
    for (const text of [
      `'${'a'.repeat(textSizeMax - 2)}'`,
      `'${'é'.repeat(textSizeMax / 2 - 1)}'`,
      '1 '.repeat(tokensCountMax),
      '('.repeat(depthMax) + ')'.repeat(depthMax),
      'a'.repeat(nameLengthMax),
      '? '.repeat(parametersCountMax),
    ]) {
      expect(codeOf(() => readTokens(text))).toBe('none');
    }
  });

  it('says where', () => {
    const places = readTokens("a\n  'b\nc' d").tokens.map(({ place }) => place);
    expect(places.map(({ line, column }) => [line, column])).toEqual([
      [1, 1],
      [2, 3],
      [3, 4],
      [3, 5],
    ]);
    const error = errorOf(() => readTokens('a\n b é'));
    expect(error.place).toEqual({ offset: 5, line: 2, column: 4 });
    expect(error.message).toContain('line 2, column 4');
  });

  it('reads back any text between quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const clean = text.replaceAll(/\p{Cc}/gu, '');
        const { tokens } = readTokens(`'${clean.replaceAll("'", "''")}'`);
        expect(tokens[0]).toMatchObject({ kind: 'string', text: clean });
        expect(tokens).toHaveLength(2);
      }),
    );
  });
});
