/**
 * A line of disclosures/<table>.ndjson: where a row stands in the log, its commitment, and for each of
 * its digests, in digest order, either the salt that opens it (16 bytes, 22 characters) or the digest
 * itself (32 bytes, 43 characters). The commitment follows from the rest: it stands there so that a
 * changed row is named, and not only the record that it pretends to be of.
 */

import { SALT_SIZE } from '@veritydb/crypto';
import {
  HASH_SIZE,
  type Hash,
  type Offset,
  canonicalJson,
  toHash,
  toOffset,
} from '@veritydb/types';

import { CanonicalCursor, formatBase64Url } from './canonical-cursor.ts';
import { BundleError } from './error.ts';
import { DIGESTS_COUNT_MAX } from './manifest.ts';

export interface Disclosure {
  /** Commitment of the row, which its values, salts and digests must lead to. */
  readonly commitment: Hash;
  readonly event: 'insert' | 'update';
  readonly offset: Offset;
  /** Index of the row in its record. */
  readonly row: number;
  /** Index of the schema in the manifest's table. */
  readonly schema: number;
  /** Salts and digests, told apart by their size. */
  readonly fields: readonly Uint8Array[];
}

/**
 * Room for the fields of a line, used again for the next: a line costs no allocation a field, which on
 * long files is most of the work of reading.
 */
export class FieldBuffer {
  readonly #salts: Uint8Array[] = [];
  readonly #digests: Uint8Array[] = [];

  salt(index: number): Uint8Array {
    return (this.#salts[index] ??= new Uint8Array(SALT_SIZE));
  }

  digest(index: number): Uint8Array {
    return (this.#digests[index] ??= new Uint8Array(HASH_SIZE));
  }
}

const SALT_LENGTH = 22;
const DIGEST_LENGTH = 43;

/** The line, with the line feed that ends it. */
export function formatDisclosure(disclosure: Disclosure): string {
  const { event, offset, row, schema } = disclosure;
  const commitment = formatBase64Url(disclosure.commitment);
  const fields = disclosure.fields.map((field) => formatBase64Url(field)).join(' ');
  return `${canonicalJson({ commitment, event, fields, offset, row, schema })}\n`;
}

/**
 * Reads a line, without its line feed. Its fields lie in the buffer until the next line is read into it.
 *
 * @throws {BundleError} ERR_BUNDLE_LINE
 */
export function parseDisclosure(line: Uint8Array, buffer: FieldBuffer): Disclosure {
  // Attacker-controlled: every number and token.
  const cursor = new CanonicalCursor(line, 'ERR_BUNDLE_LINE');
  cursor.expect('{"commitment":"');
  if (cursor.base64UrlLength() !== DIGEST_LENGTH) {
    throw new BundleError('ERR_BUNDLE_LINE', 'the commitment is not 32 bytes');
  }
  const commitment = toHash(new Uint8Array(HASH_SIZE));
  cursor.base64UrlInto(commitment);
  cursor.expect('","event":"');
  const event = cursor.skip('insert') ? 'insert' : 'update';
  if (event === 'update') cursor.expect('update');
  cursor.expect('","fields":"');
  const fields: Uint8Array[] = [];
  do {
    const length = cursor.base64UrlLength();
    if (length !== SALT_LENGTH && length !== DIGEST_LENGTH) {
      throw new BundleError('ERR_BUNDLE_LINE', `field ${fields.length} is neither salt nor digest`);
    }
    const place = fields.length;
    if (place === DIGESTS_COUNT_MAX) throw new BundleError('ERR_BUNDLE_LINE', 'too many fields');
    const field = length === SALT_LENGTH ? buffer.salt(place) : buffer.digest(place);
    cursor.base64UrlInto(field);
    fields.push(field);
  } while (cursor.skip(' '));
  cursor.expect('","offset":');
  const offset = toOffset(cursor.count());
  cursor.expect(',"row":');
  const row = cursor.count();
  cursor.expect(',"schema":');
  const schema = cursor.count();
  cursor.expect('}');
  cursor.end();
  return { commitment, event, offset, row, schema, fields };
}
