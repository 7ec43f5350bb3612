import { crc32 } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { toHash } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { judgeTail, wholeRecordAt } from '../src/scan.ts';
import { SEGMENT, TENANT, killedLog, recordEnds } from './logs.ts';

const SIZES = [10, 20, 30];
const BYTES = killedLog(SIZES).bytesOf(SEGMENT).slice(0, 1200);
const ENDS = recordEnds(SIZES);
const EXPECTED = {
  tenant: TENANT,
  offset: 0,
  previousHash: toHash(new Uint8Array(32)),
  timestamp: 0n,
  generation: 1,
};

const judge = (bytes: Uint8Array, position: number, offset: number): string =>
  judgeTail(nativeCrypto, bytes, position, { ...EXPECTED, offset }).kind;

describe('wholeRecordAt', () => {
  test('finds records where they begin and nowhere else', () => {
    const found: number[] = [];
    for (let position = 0; position < BYTES.length; position += 1) {
      if (wholeRecordAt(nativeCrypto, BYTES, position) !== undefined) found.push(position);
    }
    expect(found).toEqual([64, ...ENDS.slice(0, -1)]);
  });

  test('a payload that its CRC fits and its digest does not is not whole', () => {
    const changed = BYTES.slice();
    const crcAt = (ENDS[0] as number) - 4;
    changed[crcAt - 1] = (changed[crcAt - 1] as number) ^ 1;
    new DataView(changed.buffer).setUint32(crcAt, crc32(changed, 64, crcAt), true);
    expect(wholeRecordAt(nativeCrypto, changed, 64)).toBeUndefined();
  });

  test('of anything is a record or nothing', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), fc.nat(BYTES.length), (at, byte, size) => {
        const changed = BYTES.slice(0, size);
        if (size > 0) changed[at % size] = byte;
        const record = wholeRecordAt(nativeCrypto, changed, 64);
        expect(record?.header.offset ?? 0).toBe(0);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(wholeRecordAt(nativeCrypto, bytes, 0)).toBeUndefined();
      }),
    );
  });
});

describe('judgeTail', () => {
  test('zeros are a clean end; anything else is torn', () => {
    expect(judge(new Uint8Array(500), 64, 0)).toBe('clean');
    const bytes = new Uint8Array(500);
    bytes[499] = 1;
    expect(judge(bytes, 64, 0)).toBe('torn');
    expect(judgeTail(nativeCrypto, bytes, 64, EXPECTED)).toEqual({ kind: 'torn', end: 500 });
  });

  test('a record of a later batch behind is damage', () => {
    const bytes = BYTES.slice();
    bytes[70] = 0xff;
    expect(judge(bytes, 64, 0)).toBe('damaged');
    // The same record, where it is the one that is expected: nothing behind it was acknowledged.
    expect(judge(bytes.subarray(0, ENDS[0]), 64, 0)).toBe('torn');
    expect(judge(bytes, ENDS[1] as number, 2)).toBe('torn');
  });
});
