import { type JsonValue, canonicalJson, parseCanonicalJson, parseJson } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { codeOf } from './code-of.ts';
import { hasShared, sharedText } from './shared-vectors.ts';

describe('parseJson', () => {
  test.each([
    ['a member twice', '{"a":1,"a":1}'],
    ['a member twice, spelled otherwise', String.raw`{"a":1,"\u0061":2}`],
    ['a member twice, deep', '[{"x":{"b":1,"c":[],"b":2}}]'],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}'],
    ['a lone surrogate', String.raw`"\ud800"`],
    ['a lone surrogate in a name', String.raw`{"\udc00":1}`],
    ['33 levels', `${'['.repeat(33)}${']'.repeat(33)}`],
    ['100,000 levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['a trailing comma', '[1,]'],
    ['a comment', '1//'],
    ['a byte-order mark', '\ufeff1'],
    ['a number that no double holds', '[1e999]'],
    ['a number of 400 digits', `{"a":-${'9'.repeat(400)}}`],
    ['two values', '1 2'],
    ['single quotes', "'a'"],
    ['a leading zero', '01'],
    ['a control character', '"\u0001"'],
    ['nothing', ''],
    ['NaN', 'NaN'],
  ])('%s is refused', (_, text) => {
    expect(codeOf(() => parseJson(text))).toBe('ERR_TYPES_JSON');
  });

  test.each([
    ['one name in two objects', '[{"a":1},{"a":2}]'],
    ['one name inside and outside', '{"a":{"a":1},"b":{"a":[{"a":2}]}}'],
    ['values that look like names', '{"a":"a","b":["a","a","b"]}'],
    ['brackets and quotes in text', String.raw`{"a":"\"{,\"","b":"]}\\"}`],
    ['__proto__ once', '{"__proto__":{"x":1}}'],
    ['32 levels', `${'['.repeat(32)}${']'.repeat(32)}`],
    ['an empty name', '{"":0}'],
  ])('%s is read', (_, text) => {
    expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)));
  });

  test('any value is read as the platform reads it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5, noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value, undefined, 1);
        const code = codeOf(() => expect(parseJson(text)).toEqual(JSON.parse(text)));
        const wellFormed = !/\\ud[89a-f]/.test(text);
        expect(code).toBe(wellFormed ? 'none' : 'ERR_TYPES_JSON');
      }),
      { numRuns: 300 },
    );
  });

  test('a doubled member is found wherever it stands', () => {
    const name = fc.constantFrom('a', 'b', 'c', '"', '\\', '}');
    const members = fc.array(fc.tuple(name, fc.constantFrom('1', '{}', '{"a":"b"}', '["a"]')), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(members, (all) => {
        const text = `{${all.map(([key, value]) => `${JSON.stringify(key)} : ${value}`).join(' , ')}}`;
        const doubled = new Set(all.map(([key]) => key)).size < all.length;
        expect(codeOf(() => parseJson(text))).toBe(doubled ? 'ERR_TYPES_JSON' : 'none');
      }),
      { numRuns: 300 },
    );
  });
});

describe('canonicalJson (RFC 8785)', () => {
  test('the example of §3.2.2 and §3.2.3', () => {
    const input = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`;
    expect(canonicalJson(parseJson(input))).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test('members are ordered by UTF-16 units', () => {
    expect(canonicalJson({ '\ufb33': 1, '\u{1f602}': 2, b: 3, a: 4, '': 5, '10': 6, '9': 7 })).toBe(
      '{"":5,"10":6,"9":7,"a":4,"b":3,"\u{1f602}":2,"\ufb33":1}',
    );
  });

  test('what has no canonical form is refused', () => {
    const deep = (depth: number): JsonValue => (depth === 0 ? 1 : [deep(depth - 1)]);
    for (const value of [Number.NaN, Infinity, '\ud800', { '\udc00': 1 }, deep(33)]) {
      expect(codeOf(() => canonicalJson(value))).toBe('ERR_TYPES_JSON');
    }
    expect(codeOf(() => canonicalJson(deep(32)))).toBe('none');
  });

  test('is idempotent, and any other spelling is refused', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = canonicalJson(value as JsonValue);
        expect(canonicalJson(parseCanonicalJson(text))).toBe(text);
        expect(codeOf(() => parseCanonicalJson(`${text} `))).toBe('ERR_TYPES_JSON');
      }),
    );
    for (const text of [
      '{"b":1,"a":2}',
      '[1, 2]',
      '1.0',
      '1E3',
      '-0',
      String.raw`"\u0061"`,
      String.raw`"\/"`,
    ]) {
      expect([text, codeOf(() => parseCanonicalJson(text))]).toEqual([text, 'ERR_TYPES_JSON']);
    }
  });

  test('no text makes the parser throw anything but its code', () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\',
      '"a"',
      '1',
      '-',
      'e',
      ' ',
      'null',
      '\ud800',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
        const code = codeOf(() => parseCanonicalJson(tokens.join('')));
        expect(['none', 'ERR_TYPES_JSON']).toContain(code);
      }),
      { numRuns: 2000 },
    );
  });
});

describe.runIf(hasShared('vectors/jcs-rfc8785'))('vectors of the RFC 8785 authors', () => {
  test.each(['arrays', 'french', 'structures', 'unicode', 'values', 'weird'])('%s', (name) => {
    const folder = 'vectors/jcs-rfc8785/testdata';
    const text = canonicalJson(parseJson(sharedText(`${folder}/input/${name}.json`)));
    expect(text).toBe(sharedText(`${folder}/output/${name}.json`).trimEnd());
    const hex = sharedText(`${folder}/outhex/${name}.txt`).replaceAll(/\s/g, '');
    expect(Buffer.from(text).toString('hex')).toBe(hex);
  });
});
