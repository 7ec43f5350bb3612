/**
 * One row of an export as an SD-JWT (RFC 9901): each value may be shown or kept back by whoever holds it,
 * and the log's key says that the row left so. It is the log's key, and not that of tokens, because whoever
 * checks bundles has it; what a token's key signs is for the server alone.
 *
 *     <JWS>~<disclosure>~ … ~<disclosure>~
 *
 * The JWS (RFC 7515, EdDSA) holds one digest for each column, under `row`, where no column's name can be
 * taken for a claim. It is bound to no key of a holder.
 *
 * What is signed begins with base64url and holds no white space: it is no checkpoint and no envelope.
 */

import { type Crypto, CryptoError } from '@veritydb/crypto';
import { type Signer, type VerifierKey, parseVerifierKey, verifierKeyOf } from '@veritydb/merkle';
import {
  type JsonObject,
  type JsonValue,
  VerityError,
  bytesToHex,
  canonicalJson,
  decodeBase64Url,
  encodeBase64Url,
  parseCanonicalJson,
  parseJson,
  utf8Decode,
  utf8Encode,
} from '@veritydb/types';

import type { BundleContent } from './build.ts';
import { BytePieces } from './byte-pieces.ts';
import { type ByteSource, WindowReader } from './byte-source.ts';
import { dataName } from './entry-name.ts';
import { BundleError, type BundleErrorCode } from './error.ts';
import { count, list, object, rule } from './shape.ts';
import { checkKey } from './verifier-key.ts';

/** Bytes; RFC 9901 §9.3 asks for 16 at least. */
export const SALT_SIZE = 16;
const TYPE = 'veritydb-row+sd-jwt';
const ALGORITHM = 'sha-256';
/** Columns of an answer are fewer. */
const DISCLOSURES_COUNT_MAX = 4096;
/** Characters. */
const LENGTH_MAX = 1 << 24;
const LINE_FEED = 0x0a;
/** RFC 9901 §4.2.1: no name of a claim. */
const NO_NAMES: ReadonlySet<string> = new Set(['_sd', '...']);

/** Which row it is. */
export interface ExportedRow {
  readonly exportId: string;
  readonly table: string;
  /** Line of the table's data, from 1. */
  readonly line: number;
}

export interface RowStatement extends ExportedRow {
  /** Of the bundle's manifest, lower-case hexadecimal. */
  readonly manifestSha256: string;
  /** Origin of the log. */
  readonly origin: string;
  /** Seconds since 1970-01-01T00:00:00Z, by the operator's clock. */
  readonly issuedAt: number;
  /** Values by column, in the JSON of the data: all of them when it is issued, those shown when verified. */
  readonly row: JsonObject;
}

/** A row of a bundle as its data shows it, by the line from 1; null where there is none. */
export function rowOf(content: BundleContent, table: string, line: number): JsonObject | null {
  const file = content.files.find(({ name }) => name === dataName(table));
  const found = file === undefined ? undefined : lineOf(new BytePieces(file.pieces), line);
  return found === undefined ? null : (parseCanonicalJson(utf8Decode(found)) as JsonObject);
}

function lineOf(source: ByteSource, line: number): Uint8Array | undefined {
  const reader = new WindowReader(source);
  for (let at = 1; ; at += 1) {
    const size = reader.until(LINE_FEED);
    if (size < 0) return undefined;
    if (at === line) return reader.bytes.subarray(reader.at, reader.at + size);
    reader.at += size + 1;
  }
}

/** RFC 9901 §4.2.3: the digest is of the text, not of what it decodes to. */
export function disclosureDigest(crypto: Crypto, disclosure: string): string {
  return encodeBase64Url(crypto.sha256(utf8Encode(disclosure)));
}

function headerOf(key: VerifierKey): string {
  const kid = `${key.name}+${bytesToHex(key.keyId)}`;
  return encodeBase64Url(utf8Encode(canonicalJson({ alg: 'EdDSA', kid, typ: TYPE })));
}

/**
 * Issues a row with all its disclosures.
 *
 * @param salt gives 16 fresh random bytes at each call
 * @throws {BundleError} ERR_BUNDLE_CONTENT for a column that no claim may be named like
 */
export function issueRow(
  crypto: Crypto,
  statement: RowStatement,
  { salt, signer }: { readonly salt: () => Uint8Array; readonly signer: Signer },
): string {
  const { exportId, issuedAt, line, manifestSha256, origin, row, table } = statement;
  const disclosures = Object.entries(row).map(([name, value]) => {
    if (NO_NAMES.has(name)) throw refused('ERR_BUNDLE_CONTENT', `no claim may be named ${name}`);
    return encodeBase64Url(utf8Encode(canonicalJson([encodeBase64Url(salt()), name, value])));
  });
  // Sorted, so that their order says nothing of the columns (RFC 9901 §4.2.4.1).
  const digests = disclosures.map((each) => disclosureDigest(crypto, each)).toSorted();
  const payload = canonicalJson({
    _sd_alg: ALGORITHM,
    export: { id: exportId, line, manifest_sha256: manifestSha256, table },
    iat: issuedAt,
    iss: origin,
    row: { _sd: digests },
  });
  const header = headerOf(verifierKeyOf(crypto, signer, 'note'));
  const signed = `${header}.${encodeBase64Url(utf8Encode(payload))}`;
  const signature = crypto.ed25519Sign(signer.seed, utf8Encode(signed));
  return [`${signed}.${encodeBase64Url(signature)}`, ...disclosures, ''].join('~');
}

/**
 * Verifies a row with any of its disclosures (RFC 9901 §7.1).
 *
 * @param verifierKey the log's, from a source that is trusted
 * @throws {BundleError} ERR_BUNDLE_KEY, ERR_BUNDLE_PROOF (malformed), ERR_BUNDLE_SIGNATURE,
 *   ERR_BUNDLE_COMMITMENT (a disclosure that is not of this row)
 */
export function verifyRow(crypto: Crypto, text: string, verifierKey: string): RowStatement {
  checkKey(crypto, verifierKey);
  const key = parseVerifierKey(crypto, verifierKey);
  // Attacker-controlled: any text.
  if (text.length > LENGTH_MAX) throw malformed('it is too long');
  const [jws = '', ...rest] = text.split('~');
  const disclosures = rest.slice(0, -1);
  if (rest.at(-1) !== '') throw malformed('it does not end in ~: a key binding is not taken');
  if (disclosures.length > DISCLOSURES_COUNT_MAX) throw malformed('it has too many disclosures');
  const payload = verifiedPayload(crypto, jws, key);
  const { export: place, iat, iss, row } = payload;
  return {
    exportId: place.id,
    issuedAt: iat,
    line: place.line,
    manifestSha256: place.manifest_sha256,
    origin: iss,
    row: disclosedRow(crypto, new Set(row._sd), disclosures),
    table: place.table,
  };
}

interface Payload {
  readonly export: {
    readonly id: string;
    readonly line: number;
    readonly manifest_sha256: string;
    readonly table: string;
  };
  readonly iat: number;
  readonly iss: string;
  readonly row: { readonly _sd: readonly string[] };
}

const text = rule('text', (value) => typeof value === 'string');
const payloadShape = object({
  _sd_alg: rule(ALGORITHM, (value) => value === ALGORITHM),
  export: object({ id: text, line: count, manifest_sha256: text, table: text }),
  iat: count,
  iss: text,
  row: object({ _sd: list(DISCLOSURES_COUNT_MAX, text) }),
});

function verifiedPayload(crypto: Crypto, jws: string, key: VerifierKey): Payload {
  const [header = '', body = '', signature = '', ...more] = jws.split('.');
  if (more.length > 0) throw malformed('it begins with no JWS');
  if (header !== headerOf(key)) {
    throw refused('ERR_BUNDLE_SIGNATURE', 'its header names another key, algorithm or type');
  }
  const decoded = decode(signature);
  try {
    crypto.ed25519Verify(key.publicKey, utf8Encode(`${header}.${body}`), decoded);
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw refused('ERR_BUNDLE_SIGNATURE', 'it is not signed by the key', cause);
  }
  const payload = parsed(() => parseCanonicalJson(utf8Decode(decode(body))));
  const bad: string[] = [];
  payloadShape(bad, '', payload);
  if (bad.length > 0) throw malformed(bad.join('; '));
  return payload as unknown as Payload;
}

function disclosedRow(
  crypto: Crypto,
  digests: ReadonlySet<string>,
  disclosures: readonly string[],
): JsonObject {
  const row = new Map<string, JsonValue>();
  for (const disclosure of disclosures) {
    if (!digests.has(disclosureDigest(crypto, disclosure))) {
      throw refused('ERR_BUNDLE_COMMITMENT', 'a disclosure is not one of this row');
    }
    const { name, value } = parseDisclosure(disclosure);
    if (NO_NAMES.has(name) || row.has(name)) throw malformed('a name is reserved, or there twice');
    row.set(name, value);
  }
  return Object.fromEntries(row);
}

/**
 * Reads a disclosure of a member of an object (RFC 9901 §4.2.1), in whatever spelling of JSON.
 *
 * @throws {BundleError} ERR_BUNDLE_PROOF
 */
export function parseDisclosure(disclosure: string): {
  readonly salt: string;
  readonly name: string;
  readonly value: JsonValue;
} {
  const json = parsed(() => parseJson(utf8Decode(decode(disclosure))));
  if (!Array.isArray(json) || json.length !== 3) throw malformed('a disclosure is not of a member');
  const [salt, name, value] = json as readonly JsonValue[];
  if (typeof salt !== 'string' || typeof name !== 'string' || value === undefined) {
    throw malformed('a disclosure is not of a member');
  }
  return { salt, name, value };
}

function decode(encoded: string): Uint8Array {
  return parsed(() => decodeBase64Url(encoded));
}

function parsed<Result>(step: () => Result): Result {
  try {
    return step();
  } catch (cause) {
    if (!(cause instanceof VerityError) || cause.kind === 'assertion') throw cause;
    throw malformed('a part is not base64url, or not JSON', cause);
  }
}

function malformed(what: string, cause?: unknown): BundleError {
  return refused('ERR_BUNDLE_PROOF', `the text is no SD-JWT of a row: ${what}`, cause);
}

function refused(code: BundleErrorCode, what: string, cause?: unknown): BundleError {
  const hint = 'do not rely on it; ask its sender for it again';
  return new BundleError(code, what, { hint, cause });
}
