/**
 * The payload of a checkpoint record, in canonical CBOR: what the log, the tables and the policies were at
 * a place in the log (docs/formats/checkpoint.md).
 *
 * Names of tables are hidden: whoever is shown the payload, for the sake of one of them, learns how many
 * others there are, and not what they are called.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  CanonicalReader,
  CanonicalWriter,
  type Hash,
  TypesError,
  assert,
  concatBytes,
  toHash,
  utf8Encode,
} from '@veritydb/types';

import { MerkleError } from '../error.ts';

export interface CheckpointPayload {
  /** Chain hash of the record before. */
  readonly chainHash: Hash;
  /** Records before this one, from the first. */
  readonly recordCount: number;
  /** Of each table and index, in the order of their hidden names. */
  readonly roots: readonly HiddenRoot[];
  /** Of the policies in force. */
  readonly policies: Hash;
}

export interface HiddenRoot {
  /** {@link hideName} of the name. */
  readonly name: Hash;
  readonly root: Hash;
}

export interface PolicyInForce {
  readonly name: string;
  readonly version: number;
  readonly sha256: Hash;
}

export const STATE_SALT_SIZE = 16;
const VERSION = 2;
const NAME_TAG = utf8Encode('vdb.nam1');
const POLICIES_TAG = utf8Encode('vdb.pol1');

/** SHA-256 of a tag, a salt and a name: nobody without the salt can tell what it is of. */
export function hideName(crypto: Crypto, salt: Uint8Array, name: string): Hash {
  assert(salt.length === STATE_SALT_SIZE, 'the salt of a name has another size');
  return crypto.sha256(concatBytes(NAME_TAG, salt, utf8Encode(name)));
}

/** The same of the policies in force, sorted by name: canonical([[name, version, SHA-256] …]). */
export function hidePolicies(
  crypto: Crypto,
  salt: Uint8Array,
  policies: readonly PolicyInForce[],
): Hash {
  assert(salt.length === STATE_SALT_SIZE, 'the salt of policies has another size');
  const writer = new CanonicalWriter().array(policies.length);
  for (const { name, version, sha256 } of policies) {
    writer.array(3).text(name).integer(version).bytes(sha256);
  }
  return crypto.sha256(concatBytes(POLICIES_TAG, salt, writer.finish()));
}

/** canonical([2, chain hash, record count, [[hidden name, root] …], hidden policies]). */
export function encodeCheckpointPayload(payload: CheckpointPayload): Uint8Array {
  const { chainHash, policies, recordCount, roots } = payload;
  const writer = new CanonicalWriter();
  writer.array(5).integer(VERSION).bytes(chainHash).integer(recordCount).array(roots.length);
  for (const { name, root } of roots) writer.array(2).bytes(name).bytes(root);
  return writer.bytes(policies).finish();
}

/** @throws {MerkleError} ERR_MERKLE_CHECKPOINT_PAYLOAD */
export function decodeCheckpointPayload(bytes: Uint8Array): CheckpointPayload {
  try {
    const reader = new CanonicalReader(bytes);
    reader.arrayOf(5);
    if (reader.count() !== VERSION) throw malformed();
    const chainHash = readHash(reader);
    const recordCount = reader.count();
    const roots: HiddenRoot[] = [];
    for (let left = reader.array(); left > 0; left -= 1) {
      reader.arrayOf(2);
      roots.push({ name: readHash(reader), root: readHash(reader) });
    }
    const policies = readHash(reader);
    reader.end();
    return { chainHash, recordCount, roots, policies };
  } catch (error) {
    if (error instanceof TypesError) throw malformed();
    throw error;
  }
}

function readHash(reader: CanonicalReader): Hash {
  const bytes = reader.bytes();
  if (bytes.length !== 32) throw malformed();
  return toHash(bytes);
}

function malformed(): MerkleError {
  return new MerkleError(
    'verification',
    'ERR_MERKLE_CHECKPOINT_PAYLOAD',
    'payload of a checkpoint record is malformed',
  );
}
