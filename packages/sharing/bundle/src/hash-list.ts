/** Hashes of a proof as JSON: a list of base64, read from their bytes. */

import { type Hash, bytesToBase64, toHash } from '@veritydb/types';

import type { CanonicalCursor } from './canonical-cursor.ts';

export function hashesToJson(hashes: readonly Hash[]): readonly string[] {
  return hashes.map((hash) => bytesToBase64(hash));
}

export function parseHashes(cursor: CanonicalCursor): readonly Hash[] {
  const hashes: Hash[] = [];
  cursor.expect('[');
  if (cursor.skip(']')) return hashes;
  do {
    cursor.expect('"');
    hashes.push(toHash(cursor.base64(32)));
    cursor.expect('"');
  } while (cursor.skip(','));
  cursor.expect(']');
  return hashes;
}
