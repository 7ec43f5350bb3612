import { nativeCrypto } from '@veritydb/crypto/native';
import { expectCode } from '@veritydb/testkit';
import { bytesToHex, toHash } from '@veritydb/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  MerkleError,
  decodeCheckpointPayload,
  encodeCheckpointPayload,
  hideName,
  hidePolicies,
} from '../../src/index.ts';

const HASH = toHash(new Uint8Array(32).fill(0x11));
const SALT = new Uint8Array(16).fill(0x22);

const CHECKPOINT = {
  chainHash: HASH,
  recordCount: 1000,
  roots: [{ name: toHash(new Uint8Array(32).fill(0x33)), root: HASH }],
  policies: HASH,
};

describe('checkpoint payload (S079, S099, S116)', () => {
  test('round trip, and its bytes', () => {
    const bytes = encodeCheckpointPayload(CHECKPOINT);
    expect(decodeCheckpointPayload(bytes)).toEqual(CHECKPOINT);
    const hash = `5820${'11'.repeat(32)}`;
    expect(bytesToHex(bytes)).toBe(`8502${hash}1903e881825820${'33'.repeat(32)}${hash}${hash}`);
  });

  test('every truncation and another version are refused', () => {
    const bytes = encodeCheckpointPayload(CHECKPOINT);
    const refused = (given: Uint8Array): void => {
      const { kind } = expectCode(
        () => decodeCheckpointPayload(given),
        'ERR_MERKLE_CHECKPOINT_PAYLOAD',
      );
      expect(kind).toBe('verification');
    };
    for (let size = 0; size < bytes.length; size += 1) refused(bytes.subarray(0, size));
    refused(bytes.with(1, 1));
  });

  test('decoding anything gives a payload or a coded error', () => {
    const bytes = encodeCheckpointPayload(CHECKPOINT);
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), (at, byte) => {
        try {
          decodeCheckpointPayload(bytes.with(at % bytes.length, byte));
        } catch (error) {
          expect(error).toBeInstanceOf(MerkleError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('names and policies are hidden by their salts', () => {
    const other = SALT.with(0, 1);
    const name = hideName(nativeCrypto, SALT, 'patients');
    expect(bytesToHex(name)).toBe(
      bytesToHex(
        nativeCrypto.sha256(
          Buffer.concat([Buffer.from('vdb.nam1'), SALT, Buffer.from('patients')]),
        ),
      ),
    );
    expect(hideName(nativeCrypto, other, 'patients')).not.toEqual(name);
    const policies = [{ name: 'research', version: 3, sha256: HASH }];
    const hidden = hidePolicies(nativeCrypto, SALT, policies);
    expect(hidePolicies(nativeCrypto, other, policies)).not.toEqual(hidden);
    expect(hidePolicies(nativeCrypto, SALT, [])).not.toEqual(hidden);
  });
});
