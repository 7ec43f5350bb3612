/** The parts that read foreign bytes, one by one: what they write they read, and nothing else. */

import { HASH_SIZE, toHash, toOffset, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CanonicalCursor, formatBase64Url } from '../src/canonical-cursor.ts';
import { formatConsistency, parseConsistency } from '../src/consistency-file.ts';
import { DataLineCodec } from '../src/data-line.ts';
import { FieldBuffer, formatDisclosure, parseDisclosure } from '../src/disclosure-line.ts';
import { BundleError } from '../src/error.ts';
import { formatSourceRecords, parseSourceRecords } from '../src/source-records.ts';

const sized = (size: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: size, maxLength: size });
const hash = sized(HASH_SIZE).map(toHash);

/** What was read, written again; null where it was refused with an error of ours. */
function accepted(bytes: Uint8Array, read: (bytes: Uint8Array) => Uint8Array): Uint8Array | null {
  try {
    return read(bytes);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return null;
  }
}

/** Reads bytes near to good ones, and random ones: a refusal is ours, what is accepted is canonical. */
function fuzz(good: Uint8Array, read: (bytes: Uint8Array) => Uint8Array): void {
  const near = fc
    .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 3 })
    .map((changes) => {
      const copy = good.slice();
      for (const [at, byte] of changes) copy[at] = byte;
      return copy;
    });
  fc.assert(
    fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 60 })), (bytes) => {
      expect(accepted(bytes, read) ?? bytes).toEqual(bytes);
    }),
    { numRuns: 1000 },
  );
}

describe('base64', () => {
  it('reads the vectors of RFC 4648 §10, with and without padding', () => {
    const vectors = [
      ['', ''],
      ['f', 'Zg=='],
      ['fo', 'Zm8='],
      ['foo', 'Zm9v'],
      ['foob', 'Zm9vYg=='],
      ['fooba', 'Zm9vYmE='],
      ['foobar', 'Zm9vYmFy'],
    ] as const;
    for (const [text, encoded] of vectors) {
      const bytes = utf8Encode(text);
      const cursor = new CanonicalCursor(utf8Encode(encoded), 'ERR_BUNDLE_PROOF');
      expect(cursor.base64(bytes.length)).toEqual(bytes);
      cursor.end();
      expect(formatBase64Url(bytes)).toBe(encoded.replaceAll('=', ''));
    }
  });

  it('refuses bits beyond the bytes, and the other alphabet', () => {
    for (const encoded of ['Zh==', 'Zm9=', '_w==', 'Zg', 'Zg=']) {
      const cursor = new CanonicalCursor(utf8Encode(encoded), 'ERR_BUNDLE_PROOF');
      expect(() => cursor.base64(encoded.startsWith('Zm') ? 2 : 1)).toThrow(BundleError);
    }
  });
});

describe('proofs', () => {
  it('of consistency are read as written', () => {
    const sizes = fc.nat({ max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(sizes, sizes, fc.array(hash, { maxLength: 4 }), (from, to, proof) => {
        expect(parseConsistency(formatConsistency({ from, to, proof }))).toEqual({
          from,
          to,
          proof,
        });
      }),
    );
    const good = formatConsistency({ from: 1, to: 20, proof: [toHash(new Uint8Array(32))] });
    fuzz(good, (bytes) => formatConsistency(parseConsistency(bytes)));
  });

  it('of source records are read as written', () => {
    const record = fc.record({
      leaf: sized(168),
      rowProof: fc.array(hash, { maxLength: 3 }),
    });
    const records = fc.record({
      records: fc.array(record, { maxLength: 3 }),
      proof: fc.array(hash, { maxLength: 3 }),
      size: fc.nat(),
    });
    fc.assert(
      fc.property(records, (value) => {
        expect(parseSourceRecords(formatSourceRecords(value))).toEqual(value);
      }),
    );
    const leaf = new Uint8Array(168);
    const good = formatSourceRecords({ records: [{ leaf, rowProof: [] }], proof: [], size: 3 });
    fuzz(good, (bytes) => formatSourceRecords(parseSourceRecords(bytes)));
  });
});

describe('lines', () => {
  it('of disclosures are read as written', () => {
    const line = fc.record({
      commitment: hash,
      event: fc.constantFrom('insert' as const, 'update' as const),
      offset: fc.nat().map(toOffset),
      row: fc.nat(),
      schema: fc.nat(9),
      fields: fc.array(fc.oneof(sized(16), sized(32)), { minLength: 1, maxLength: 6 }),
    });
    const buffer = new FieldBuffer();
    fc.assert(
      fc.property(line, (value) => {
        const bytes = utf8Encode(formatDisclosure(value)).slice(0, -1);
        expect(parseDisclosure(bytes, buffer)).toEqual(value);
      }),
    );
    const fields = [new Uint8Array(16), new Uint8Array(32)];
    const good = formatDisclosure({
      commitment: toHash(new Uint8Array(HASH_SIZE).fill(0xfb)),
      event: 'insert',
      offset: toOffset(7),
      row: 0,
      schema: 0,
      fields,
    });
    fuzz(utf8Encode(good).slice(0, -1), (bytes) =>
      utf8Encode(formatDisclosure(parseDisclosure(bytes, buffer))).slice(0, -1),
    );
  });

  it('of disclosures hold no more fields than a row has digests', () => {
    const read = (count: number): number => {
      const line = formatDisclosure({
        commitment: toHash(new Uint8Array(HASH_SIZE)),
        event: 'insert',
        offset: toOffset(7),
        row: 0,
        schema: 0,
        fields: Array.from({ length: count }, () => new Uint8Array(16)),
      });
      return parseDisclosure(utf8Encode(line).slice(0, -1), new FieldBuffer()).fields.length;
    };
    expect(read(1024)).toBe(1024);
    expect(() => read(1025)).toThrow(BundleError);
  });

  it('of data are read as written, whatever the names of columns', () => {
    const codec = new DataLineCodec([
      { name: '__proto__', type: 'text' },
      { name: 'a"b', type: 'bigint' },
      { name: 'Ω', type: 'bytes' },
      { name: 'n', type: 'json' },
    ]);
    const values = ['x\u{1f600}', 1n << 60n, new Uint8Array([1, 2]), '{"a":[1]}'];
    const line = codec.format(values);
    expect(line).toBe(
      '{"__proto__":"x\u{1f600}","a\\"b":"1152921504606846976","n":"{\\"a\\":[1]}","Ω":"AQI="}\n',
    );
    expect(codec.parse(utf8Encode(line.trimEnd()))).toEqual(values);
    fuzz(utf8Encode(line.trimEnd()), (bytes) =>
      utf8Encode(codec.format(codec.parse(bytes)).trimEnd()),
    );
  });
});
