/** The worked example of docs/formats/record.md, made here and taken apart by node:crypto and zlib alone. */

import { createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { crc32 } from 'node:zlib';

import { nativeCrypto } from '@veritydb/crypto/native';
import { SimDisk } from '@veritydb/sim';
import {
  bytesToHex,
  concatBytes,
  decodeRecordHeader,
  hexToBytes,
  parseIdempotencyId,
  toHash,
  toKeyId,
  toTenantId,
  toTimestamp,
  utf8Encode,
} from '@veritydb/types';
import { expect, test } from 'vitest';

import { Log } from '../src/index.ts';

const PAGE = readFileSync(
  resolve(import.meta.dirname, '../../../../docs/formats/record.md'),
  'utf8',
);
const SEGMENT = 'log/00000000000000000000.vlog';
const KEY = Uint8Array.from({ length: 32 }, (_, index) => index);

/** A block of hexadecimal of the page. */
function block(name: string): Uint8Array {
  const [, hex] = new RegExp(`\`\`\`hex ${name}\\n([0-9a-f\\s]+)\`\`\``).exec(PAGE) ?? [];
  if (hex === undefined) throw new Error(`the page has no block named ${name}`);
  return hexToBytes(hex.replaceAll(/\s/g, ''));
}

test('the log writes the bytes of the page', () => {
  const disk = new SimDisk();
  const log = Log.open({
    disk,
    crypto: nativeCrypto,
    tenant: toTenantId(7),
    now: toTimestamp(0n),
    identity: () => Uint8Array.from({ length: 16 }, (_, index) => 0xa0 + index),
  });
  const { leafHashes } = log.append([
    {
      kind: 'data',
      timestamp: toTimestamp(1_700_000_000_000_000_000n),
      schemaVersion: 1,
      rowCount: 1,
      idempotencyId: parseIdempotencyId('00112233445566778899aabbccddeeff'),
      commitmentsRoot: toHash(new Uint8Array(32).fill(0xcc)),
      payload: {
        sealing: 'sealed',
        keyId: toKeyId(3),
        cipher: nativeCrypto.recordCipher(KEY),
        plaintext: utf8Encode('hello'),
      },
    },
  ]);
  log.close();
  const parts = ['segment-header', 'header', 'payload', 'crc'].map((name) => block(name));
  const expected = concatBytes(...parts);
  const written = disk.bytesOf(SEGMENT);
  expect(bytesToHex(written.subarray(0, expected.length))).toBe(bytesToHex(expected));
  expect(written.subarray(expected.length).every((byte) => byte === 0)).toBe(true);
  expect(PAGE).toContain(bytesToHex(leafHashes));
  const superblock = disk.bytesOf('superblock');
  for (const copy of [0, 1, 2, 3]) {
    const start = copy * 4096;
    expect(bytesToHex(superblock.subarray(start, start + 160))).toBe(
      bytesToHex(block('superblock')),
    );
  }
});

// S043, S065, S066: CRC-32, chain hash and seal, taken apart by other programs' code.
test('the bytes of the page are what its words say', () => {
  const [header, payload, superblock] = ['header', 'payload', 'superblock'].map((name) =>
    Buffer.from(block(name)),
  ) as [Buffer, Buffer, Buffer];
  const sha256 = (...parts: readonly Uint8Array[]): string =>
    createHash('sha256')
      .update(concatBytes(...parts))
      .digest('hex');
  expect(decodeRecordHeader(block('header'))).toMatchObject({ kind: 'data', offset: 0 });
  expect(header.subarray(136).toString('hex')).toBe(sha256(payload));
  expect(block('crc')).toEqual(u32(crc32(concatBytes(header, payload))));
  expect(block('segment-header').subarray(60)).toEqual(
    u32(crc32(block('segment-header').subarray(0, 60))),
  );
  const leafHash = sha256(new Uint8Array(1), header);
  expect(PAGE).toContain(leafHash);
  expect(superblock.subarray(64, 96).toString('hex')).toBe(leafHash);
  expect(superblock.subarray(128).toString('hex')).toBe(sha256(superblock.subarray(0, 128)));

  const keys = Buffer.from(hkdfSync('sha256', KEY, '', 'veritydb record v1', 64));
  const sealed = payload.subarray(0, -16);
  const decipher = createDecipheriv(
    'aes-256-ctr',
    keys.subarray(0, 32),
    hexToBytes('00000001000000000000ffffff000000'),
  );
  expect(decipher.update(sealed).toString()).toBe('hello');
  const mac = createHmac('sha256', keys.subarray(32))
    .update(header.subarray(0, 136))
    .update(sealed);
  expect(mac.digest().subarray(0, 16)).toEqual(payload.subarray(-16));
});

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
