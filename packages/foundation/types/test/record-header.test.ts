import {
  LeafPreimage,
  PAYLOAD_DIGEST_AT,
  PREVIOUS_HASH_AT,
  RECORD_HEADER_SEALED_SIZE,
  RECORD_HEADER_SIZE,
  RECORD_KINDS,
  type RecordHeader,
  type RecordKind,
  SEALINGS,
  type Sealing,
  bytesToHex,
  concatBytes,
  decodeRecordHeader,
  encodeRecordHeader,
  parseIdempotencyId,
  toGeneration,
  toHash,
  toKeyId,
  toOffset,
  toTenantId,
  toTimestamp,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { codeOf } from './code-of.ts';

const HEADER: RecordHeader = {
  kind: 'data',
  sealing: 'sealed',
  payloadSize: 0x0403_0201,
  tenant: toTenantId(0x07),
  offset: toOffset(0x0102_0304_0506),
  timestamp: toTimestamp(0x1122_3344_5566_7788n),
  generation: toGeneration(0x0a0b_0c0d),
  schemaVersion: 0x1011_1213,
  keyId: toKeyId(0x14),
  rowCount: 0x1516_1718,
  batchIndex: 0x191a_1b1c,
  idempotencyId: parseIdempotencyId('202122232425262728292a2b2c2d2e2f'),
  previousHash: toHash(new Uint8Array(32).fill(0xa1)),
  commitmentsRoot: toHash(new Uint8Array(32).fill(0xa2)),
  payloadDigest: toHash(new Uint8Array(32).fill(0xa3)),
};

/** The table of the format, byte for byte: this may never change. */
const HEX = [
  '0100', // format version
  '01', // kind: data
  '01', // sealing: sealed
  '01020304', // payload size
  '0700000000000000', // tenant
  '0605040302010000', // offset
  '8877665544332211', // timestamp
  '0d0c0b0a', // generation
  '13121110', // schema version
  '1400000000000000', // key id
  '18171615', // row count
  '1c1b1a19', // batch index
  '202122232425262728292a2b2c2d2e2f', // idempotency id
  'a1'.repeat(32), // previous hash
  'a2'.repeat(32), // commitments root
  'a3'.repeat(32), // payload digest
].join('');

const u32 = fc.nat(0xffff_ffff);
const u53 = fc.nat(Number.MAX_SAFE_INTEGER);
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHash);
const headers: fc.Arbitrary<RecordHeader> = fc.record({
  kind: fc.constantFrom(...(Object.keys(RECORD_KINDS) as RecordKind[])),
  sealing: fc.constantFrom(...(Object.keys(SEALINGS) as Sealing[])),
  payloadSize: u32,
  tenant: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(toTenantId),
  offset: u53.map(toOffset),
  timestamp: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map(toTimestamp),
  generation: fc.integer({ min: 1, max: 0xffff_ffff }).map(toGeneration),
  schemaVersion: u32,
  keyId: u53.map(toKeyId),
  rowCount: u32,
  batchIndex: u32,
  idempotencyId: fc.option(
    fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .filter((bytes) => bytes.some((byte) => byte !== 0))
      .map((bytes) => parseIdempotencyId(bytesToHex(bytes))),
  ),
  previousHash: hash,
  commitmentsRoot: hash,
  payloadDigest: hash,
});

describe('record header', () => {
  // S078, S084, S085, S091, S093, S095, S096: what a header holds, where and how wide; its kinds by name.
  test('the bytes of the format, pinned', () => {
    expect(bytesToHex(encodeRecordHeader(HEADER))).toBe(HEX);
    expect(decodeRecordHeader(encodeRecordHeader(HEADER))).toEqual(HEADER);
    expect([RECORD_HEADER_SIZE, RECORD_HEADER_SEALED_SIZE]).toEqual([168, 136]);
    expect(RECORD_KINDS).toEqual({ data: 1, checkpoint: 2, tombstone: 3, recovery: 4 });
    expect(SEALINGS).toEqual({ none: 0, sealed: 1 });
  });

  test('any header, also over the bytes of another', () => {
    const leaf = new LeafPreimage();
    leaf.header.fill(0xff);
    fc.assert(
      fc.property(headers, (header) => {
        const bytes = encodeRecordHeader(header);
        expect(decodeRecordHeader(bytes)).toEqual(header);
        leaf.begin(header);
        leaf.write(header, header);
        leaf.header.set(header.previousHash, PREVIOUS_HASH_AT);
        leaf.header.set(header.payloadDigest, PAYLOAD_DIGEST_AT);
        expect(leaf.bytes).toEqual(concatBytes(new Uint8Array(1), bytes));
      }),
    );
  });

  test('what is read owns its hashes', () => {
    const bytes = encodeRecordHeader(HEADER);
    const header = decodeRecordHeader(bytes);
    bytes.fill(0);
    expect(header).toEqual(HEADER);
  });

  test.each([
    ['format version 0', 0, 0],
    ['format version 2', 0, 2],
    ['format version 257', 1, 1],
    ['kind 0', 2, 0],
    ['kind 5', 2, 5],
    ['kind 255', 2, 255],
    ['sealing 2', 3, 2],
    ['tenant 0', 8, 0],
    ['a tenant above 2^53', 14, 0x20],
    ['an offset above 2^53', 22, 0x20],
    ['a key id above 2^53', 46, 0x20],
  ])('%s is refused', (_, at, byte) => {
    const bytes = encodeRecordHeader(HEADER);
    bytes[at] = byte;
    expect(codeOf(() => decodeRecordHeader(bytes))).toBe('ERR_TYPES_HEADER');
  });

  test('generation 0, and any other size, are refused', () => {
    const bytes = encodeRecordHeader(HEADER);
    bytes.fill(0, 32, 36);
    expect(codeOf(() => decodeRecordHeader(bytes))).toBe('ERR_TYPES_HEADER');
    for (const size of [0, 167, 169]) {
      expect(codeOf(() => decodeRecordHeader(new Uint8Array(size)))).toBe('ERR_TYPES_HEADER');
    }
  });

  test('whatever bytes are read, they are written back the same', () => {
    const spoiled = fc
      .tuple(headers, fc.nat(RECORD_HEADER_SIZE - 1), fc.nat(255))
      .map(([header, at, byte]) => {
        const bytes = encodeRecordHeader(header);
        bytes[at] = byte;
        return bytes;
      });
    const any = fc.uint8Array({ minLength: RECORD_HEADER_SIZE, maxLength: RECORD_HEADER_SIZE });
    fc.assert(
      fc.property(fc.oneof(spoiled, any), (bytes) => {
        const code = codeOf(() =>
          expect(encodeRecordHeader(decodeRecordHeader(bytes))).toEqual(bytes),
        );
        expect(['none', 'ERR_TYPES_HEADER']).toContain(code);
      }),
      { numRuns: 500 },
    );
  });

  test('numbers that do not fit are a bug of the writer', () => {
    for (const wrong of [
      { payloadSize: -1 },
      { payloadSize: 2 ** 32 },
      { rowCount: 2 ** 32 },
      { batchIndex: 2 ** 32 },
    ]) {
      expect(codeOf(() => encodeRecordHeader({ ...HEADER, ...wrong }))).toBe('ERR_ASSERTION');
    }
  });
});
