/**
 * Proofs of possession: DPoP, RFC 9449. A token that is bound to a key is of use only to who signs each
 * request with it.
 *
 * As strict as tokens are: the header has exactly `alg`, `jwk` and `typ`, the key exactly the members of
 * its type and none that is secret, the claims exactly those of a request to a resource (§4.2, §7).
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type JsonObject,
  type JsonValue,
  TypesError,
  canonicalJson,
  decodeBase64Url,
  encodeBase64Url,
  isJsonObject,
  parseJson,
  utf8Decode,
  utf8Encode,
} from '@veritydb/types';
import { compactVerify, errors, importJWK } from 'jose';
import { z } from 'zod';

import { AccessError } from './error.ts';

export const PROOF_SIZE_BYTES_MAX = 4096;
/** How old a proof may be, and how far ahead its clock. */
export const PROOF_AGE_SECONDS_MAX = 60;

const TYPE = 'dpop+jwt';
const PROOF = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$/;
const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

/** Ed25519 (RFC 8037) and P-256 (RFC 7518 §6.2), each with the one algorithm that it signs by. */
const header = z.union([
  z.strictObject({
    typ: z.literal(TYPE),
    alg: z.literal('EdDSA'),
    jwk: z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: coordinate }),
  }),
  z.strictObject({
    typ: z.literal(TYPE),
    alg: z.literal('ES256'),
    jwk: z.strictObject({
      kty: z.literal('EC'),
      crv: z.literal('P-256'),
      x: coordinate,
      y: coordinate,
    }),
  }),
]);

const claims = z.strictObject({
  jti: z.string().regex(/^[A-Za-z0-9_-]{16,64}$/),
  htm: z.string().regex(/^[A-Z]{1,16}$/),
  htu: z.string().min(1).max(2048),
  iat: z.int().min(0),
  ath: coordinate,
});

export interface ProofExpectations {
  readonly method: string;
  /** Of the request; query and fragment do not count (§4.2). */
  readonly url: string;
  readonly token: string;
  /** Thumbprint of the key that the token is bound to. */
  readonly keyThumbprint: string;
  /** Seconds since the epoch, whole. */
  readonly nowSeconds: number;
}

/**
 * Verifies a proof and gives its id, which the caller takes once.
 *
 * @throws {AccessError} ERR_ACCESS_PROOF
 */
export async function verifyDpopProof(
  crypto: Crypto,
  proof: string,
  expectations: ProofExpectations,
): Promise<string> {
  // Attacker-controlled: all of it until the signature holds.
  const parts = proof.length > PROOF_SIZE_BYTES_MAX ? null : PROOF.exec(proof);
  if (parts === null) throw refused('the proof is not one');
  const head = header.safeParse(partOf(parts[1] as string));
  const body = claims.safeParse(partOf(parts[2] as string));
  if (!head.success || !body.success) throw refused('the proof is not one');
  const { alg, jwk } = head.data;
  if (keyThumbprint(crypto, jwk) !== expectations.keyThumbprint) {
    throw refused('the proof is made with another key');
  }
  try {
    await compactVerify(proof, await importJWK({ ...jwk }, alg), { algorithms: [alg] });
  } catch (error) {
    // A point that is on no curve is refused by the platform, in its own words.
    if (!(error instanceof errors.JOSEError) && !(error instanceof Error)) throw error;
    throw refused('the signature of the proof does not hold');
  }
  const { jti, htm, htu, iat, ath } = body.data;
  const tokenHash = encodeBase64Url(crypto.sha256(utf8Encode(expectations.token)));
  if (ath !== tokenHash) throw refused('the proof is of another token');
  if (htm !== expectations.method || htu !== targetOf(expectations.url)) {
    throw refused('the proof is of another request');
  }
  if (Math.abs(expectations.nowSeconds - iat) > PROOF_AGE_SECONDS_MAX) {
    throw refused('the proof is too old, or of a time to come');
  }
  return jti;
}

/** RFC 7638: SHA-256 of the required members, which are all that the key may have here. */
export function keyThumbprint(crypto: Crypto, jwk: JsonObject): string {
  return encodeBase64Url(crypto.sha256(utf8Encode(canonicalJson(jwk))));
}

function targetOf(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? '';
}

function partOf(part: string): JsonValue {
  try {
    const json = parseJson(utf8Decode(decodeBase64Url(part)));
    return isJsonObject(json) ? json : null;
  } catch (error) {
    if (error instanceof TypesError) throw refused('the proof is not one');
    throw error;
  }
}

function refused(what: string): AccessError {
  return new AccessError('ERR_ACCESS_PROOF', what);
}
