/** The parts that read foreign bytes, one by one: what they write they read, and nothing else. */

import { HASH_SIZE, type Hash, concatBytes, toHash, toOffset, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { memorySource } from '../src/byte-source.ts';
import { CanonicalCursor } from '../src/canonical-cursor.ts';
import { formatConsistency, parseConsistency } from '../src/consistency-file.ts';
import { encodeDisclosure } from '../src/disclosure-row.ts';
import { BundleError } from '../src/error.ts';
import {
  SourceRecordReader,
  type SourceRecord,
  type SourceRecords,
  encodeSourceRecords,
} from '../src/source-records.ts';
import { decodeDisclosures } from './disclosures.ts';

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
        expect(readSourceRecords(encodeSourceRecords(value))).toEqual(value);
      }),
    );
    const leaf = new Uint8Array(168);
    const good = encodeSourceRecords({ records: [{ leaf, rowProof: [] }], proof: [], size: 3 });
    fuzz(good, (bytes) => encodeSourceRecords(readSourceRecords(bytes)));
  });
});

describe('disclosures', () => {
  it('are read as written', () => {
    const row = fc.record({
      commitment: hash,
      event: fc.constantFrom('insert' as const, 'update' as const),
      offset: fc.nat().map(toOffset),
      row: fc.nat(),
      schema: fc.nat(255),
      fields: fc.array(fc.oneof(sized(16), sized(32)), { minLength: 1, maxLength: 20 }),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 3 }), (rows) => {
        expect(decodeDisclosures(concatBytes(...rows.map(encodeDisclosure)))).toEqual(rows);
      }),
    );
  });
});

/** All of a file at once, as bytes of its own. */
function readSourceRecords(bytes: Uint8Array): SourceRecords {
  const reader = new SourceRecordReader(memorySource(bytes));
  const records: SourceRecord[] = [];
  for (let found = reader.next(); found !== null; found = reader.next()) {
    const { at, bytes: window, end, proofAt } = found;
    records.push({
      leaf: window.slice(at, at + 168),
      rowProof: hashesOf(window.slice(proofAt, end)),
    });
  }
  return { records, proof: hashesOf(reader.proof), size: reader.size };
}

function hashesOf(bytes: Uint8Array): readonly Hash[] {
  return Array.from({ length: bytes.length / HASH_SIZE }, (_, index) =>
    toHash(bytes.slice(index * HASH_SIZE, (index + 1) * HASH_SIZE)),
  );
}
