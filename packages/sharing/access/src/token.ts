/**
 * Tokens: JWS compact serialisation (RFC 7515) with EdDSA (RFC 8037), `typ: at+jwt` (RFC 9068).
 *
 * Strict where the standards are lax: one spelling of the text (canonical base64url, no padding, no
 * white space), one set of header members, one audience, no member twice, finite times. A token has
 * exactly one text, so that its hash names it. State (revoked, spent) is the log's to say, not ours.
 */

import {
  type JsonObject,
  type JsonValue,
  TypesError,
  assert,
  canonicalJson,
  decodeBase64Url,
  isJsonObject,
  parseJson,
  utf8Decode,
  utf8Encode,
} from '@veritydb/types';
import { CompactSign, compactVerify, errors } from 'jose';

import { AccessError } from './error.ts';
import type { SigningKey, TokenKey, TokenKeySet } from './signing-key.ts';
import {
  type TokenClaims,
  type VerifiedToken,
  checkTokenClaims,
  toVerifiedToken,
} from './token-claims.ts';

export const TOKEN_SIZE_BYTES_MAX = 4096;
/** How far the clocks of issuer and verifier may stand apart. */
export const CLOCK_TOLERANCE_SECONDS = 5;

const TOKEN_TYPE = 'at+jwt';
const ALGORITHM = 'EdDSA';
/** Three parts; the last is an Ed25519 signature of 64 bytes. */
const TOKEN = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})$/;

export interface TokenToIssue {
  readonly signingKey: SigningKey;
  readonly claims: TokenClaims;
}

/**
 * Signs claims. The same key and claims give the same text (RFC 8032 is deterministic).
 *
 * @throws {AccessError} ERR_ACCESS_TOKEN_CLAIMS when they are not those of a token, _MALFORMED when the
 *   token would be larger than 4 KiB
 */
export async function issueToken({ signingKey, claims }: TokenToIssue): Promise<string> {
  const checked = checkTokenClaims(claims as unknown as JsonValue);
  const payload = utf8Encode(canonicalJson(checked as unknown as JsonValue));
  const token = await new CompactSign(payload)
    .setProtectedHeader({ alg: ALGORITHM, typ: TOKEN_TYPE, kid: signingKey.keyId })
    .sign(signingKey.key);
  if (token.length > TOKEN_SIZE_BYTES_MAX) {
    throw malformed({
      hint: `A token is at most ${TOKEN_SIZE_BYTES_MAX} bytes: name fewer columns, or use '*'.`,
    });
  }
  assert(TOKEN.test(token), 'an issued token is not one that we would take');
  return token;
}

export interface TokenExpectations {
  readonly keys: TokenKeySet;
  readonly issuer: string;
  readonly audience: string;
  /** Seconds since the Unix epoch, whole. */
  readonly nowSeconds: number;
  /** Longest time from `iat` to `exp` that is taken. */
  readonly lifetimeSecondsMax: number;
}

/**
 * Verifies a token: text, header, key, signature, claims, issuer, audience, times; in this order.
 *
 * @throws {AccessError} ERR_ACCESS_TOKEN_…, kind `denied`
 */
export async function verifyToken(
  text: string,
  expectations: TokenExpectations,
): Promise<VerifiedToken> {
  assert(Number.isSafeInteger(expectations.nowSeconds), 'now is not a whole number of seconds');
  // Attacker-controlled: everything below until the signature holds.
  if (text.length > TOKEN_SIZE_BYTES_MAX) throw malformed();
  const parts = TOKEN.exec(text);
  if (parts === null) throw malformed();
  const header = parsePart(decodePart(parts[1] as string));
  const payload = decodePart(parts[2] as string);
  decodePart(parts[3] as string);
  await verifySignature(text, keyOf(header, expectations.keys));
  const claims = checkTokenClaims(parsePart(payload));
  checkExpectations(claims, expectations);
  return toVerifiedToken(claims);
}

function decodePart(part: string): Uint8Array {
  try {
    return decodeBase64Url(part);
  } catch (error) {
    if (error instanceof TypesError) throw malformed();
    throw error;
  }
}

function parsePart(bytes: Uint8Array): JsonObject {
  let json: JsonValue;
  try {
    json = parseJson(utf8Decode(bytes));
  } catch (error) {
    if (error instanceof TypesError) throw malformed();
    throw error;
  }
  if (!isJsonObject(json)) throw malformed();
  return json;
}

/** Exactly `alg`, `typ` and `kid`: no `crit`, no `b64`, no key that the sender brings along. */
function keyOf(header: JsonObject, { keys }: TokenKeySet): TokenKey {
  if (Object.keys(header).toSorted().join() !== 'alg,kid,typ') throw malformed();
  const { alg, kid, typ } = header;
  if (alg !== ALGORITHM || typ !== TOKEN_TYPE) throw malformed();
  const key = keys.find((candidate) => candidate.kid === kid);
  if (key === undefined) {
    throw new AccessError('ERR_ACCESS_TOKEN_KEY', 'token is signed with a key that is not ours');
  }
  return key;
}

async function verifySignature(text: string, key: TokenKey): Promise<void> {
  try {
    await compactVerify(text, { ...key }, { algorithms: [ALGORITHM] });
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    throw new AccessError('ERR_ACCESS_TOKEN_SIGNATURE', 'signature of the token does not hold');
  }
}

function checkExpectations(claims: TokenClaims, expectations: TokenExpectations): void {
  const { nowSeconds } = expectations;
  if (claims.iss !== expectations.issuer) {
    throw new AccessError('ERR_ACCESS_TOKEN_ISSUER', 'token is of another issuer');
  }
  if (claims.aud !== expectations.audience) {
    throw new AccessError('ERR_ACCESS_TOKEN_AUDIENCE', 'token is for another audience');
  }
  if (claims.exp - claims.iat > expectations.lifetimeSecondsMax) {
    throw new AccessError('ERR_ACCESS_TOKEN_LIFETIME', 'token lives longer than allowed');
  }
  if (Math.max(claims.iat, claims.nbf) > nowSeconds + CLOCK_TOLERANCE_SECONDS) {
    throw new AccessError('ERR_ACCESS_TOKEN_NOT_YET', 'token is not valid yet');
  }
  if (claims.exp <= nowSeconds - CLOCK_TOLERANCE_SECONDS) {
    throw new AccessError('ERR_ACCESS_TOKEN_EXPIRED', 'token has expired');
  }
}

function malformed(detail?: { readonly hint: string }): AccessError {
  return new AccessError('ERR_ACCESS_TOKEN_MALFORMED', 'text is not a VerityDB token', detail);
}
