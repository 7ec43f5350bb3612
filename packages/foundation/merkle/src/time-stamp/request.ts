/** Requests for a time stamp (RFC 3161 §2.4.1). */

import type { Crypto } from '@veritydb/crypto';
import { assert } from '@veritydb/types';

import { sha256Algorithm } from './algorithm.ts';
import { BOOLEAN, OCTET_STRING, SEQUENCE, der, derUnsigned } from './der.ts';

const VERSION = 1;
const NONCE_SIZE_MIN = 8;

/**
 * The request that is sent to an authority: it tells the SHA-256 of the bytes and nothing else about
 * them, and asks for the authority's certificate. Requires a random nonce of 8 bytes or more.
 */
export function buildTimeStampRequest(
  crypto: Crypto,
  stamped: Uint8Array,
  nonce: Uint8Array,
): Uint8Array {
  assert(nonce.length >= NONCE_SIZE_MIN, 'nonce of a time stamp is below 8 bytes');
  return der(
    SEQUENCE,
    derUnsigned(Uint8Array.of(VERSION)),
    der(SEQUENCE, sha256Algorithm(), der(OCTET_STRING, crypto.sha256(stamped))),
    derUnsigned(nonce),
    der(BOOLEAN, Uint8Array.of(0xff)),
  );
}
