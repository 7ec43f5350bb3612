/**
 * Witnesses (C2SP tlog-witness): the request `add-checkpoint`, and what a witness answers to it.
 *
 * The decision is pure: from what the witness saw last and a request, the answer and what it has seen
 * now. Whoever carries it out makes the new tree durable before the answer leaves, and decides on no
 * other request between the two. So a witness signs one line of trees, each beginning with the one
 * before, whatever a log sends.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  HASH_SIZE,
  type Hash,
  base64ToBytes,
  bytesEqual,
  bytesToBase64,
  toHash,
} from '@veritydb/types';

import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { MerkleError } from './error.ts';
import { emptyRoot } from './hash.ts';
import { verifyConsistency } from './proof.ts';
import {
  type Signer,
  type VerifierKey,
  cosignText,
  formatSignature,
  parseNote,
  verifyNote,
} from './signed-note.ts';

/** Characters of a request: a note with a hundred signatures and the longest proof are far below. */
export const ADD_CHECKPOINT_LENGTH_MAX = 65_536;
/** As the standard says. */
const PROOF_LENGTH_MAX = 63;

export interface AddCheckpoint {
  /** Size that the witness saw last, as the log believes. */
  readonly oldSize: number;
  readonly proof: readonly Hash[];
  /** Signed note. */
  readonly checkpoint: string;
}

export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  const hashes = proof.map((hash) => `${bytesToBase64(hash)}\n`).join('');
  return `old ${oldSize}\n${hashes}\n${checkpoint}`;
}

/**
 * Reads a request, without the checkpoint in it.
 *
 * @throws {MerkleError} ERR_MERKLE_WITNESS
 */
export function parseAddCheckpoint(body: string): AddCheckpoint {
  // Attacker-controlled: bounded before it is looked at.
  if (body.length > ADD_CHECKPOINT_LENGTH_MAX) throw malformed('it is too long');
  const split = body.indexOf('\n\n');
  if (split < 0) throw malformed('no empty line before the checkpoint');
  const [first = '', ...hashes] = body.slice(0, split).split('\n');
  const match = /^old (0|[1-9][0-9]{0,15})$/.exec(first);
  const oldSize = Number(match?.[1]);
  if (!Number.isSafeInteger(oldSize)) throw malformed('the first line is no old size');
  if (hashes.length > PROOF_LENGTH_MAX) throw malformed('the proof has more than 63 hashes');
  return { oldSize, proof: hashes.map(parseHash), checkpoint: body.slice(split + 2) };
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

/** Who witnesses, and for which logs: several keys may have the name of one origin. */
export interface WitnessIdentity {
  readonly signer: Signer;
  readonly logs: readonly VerifierKey[];
}

/** What a witness answers, and what it has seen from then on. */
export type WitnessDecision =
  | { readonly status: 400 | 403 | 404 | 422; readonly reason: string }
  | { readonly status: 409; readonly size: number }
  | {
      readonly status: 200;
      /** To be durable before the cosignature leaves. */
      readonly seen: Checkpoint;
      /** The checkpoint as it came, with its signatures. */
      readonly note: string;
      /** Makes the answer's body: the cosignature as of a time. */
      readonly cosign: (timeSeconds: number) => string;
    };

/**
 * Decides on a request.
 *
 * @param lastSeen the tree that was cosigned last for an origin; undefined before the first
 */
export function decideAddCheckpoint(
  crypto: Crypto,
  { signer, logs }: WitnessIdentity,
  lastSeen: (origin: string) => Checkpoint | undefined,
  body: string,
): WitnessDecision {
  let request: AddCheckpoint;
  let checkpoint: Checkpoint;
  let text: string;
  try {
    request = parseAddCheckpoint(body);
    ({ text } = parseNote(request.checkpoint));
    checkpoint = parseCheckpoint(text);
  } catch (error) {
    return { status: 400, reason: reasonOf(error) };
  }
  const { origin, size } = checkpoint;
  const keys = logs.filter(({ name, kind }) => name === origin && kind === 'note');
  if (keys.length === 0)
    return { status: 404, reason: 'the origin is of no log that is witnessed' };
  try {
    verifyNote(crypto, request.checkpoint, keys);
  } catch (error) {
    return { status: 403, reason: reasonOf(error) };
  }
  if (request.oldSize > size) {
    return { status: 400, reason: 'the old size is above the size of the checkpoint' };
  }
  const known = lastSeen(origin) ?? { origin, size: 0, root: emptyRoot(crypto) };
  if (request.oldSize !== known.size) return { status: 409, size: known.size };
  if (size === known.size && !bytesEqual(checkpoint.root, known.root)) {
    return { status: 409, size: known.size };
  }
  try {
    verifyGrowth(crypto, known, checkpoint, request.proof);
  } catch (error) {
    return { status: 422, reason: reasonOf(error) };
  }
  return {
    status: 200,
    seen: checkpoint,
    note: request.checkpoint,
    cosign: (timeSeconds) => cosignText(crypto, text, signer, timeSeconds),
  };
}

function verifyGrowth(
  crypto: Crypto,
  known: Checkpoint,
  checkpoint: Checkpoint,
  proof: readonly Hash[],
): void {
  // Every tree begins with the empty one: the standard wants no proof of that, and no hash for one.
  if (known.size === 0) {
    if (proof.length === 0) return;
    throw new MerkleError('verification', 'ERR_MERKLE_PROOF', 'the old size is 0 and has a proof');
  }
  verifyConsistency(crypto, {
    oldSize: known.size,
    newSize: checkpoint.size,
    oldRoot: known.root,
    newRoot: checkpoint.root,
    proof,
  });
}

/**
 * Takes from a witness's answer the cosignature lines that are good under its key; all else is dropped.
 *
 * @returns the lines, empty where there is none that is good
 */
export function takeCosignatures(
  crypto: Crypto,
  checkpoint: string,
  answer: string,
  key: VerifierKey,
): string {
  // Attacker-controlled: the answer. One line a key is all that anybody needs.
  if (answer.length > ADD_CHECKPOINT_LENGTH_MAX) return '';
  try {
    const { text } = parseNote(checkpoint);
    const { note } = verifyNote(crypto, `${text}\n${answer}`, [key]);
    const mine = note.signatures.find(
      ({ name, keyId }) => name === key.name && bytesEqual(keyId, key.keyId),
    );
    return note.text === text && mine !== undefined ? formatSignature(mine) : '';
  } catch (error) {
    if (error instanceof MerkleError) return '';
    throw error;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof MerkleError) return error.message;
  throw error;
}

function malformed(what: string): MerkleError {
  return new MerkleError('format', 'ERR_MERKLE_WITNESS', `add-checkpoint is refused: ${what}`, {
    hint: 'see c2sp.org/tlog-witness for the form of the request',
  });
}
