/**
 * Checkpoints (C2SP tlog-checkpoint): a signed note of three lines: origin, tree size, root. Ours has
 * no extension lines, and one that has is refused: extras travel in the log's own records.
 */

import type { Crypto } from '@veritydb/crypto';
import { HASH_SIZE, type Hash, base64ToBytes, bytesToBase64, toHash } from '@veritydb/types';

import { MerkleError } from './error.ts';
import { type Signer, parseVerifierKey, signNote, verifyNote } from './signed-note.ts';

export interface Checkpoint {
  readonly origin: string;
  /** Tree size: leaves. */
  readonly size: number;
  readonly root: Hash;
}

export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${bytesToBase64(root)}\n`;
}

/**
 * Reads a checkpoint's text, without its signatures.
 *
 * @throws {MerkleError} ERR_MERKLE_CHECKPOINT
 */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin = '', sizeText = '', rootText = ''] = lines;
  const size = Number(sizeText);
  if (lines.length !== 4 || lines[3] !== '' || origin === '') throw malformed('not three lines');
  if (!/^(0|[1-9][0-9]{0,15})$/.test(sizeText) || !Number.isSafeInteger(size)) {
    throw malformed('the tree size is no decimal number');
  }
  let root: Uint8Array;
  try {
    root = base64ToBytes(rootText);
  } catch {
    throw malformed('the root is not base64');
  }
  if (root.length !== HASH_SIZE) throw malformed('the root is not 32 bytes');
  return { origin, size, root: toHash(root) };
}

/** The signed checkpoint: the same bytes for the same tree and key. */
export function signCheckpoint(crypto: Crypto, checkpoint: Checkpoint, signer: Signer): string {
  return signNote(crypto, formatCheckpoint(checkpoint), signer);
}

/**
 * Verifies a signed checkpoint under the log's verifier key, whose name must be the origin.
 *
 * @throws {MerkleError} ERR_MERKLE_KEY, ERR_MERKLE_NOTE, ERR_MERKLE_SIGNATURE, ERR_MERKLE_CHECKPOINT
 */
export function verifyCheckpoint(crypto: Crypto, note: string, verifierKey: string): Checkpoint {
  const key = parseVerifierKey(crypto, verifierKey);
  if (key.kind !== 'note') {
    throw new MerkleError('format', 'ERR_MERKLE_KEY', 'the key is a witness’s, not a log’s');
  }
  const checkpoint = parseCheckpoint(verifyNote(crypto, note, [key]).note.text);
  if (checkpoint.origin !== key.name) throw malformed('the origin is not the name of its key');
  return checkpoint;
}

function malformed(what: string): MerkleError {
  return new MerkleError('format', 'ERR_MERKLE_CHECKPOINT', `checkpoint is refused: ${what}`);
}
