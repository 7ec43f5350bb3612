/** HKDF-SHA-256 (RFC 5869 §2) over the HMAC of a provider. */

import { HASH_SIZE, SizedViews, assert } from '@veritydb/types';

import { type Crypto, HKDF_SIZE_MAX } from './crypto.ts';

const NO_SALT = new Uint8Array(HASH_SIZE);
const INFO_SIZE_KEPT_MAX = 64;
/** What is made on the way is written over by the next, and cleared before. */
const extracted = new Uint8Array(HASH_SIZE);
/** info ‖ n, and T(n − 1) ‖ info ‖ n, where they are no longer. */
const firstMessages = new SizedViews(INFO_SIZE_KEPT_MAX + 1);
const messages = new SizedViews(HASH_SIZE + INFO_SIZE_KEPT_MAX + 1);

function roomFor(kept: SizedViews, size: number): Uint8Array {
  return size <= kept.bytes.length ? kept.of(size) : new Uint8Array(size);
}

/** `size` bytes; what they are made of is cleared. */
export function hkdfSha256(
  crypto: Pick<Crypto, 'hmacSha256Into'>,
  key: Uint8Array,
  { salt, info }: { readonly salt: Uint8Array; readonly info: Uint8Array },
  size: number,
): Uint8Array {
  assert(size > 0 && size <= HKDF_SIZE_MAX, 'HKDF does not give that many bytes');
  crypto.hmacSha256Into(salt.length === 0 ? NO_SALT : salt, key, extracted, 0, HASH_SIZE);
  // T(n − 1) ‖ info ‖ n; there is no T(0).
  const start = roomFor(firstMessages, info.length + 1);
  const input = roomFor(messages, HASH_SIZE + info.length + 1);
  start.set(info);
  input.set(info, HASH_SIZE);
  const output = new Uint8Array(size);
  for (let at = 0; at < size; at += HASH_SIZE) {
    const message = at === 0 ? start : input;
    message[message.length - 1] = at / HASH_SIZE + 1;
    crypto.hmacSha256Into(extracted, message, input, 0, HASH_SIZE);
    const end = Math.min(HASH_SIZE, size - at);
    for (let index = 0; index < end; index += 1) output[at + index] = input[index] as number;
  }
  extracted.fill(0);
  input.fill(0);
  return output;
}
