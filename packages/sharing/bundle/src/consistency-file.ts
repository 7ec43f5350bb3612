/** consistency.json: from the tree that the recipient holds to the checkpoint of the bundle. */

import { type Hash, canonicalJson, utf8Encode } from '@veritydb/types';

import { CanonicalCursor } from './canonical-cursor.ts';
import { hashesToJson, parseHashes } from './hash-list.ts';

export interface Consistency {
  /** Tree sizes. */
  readonly from: number;
  readonly to: number;
  /** RFC 9162 §2.1.4.1. */
  readonly proof: readonly Hash[];
}

export function formatConsistency({ from, to, proof }: Consistency): Uint8Array {
  return utf8Encode(canonicalJson({ from, to, proof: hashesToJson(proof) }));
}

/** @throws {BundleError} ERR_BUNDLE_PROOF */
export function parseConsistency(bytes: Uint8Array): Consistency {
  // Attacker-controlled: sizes and hashes.
  const cursor = new CanonicalCursor(bytes, 'ERR_BUNDLE_PROOF');
  cursor.expect('{"from":');
  const from = cursor.count();
  cursor.expect(',"proof":');
  const proof = parseHashes(cursor);
  cursor.expect(',"to":');
  const to = cursor.count();
  cursor.expect('}');
  cursor.end();
  return { from, to, proof };
}
