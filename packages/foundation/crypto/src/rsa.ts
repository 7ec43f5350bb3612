/**
 * RSASSA-PKCS1-v1_5 verification (RFC 8017 §8.2.2), for where there is no node:crypto.
 *
 * The encoded message is made anew and compared as a whole: nothing of what a signature opens to is
 * parsed, which is where implementations have failed. Nothing here is secret, so nothing takes care of
 * time.
 */

import { bytesEqual, bytesToHex, concatBytes, hexToBytes } from '@veritydb/types';

import type { Sha2 } from './crypto.ts';

/** RFC 8017 §9.2, note 1: DER of DigestInfo up to the digest. */
const DIGEST_INFO_PREFIX: Readonly<Record<Sha2, Uint8Array>> = {
  sha256: hexToBytes('3031300d060960864801650304020105000420'),
  sha384: hexToBytes('3041300d060960864801650304020205000430'),
  sha512: hexToBytes('3051300d060960864801650304020305000440'),
};

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(bytes)}`);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** Requires a key and a signature that {@link isPlainForeign} lets pass. */
export function isRsaSignature(
  key: { readonly modulus: Uint8Array; readonly exponent: Uint8Array },
  sha2: Sha2,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const modulus = toInteger(key.modulus);
  const value = toInteger(signature);
  if (value >= modulus) return false;
  const size = key.modulus.length;
  const opened = power(value, toInteger(key.exponent), modulus);
  const info = concatBytes(DIGEST_INFO_PREFIX[sha2], digest);
  // EMSA-PKCS1-v1_5 (§9.2): 0x00 ‖ 0x01 ‖ 0xff … ‖ 0x00 ‖ DigestInfo.
  const expected = new Uint8Array(size).fill(0xff);
  expected.set([0x00, 0x01]);
  expected[size - info.length - 1] = 0x00;
  expected.set(info, size - info.length);
  return bytesEqual(hexToBytes(opened.toString(16).padStart(2 * size, '0')), expected);
}
