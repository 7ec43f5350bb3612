/** HKDF-SHA-256 (RFC 5869 §2) over the HMAC of a provider. */

import { HASH_SIZE, assert } from '@veritydb/types';

import { type Crypto, HKDF_SIZE_MAX } from './crypto.ts';

const NO_SALT = new Uint8Array(HASH_SIZE);

/** `size` bytes; what they are made of is cleared. */
export function hkdfSha256(
  crypto: Pick<Crypto, 'hmacSha256Into'>,
  key: Uint8Array,
  { salt, info }: { readonly salt: Uint8Array; readonly info: Uint8Array },
  size: number,
): Uint8Array {
  assert(size > 0 && size <= HKDF_SIZE_MAX, 'HKDF does not give that many bytes');
  const extracted = new Uint8Array(HASH_SIZE);
  crypto.hmacSha256Into(salt.length === 0 ? NO_SALT : salt, key, extracted, 0, HASH_SIZE);
  // T(n − 1) ‖ info ‖ n; there is no T(0).
  const input = new Uint8Array(HASH_SIZE + info.length + 1);
  input.set(info, HASH_SIZE);
  const output = new Uint8Array(size);
  for (let at = 0; at < size; at += HASH_SIZE) {
    input[input.length - 1] = at / HASH_SIZE + 1;
    const message = at === 0 ? input.subarray(HASH_SIZE) : input;
    crypto.hmacSha256Into(extracted, message, input, 0, HASH_SIZE);
    output.set(input.subarray(0, Math.min(HASH_SIZE, size - at)), at);
  }
  extracted.fill(0);
  input.fill(0);
  return output;
}
