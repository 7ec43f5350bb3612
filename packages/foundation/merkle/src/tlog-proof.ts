/**
 * Proofs of single records (C2SP tlog-proof): index, inclusion proof and signed checkpoint in one text,
 * which a person can mail and other tools can check. Written without `extra`, and refused with it.
 */

import { HASH_SIZE, type Hash, base64ToBytes, bytesToBase64, toHash } from '@veritydb/types';

import { MerkleError } from './error.ts';
import { DEPTH_MAX } from './walk.ts';

const HEADER = 'c2sp.org/tlog-proof@v1';
/** Characters: above the longest proof with the longest note. */
const LENGTH_MAX = 1_048_576;

export interface TlogProof {
  readonly index: number;
  readonly proof: readonly Hash[];
  /** Signed note. */
  readonly checkpoint: string;
}

export function formatTlogProof({ index, proof, checkpoint }: TlogProof): string {
  const hashes = proof.map((hash) => `${bytesToBase64(hash)}\n`).join('');
  return `${HEADER}\nindex ${index}\n${hashes}\n${checkpoint}`;
}

/** @throws {MerkleError} ERR_MERKLE_TLOG_PROOF */
export function parseTlogProof(text: string): TlogProof {
  // Attacker-controlled: bounded before it is looked at.
  if (text.length > LENGTH_MAX) throw malformed('it is too long');
  const split = text.indexOf('\n\n');
  if (split < 0) throw malformed('no empty line before the checkpoint');
  const [header, indexLine = '', ...hashes] = text.slice(0, split).split('\n');
  const match = /^index (0|[1-9][0-9]{0,15})$/.exec(indexLine);
  if (header !== HEADER) throw malformed('the first line is another');
  if (match === null) throw malformed('no index in the second line');
  if (hashes.length > DEPTH_MAX) throw malformed('more hashes than any tree is deep');
  const index = Number(match[1]);
  if (!Number.isSafeInteger(index)) throw malformed('the index is out of range');
  return { index, proof: hashes.map(parseHash), checkpoint: text.slice(split + 2) };
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
  return new MerkleError('format', 'ERR_MERKLE_TLOG_PROOF', `tlog-proof is refused: ${what}`);
}
