import {
  base64ToBytes,
  bytesEqual,
  bytesToBase64,
  bytesToHex,
  compareBytes,
  compareText,
  concatBytes,
  hexToBytes,
  isWellFormed,
  utf8Decode,
  utf8Encode,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { codeOf } from './code-of.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 6 })
    .map((units) => String.fromCharCode(...units)),
);

/** RFC 3629 §4, over a text with a character a byte. */
const UTF8 =
  /^(?:[\0-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})*$/;

function oracle(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes);
  return UTF8.test(buffer.toString('latin1')) ? buffer.toString() : 'ERR_TYPES_VALUE';
}

function decoded(bytes: Uint8Array, start?: number, end?: number): string {
  try {
    return utf8Decode(bytes, start, end);
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('UTF-8', () => {
  test('every sequence of one and two bytes, as the grammar has it', () => {
    const wrong: string[] = [];
    for (let first = 0; first < 256; first += 1) {
      expect(decoded(Uint8Array.of(first))).toBe(oracle(Uint8Array.of(first)));
      for (let second = 0; second < 256; second += 1) {
        const bytes = Uint8Array.of(first, second);
        if (decoded(bytes) !== oracle(bytes)) wrong.push(bytesToHex(bytes));
      }
    }
    expect(wrong).toEqual([]);
  });

  test('sequences of three and four bytes around every limit', () => {
    const leads = [0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff];
    const nexts = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0];
    const wrong: string[] = [];
    for (const a of leads) {
      for (const b of nexts) {
        for (const c of nexts) {
          expect(decoded(Uint8Array.of(a, b, c))).toBe(oracle(Uint8Array.of(a, b, c)));
          for (const d of nexts) {
            const bytes = Uint8Array.of(a, b, c, d);
            if (decoded(bytes) !== oracle(bytes)) wrong.push(bytesToHex(bytes));
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('any bytes, and a byte-order mark stays', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        expect(decoded(bytes)).toBe(oracle(bytes));
      }),
      { numRuns: 500 },
    );
    expect(utf8Decode(hexToBytes('efbbbf41'))).toBe('\ufeffA');
  });

  test('text of any length, spoiled or not, wherever it stands', () => {
    const text = fc.string({ unit: 'binary', maxLength: 120, size: 'max' });
    const spoil = fc.option(fc.tuple(fc.nat(), fc.nat(255)), { nil: undefined });
    fc.assert(
      fc.property(text, fc.nat(5), spoil, (written, start, spoiled) => {
        const bytes = new Uint8Array(Buffer.from(written));
        if (spoiled !== undefined && bytes.length > 0) {
          bytes[spoiled[0] % bytes.length] = spoiled[1];
        }
        const amid = concatBytes(new Uint8Array(start).fill(0xff), bytes, Uint8Array.of(0xff));
        expect(decoded(amid, start, start + bytes.length)).toBe(oracle(bytes));
      }),
      { numRuns: 500 },
    );
  });

  test('any text is encoded as the platform encodes it, or refused for a lone surrogate', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const right = !/\p{Surrogate}/u.test(text);
        expect(isWellFormed(text)).toBe(right);
        const code = codeOf(() => utf8Encode(text));
        expect(code).toBe(right ? 'none' : 'ERR_TYPES_VALUE');
        const wellFormed = text.replaceAll(/\p{Surrogate}/gu, '?');
        expect(utf8Encode(wellFormed)).toEqual(new TextEncoder().encode(wellFormed));
        expect(utf8Decode(utf8Encode(wellFormed))).toBe(wellFormed);
      }),
      { numRuns: 500 },
    );
  });
});

describe('hexadecimal and base64', () => {
  test('RFC 4648 §10', () => {
    const encoded = ['', 'Zg==', 'Zm8=', 'Zm9v', 'Zm9vYg==', 'Zm9vYmE=', 'Zm9vYmFy'];
    for (const [size, text] of encoded.entries()) {
      expect(bytesToBase64(utf8Encode('foobar'.slice(0, size)))).toBe(text);
    }
    expect(bytesToHex(utf8Encode('foobar'))).toBe('666f6f626172');
  });

  test('any bytes, as the platform writes them', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(bytesToBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(base64ToBytes(bytesToBase64(bytes))).toEqual(bytes);
        expect(bytesToHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
        expect(hexToBytes(bytesToHex(bytes))).toEqual(bytes);
      }),
    );
  });

  test('one spelling only', () => {
    for (const text of [
      'Zg',
      'Zg=',
      'Zh==',
      'Zg===',
      'Zg==\n',
      ' Zg==',
      'Zm9',
      'Z',
      '=',
      '====',
      'Zm9v=',
      'Zm-_',
      'Zg==Zg==',
      'Zéo=',
    ]) {
      expect([text, codeOf(() => base64ToBytes(text))]).toEqual([text, 'ERR_TYPES_VALUE']);
    }
    for (const text of ['0', 'AA', '0g', ' 00', '00\n', '0x00']) {
      expect([text, codeOf(() => hexToBytes(text))]).toEqual([text, 'ERR_TYPES_VALUE']);
    }
  });

  test('what is accepted is written back', () => {
    const alphabet = fc.constantFrom(...'AQgwZ09+/=-_ \n'.split(''));
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 9 }), (characters) => {
        const text = characters.join('');
        const code = codeOf(() => expect(bytesToBase64(base64ToBytes(text))).toBe(text));
        expect(['none', 'ERR_TYPES_VALUE']).toContain(code);
      }),
      { numRuns: 500 },
    );
  });
});

test('bytes are ordered and joined as the platform does', () => {
  const bytes = fc.uint8Array({ maxLength: 4, max: 3 });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
      expect(bytesEqual(a, b)).toBe(Buffer.compare(a, b) === 0);
      expect(concatBytes(a, b)).toEqual(Uint8Array.from([...a, ...b]));
    }),
  );
});

test('text is ordered by its UTF-8 bytes', () => {
  const unit = fc.constantFrom(
    'a',
    'b',
    '\u007f',
    '\u0080',
    '\ud7ff',
    '\ue000',
    '\uffff',
    '\u{10000}',
    '\u{10ffff}',
  );
  const text = fc.array(unit, { maxLength: 4 }).map((units) => units.join(''));
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareText(a, b))).toBe(
        Math.sign(compareBytes(utf8Encode(a), utf8Encode(b))),
      );
    }),
    { numRuns: 500 },
  );
});
