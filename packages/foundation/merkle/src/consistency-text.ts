/**
 * Proofs that a log begins as a checkpoint says, as text: the body of an `add-checkpoint` request of C2SP
 * tlog-witness. `old <size>`, the hashes of the RFC 6962 §2.1.2 proof in base64, an empty line, and the
 * newer signed checkpoint.
 */

import { HASH_SIZE, type Hash, base64ToBytes, bytesToBase64, toHash } from '@veritydb/types';

import { MerkleError } from './error.ts';

/** tlog-witness: no more than 63 hashes. */
const HASHES_COUNT_MAX = 63;
const TEXT_LENGTH_MAX = 1_010_000;

export interface ConsistencyText {
  readonly oldSize: number;
  readonly proof: readonly Hash[];
  /** Signed note of the newer tree. */
  readonly checkpoint: string;
}

export function formatConsistencyText({ oldSize, proof, checkpoint }: ConsistencyText): string {
  const hashes = proof.map((hash) => `${bytesToBase64(hash)}\n`).join('');
  return `old ${oldSize}\n${hashes}\n${checkpoint}`;
}

/** @throws {MerkleError} ERR_MERKLE_CONSISTENCY */
export function parseConsistencyText(text: string): ConsistencyText {
  // Attacker-controlled: bounded before it is looked at.
  if (text.length > TEXT_LENGTH_MAX) throw malformed('it is longer than a million characters');
  const split = text.indexOf('\n\n');
  if (split < 0) throw malformed('no empty line before the checkpoint');
  const [first = '', ...hashes] = text.slice(0, split).split('\n');
  const match = /^old (0|[1-9][0-9]{0,15})$/.exec(first);
  const oldSize = Number(match?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(oldSize)) throw malformed('the first line does not say the old size');
  if (hashes.length > HASHES_COUNT_MAX) throw malformed('it has more than 63 hashes');
  return { oldSize, proof: hashes.map(parseHash), checkpoint: text.slice(split + 2) };
}

function parseHash(line: string): Hash {
  let bytes: Uint8Array;
  try {
    bytes = base64ToBytes(line);
  } catch {
    throw malformed('a hash is not base64');
  }
  if (bytes.length !== HASH_SIZE) throw malformed('a hash is not 32 bytes');
  return toHash(bytes);
}

function malformed(what: string): MerkleError {
  return new MerkleError(
    'format',
    'ERR_MERKLE_CONSISTENCY',
    `consistency text is refused: ${what}`,
  );
}
