import {
  CanonicalReader,
  CanonicalWriter,
  bytesToHex,
  concatBytes,
  hexToBytes,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { codeOf } from './code-of.ts';
import { hasShared, sharedJson } from './shared-vectors.ts';

type Item = null | boolean | number | bigint | string | Uint8Array | readonly Item[];

function write(writer: CanonicalWriter, item: Item): CanonicalWriter {
  if (item === null) return writer.null();
  if (typeof item === 'boolean') return writer.boolean(item);
  if (typeof item === 'number' || typeof item === 'bigint') return writer.integer(item);
  if (typeof item === 'string') return writer.text(item);
  if (item instanceof Uint8Array) return writer.bytes(item);
  writer.array(item.length);
  for (const one of item) write(writer, one);
  return writer;
}

function read(reader: CanonicalReader): Item {
  switch (reader.peek()) {
    case 'null':
      return reader.null();
    case 'boolean':
      return reader.boolean();
    case 'integer':
      return reader.integer();
    case 'text':
      return reader.text();
    case 'bytes':
      return reader.bytes();
    case 'array':
      return Array.from({ length: reader.array() }, () => read(reader));
    default:
      throw new Error('a kind that is not known here');
  }
}

function encode(item: Item): string {
  return bytesToHex(write(new CanonicalWriter(1), item).finish());
}

function decode(hex: string): Item {
  const reader = new CanonicalReader(hexToBytes(hex));
  const item = read(reader);
  reader.end();
  return item;
}

/** RFC 8949, appendix A: what falls in the profile. */
const APPENDIX_A: readonly (readonly [Item, string])[] = [
  [0, '00'],
  [1, '01'],
  [10, '0a'],
  [23, '17'],
  [24, '1818'],
  [25, '1819'],
  [100, '1864'],
  [1000, '1903e8'],
  [1_000_000, '1a000f4240'],
  [1_000_000_000_000, '1b000000e8d4a51000'],
  [18_446_744_073_709_551_615n, '1bffffffffffffffff'],
  [-1, '20'],
  [-10, '29'],
  [-100, '3863'],
  [-1000, '3903e7'],
  [false, 'f4'],
  [true, 'f5'],
  [null, 'f6'],
  [new Uint8Array(0), '40'],
  [Uint8Array.of(1, 2, 3, 4), '4401020304'],
  ['', '60'],
  ['a', '6161'],
  ['IETF', '6449455446'],
  ['"\\', '62225c'],
  ['\u00fc', '62c3bc'],
  ['\u6c34', '63e6b0b4'],
  ['\ud800\udd51', '64f0908591'],
  [[], '80'],
  [[1, 2, 3], '83010203'],
  [[1, [2, 3], [4, 5]], '8301820203820405'],
];

describe('RFC 8949 appendix A', () => {
  test('typed', () => {
    for (const [item, hex] of APPENDIX_A) {
      expect(encode(item)).toBe(hex);
      expect(decode(hex)).toEqual(item);
    }
  });

  test('lengths and numbers at the limits of each head', () => {
    for (const size of [23, 24, 255, 256, 65_535, 65_536]) {
      const text = 'x'.repeat(size);
      const bytes = new Uint8Array(size).fill(7);
      expect(decode(encode(text))).toBe(text);
      expect(decode(encode(bytes))).toEqual(bytes);
    }
    for (const [item, hex] of [
      [255, '18ff'],
      [256, '190100'],
      [65_535, '19ffff'],
      [65_536, '1a00010000'],
      [4_294_967_295, '1affffffff'],
      [4_294_967_296, '1b0000000100000000'],
      [Number.MAX_SAFE_INTEGER, '1b001fffffffffffff'],
      [2n ** 53n, '1b0020000000000000'],
      [Number.MIN_SAFE_INTEGER, '3b001ffffffffffffe'],
      [-(2n ** 53n), '3b001fffffffffffff'],
      [-(2n ** 63n), '3b7fffffffffffffff'],
    ] as const) {
      expect(encode(item)).toBe(hex);
      expect(decode(hex)).toBe(item);
      expect(encode(BigInt(item))).toBe(hex);
    }
  });
});

describe('text whose bytes need a longer head than its characters', () => {
  test.each([8, 11, 12, 23, 24, 84, 85, 86, 127, 128, 255, 256, 21_845, 21_846, 65_535, 65_536])(
    '%i characters of two, three and four bytes',
    (count) => {
      for (const character of ['\u00e9', '\u20ac', '\u{1f600}']) {
        const text = character.repeat(count);
        const writer = new CanonicalWriter(1).text('before').text(text).text('after');
        const reader = new CanonicalReader(writer.view());
        expect([reader.text(), reader.text() === text, reader.text()]).toEqual([
          'before',
          true,
          'after',
        ]);
        reader.end();
      }
    },
  );
});

const { item: items } = fc.letrec<{ item: Item }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }),
    fc.string({ unit: 'binary', maxLength: 90 }).filter((text) => !/\p{Surrogate}/u.test(text)),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('item'), { maxLength: 5 }),
  ),
}));

describe('round trip', () => {
  test('any item', () => {
    fc.assert(
      fc.property(items, (item) => {
        const hex = encode(item);
        // Numbers come back as numbers where they are safe.
        expect(encode(decode(hex))).toBe(hex);
        expect(normal(decode(hex))).toEqual(normal(item));
      }),
      { numRuns: 300 },
    );
  });

  test('any bytes that are read are what would be written', () => {
    const spoiled = fc.tuple(items, fc.nat(), fc.nat(255)).map(([item, pick, value]) => {
      const bytes = hexToBytes(encode(item));
      bytes[pick % bytes.length] = value;
      return bytes;
    });
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 12 }), spoiled), (bytes) => {
        const hex = bytesToHex(bytes);
        const code = codeOf(() => {
          const again = encode(decode(hex));
          accepted += 1;
          expect(again).toBe(hex);
        });
        expect(['none', 'ERR_TYPES_CANONICAL']).toContain(code);
      }),
      { numRuns: 2000 },
    );
    // A canary: a reader that refuses everything would prove nothing.
    expect(accepted).toBeGreaterThan(50);
  });

  test('bytes amid others are read as if they stood alone, and never past their end', () => {
    const around = fc.uint8Array({ maxLength: 9 });
    fc.assert(
      fc.property(items, around, around, fc.nat(), (item, before, after, pick) => {
        const bytes = hexToBytes(encode(item));
        const all = concatBytes(before, bytes, after);
        const start = before.length;
        const reader = new CanonicalReader(all, start, start + bytes.length);
        expect(normal(read(reader))).toEqual(normal(item));
        reader.end();
        const cut = new CanonicalReader(all, start, start + (pick % bytes.length));
        expect(codeOf(() => read(cut))).toBe('ERR_TYPES_CANONICAL');
      }),
      { numRuns: 500 },
    );
  });

  test('a writer that is reset writes anew, and a view is what was written', () => {
    const writer = new CanonicalWriter(4);
    writer.text('something long enough to grow');
    const first = writer.finish();
    writer.reset().raw(Uint8Array.of(0xf6)).integer(1);
    expect(bytesToHex(writer.view())).toBe('f601');
    expect(decode(bytesToHex(first))).toBe('something long enough to grow');
  });
});

function normal(item: Item): Item {
  if (typeof item === 'number') return BigInt(item);
  return Array.isArray(item) ? (item as readonly Item[]).map(normal) : item;
}

test.each([
  ['nothing', ''],
  ['two items', '0000'],
  ['a longer form than needed: 23', '1817'],
  ['a longer form than needed: 255', '1900ff'],
  ['a longer form than needed: 65535', '1a0000ffff'],
  ['a longer form than needed: 2^32 − 1', '1b00000000ffffffff'],
  ['a longer form of a length', '580101'],
  ['a longer form of a text', '780161'],
  ['a longer form of a negative', '3817'],
  ['a number cut short', '19ff'],
  ['bytes cut short', '4201'],
  ['text cut short', '6261'],
  ['an array cut short', '8201'],
  ['an array of 2^32 items', '9b0000000100000000'],
  ['bytes of 2^63', '5b8000000000000000'],
  ['an integer below −2^63', '3b8000000000000000'],
  ['a map', 'a0'],
  ['a tag', 'c000'],
  ['undefined', 'f7'],
  ['an unassigned simple value', 'f0'],
  ['false in two bytes', 'f814'],
  ['a half float', 'f93c00'],
  ['a float', 'fa3f800000'],
  ['a double', 'fb3ff0000000000000'],
  ['indefinite bytes', '5f4100ff'],
  ['indefinite text', '7f6161ff'],
  ['an indefinite array', '9f00ff'],
  ['a break', 'ff'],
  ['a reserved length', '1c'],
  ['text that is not UTF-8', '61ff'],
  ['long text that is not UTF-8', `7846${'61'.repeat(69)}ff`],
  ['a surrogate in UTF-8', '63eda080'],
])('%s is refused', (_, hex) => {
  expect(codeOf(() => decode(hex))).toBe('ERR_TYPES_CANONICAL');
});

test('each method refuses what is not its own', () => {
  const calls: readonly (readonly [string, (reader: CanonicalReader) => unknown])[] = [
    ['6161', (reader) => reader.integer()],
    ['20', (reader) => reader.count()],
    ['1b0020000000000000', (reader) => reader.count()],
    ['00', (reader) => reader.text()],
    ['6161', (reader) => reader.bytes()],
    ['f6', (reader) => reader.boolean()],
    ['f4', (reader) => reader.null()],
    ['820102', (reader) => reader.arrayOf(3)],
    ['00', (reader) => reader.array()],
    ['', (reader) => reader.null()],
    ['00', (reader) => reader.end()],
    ['420102', (reader) => reader.bytesOf(3, () => 0)],
    ['4301', (reader) => reader.bytesOf(3, () => 0)],
    ['6161', (reader) => reader.bytesOf(1, () => 0)],
    ['8201', (reader) => reader.literal(Uint8Array.of(0x82, 2))],
    ['82', (reader) => reader.literal(Uint8Array.of(0x82, 1))],
    ['', (reader) => reader.nullOrNot()],
  ];
  for (const [hex, call] of calls) {
    expect(codeOf(() => call(new CanonicalReader(hexToBytes(hex))))).toBe('ERR_TYPES_CANONICAL');
  }
});

test('what is outside the profile is a bug of the writer', () => {
  const writer = new CanonicalWriter();
  for (const value of [0.5, Number.NaN, 2 ** 53, 1n << 64n, -(1n << 63n) - 1n]) {
    expect(codeOf(() => writer.integer(value))).toBe('ERR_ASSERTION');
  }
  expect(codeOf(() => writer.text('\ud800'))).toBe('ERR_TYPES_VALUE');
});

/** Whether it is read: no map, tag, float, undefined or indefinite length. */
function inProfile(hex: string): boolean {
  return codeOf(() => decode(hex)) === 'none';
}

describe.runIf(hasShared('vectors/cbor'))('published vectors', () => {
  test('RFC 8949 appendix A: what is read is written to the same bytes', () => {
    const vectors = sharedJson('vectors/cbor/appendix_a.json') as { hex: string }[];
    const taken = vectors.filter(({ hex }) => inProfile(hex));
    expect(taken.length).toBe(31);
    for (const { hex } of taken) expect(encode(decode(hex))).toBe(hex);
  });

  test('dCBOR: valid items of the profile, and all invalid ones are refused but one', () => {
    const valid = sharedJson('vectors/dcbor/valid.json') as { hex: string }[];
    const taken = valid.filter(({ hex }) => inProfile(hex));
    expect(taken.length).toBe(24);
    for (const { hex } of taken) expect(encode(decode(hex))).toBe(hex);
    const invalid = sharedJson('vectors/dcbor/invalid.json') as {
      hex: string;
      diagnostic: string;
    }[];
    const accepted = invalid.filter(({ hex }) => inProfile(hex)).map((one) => one.diagnostic);
    // dCBOR wants text in normal form C; ours is committed as it was given.
    expect(accepted).toEqual(['"E\u0308"']);
  });
});
