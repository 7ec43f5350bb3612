/**
 * Which Ed25519 public keys are taken at all, by both providers alike.
 *
 * RFC 8032 §5.1.3 refuses an encoding whose y is not below p = 2^255 − 19, and libraries differ in what
 * they let pass. A key of small order signs every message for anybody. So both are refused here, from
 * the bytes alone; what is left is verified without the cofactor, which leaves nothing to choose.
 */

import { bytesEqual, hexToBytes } from '@veritydb/types';

import { ED25519_PUBLIC_KEY_SIZE } from './crypto.ts';

/** y of the eight points of small order, little-endian; the sign of x is apart, in the highest bit. */
const SMALL_ORDER_Y: readonly Uint8Array[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map(hexToBytes);

/** Whether the bytes are a canonical encoding that is not of small order; the curve is not checked. */
export function isStrictPublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== ED25519_PUBLIC_KEY_SIZE) return false;
  const y = publicKey.slice();
  y[31] = (y[31] as number) & 0x7f;
  const belowP =
    y[31] !== 0x7f || (y[0] as number) < 0xed || y.subarray(1, 31).some((byte) => byte !== 0xff);
  return belowP && !SMALL_ORDER_Y.some((small) => bytesEqual(small, y));
}
