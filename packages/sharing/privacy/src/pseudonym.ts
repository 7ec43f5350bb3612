/**
 * Pseudonyms: keyed, or random and found by a key. There is no unkeyed hash of a value anywhere.
 *
 * - key = HKDF-SHA-256(token key, no salt, info = SHA-256 of
 *   canonical([label, tenant, domain, column key]), size)
 * - input = canonical([type, value]): typed and length-prefixed, so that 1, "1" and 1.0 differ; text in
 *   NFC, decimals without trailing zeros, so that equal values have one input
 * - token = base32 of the first 16 bytes of HMAC-SHA-256(key, input): 26 characters
 * - source MAC of a surrogate = HMAC-SHA-256(key, input), under a label of its own: where the vault finds
 *   the random code, without keeping the value
 *
 * HMAC: RFC 2104, FIPS 198-1. HKDF: RFC 5869. Another tenant, domain or column is another key, so that
 * two recipients cannot join what they got.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  CanonicalWriter,
  type ColumnType,
  type Decimal,
  type TenantId,
  type Value,
  assert,
  writeValue,
} from '@veritydb/types';

import { encodeBase32 } from './base32.ts';

/** Each use of the token key has a label, and so keys of its own. */
export type PseudonymLabel =
  | 'veritydb token v1'
  | 'veritydb surrogate v1'
  | 'veritydb deterministic v1'
  | 'veritydb fpe v1'
  | 'veritydb date shift v1';

export interface PseudonymScope {
  readonly tenant: TenantId;
  /** Who may join what: a recipient, a purpose, or both. */
  readonly domain: string;
  /** One column, or the columns that share their pseudonyms: see {@link columnKey}. */
  readonly columnKey: string;
}

/** Random bytes in a surrogate, and bytes of a MAC in a token. */
export const PSEUDONYM_SIZE = 16;

const PSEUDONYM = /^[a-z2-7]{25}[aeimquy4]$/;
const NO_SALT = new Uint8Array(0);

/** The key of a column by itself, or of the columns that share `of`: no name can be both. */
export function columnKey(table: string, column: string, of: string | undefined): string {
  return of === undefined ? `column:${table}.${column}` : `of:${of}`;
}

export function derivePseudonymKey(
  crypto: Crypto,
  tokenKey: Uint8Array,
  label: PseudonymLabel,
  scope: PseudonymScope,
  size = 32,
): Uint8Array {
  assert(tokenKey.length === 32, 'token key is not 32 bytes');
  const named = new CanonicalWriter()
    .array(4)
    .text(label)
    .integer(scope.tenant)
    .text(scope.domain)
    .text(scope.columnKey);
  // By its digest: a domain may be longer than the info that a provider takes (1,024 bytes in Node).
  const info = crypto.sha256(named.view());
  return crypto.hkdfSha256(tokenKey, NO_SALT, info, size);
}

/** HMAC of a value that is not NULL. Requires `isValueOf(type, value)`. */
export function pseudonymMac(
  crypto: Crypto,
  key: Uint8Array,
  type: ColumnType,
  value: Value,
): Uint8Array {
  return crypto.hmacSha256(key, typedValue(type, value));
}

const typedWriter = new CanonicalWriter();

/** canonical([type, value]), normalised. Good until the next call: it is the same bytes again. */
export function typedValue(type: ColumnType, value: Value): Uint8Array {
  assert(value !== null, 'NULL has no pseudonym');
  typedWriter.reset().array(2).text(type);
  writeValue(typedWriter, type, normalise(type, value));
  return typedWriter.view();
}

/** The spelling of 16 bytes as a pseudonym: 26 characters, for tokens and for the vault's codes. */
export function formatPseudonym(bytes: Uint8Array): string {
  assert(bytes.length === PSEUDONYM_SIZE, 'pseudonym is not 16 bytes');
  return encodeBase32(bytes);
}

export function isPseudonym(text: string): boolean {
  return PSEUDONYM.test(text);
}

function normalise(type: ColumnType, value: Value): Value {
  if (type === 'text') return (value as string).normalize('NFC');
  if (type !== 'decimal') return value;
  let { unscaled, scale } = value as Decimal;
  while (scale > 0 && unscaled % 10n === 0n) {
    unscaled /= 10n;
    scale -= 1;
  }
  return { unscaled, scale };
}
