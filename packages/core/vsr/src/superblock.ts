/**
 * The superblock: what a replica may never forget. Four copies, 16 KiB apart, so that no two share a
 * sector or a flash page; written one after the other, and read by quorum: the best single copy could be
 * one that was never acknowledged, or one that was overtaken long ago.
 */

import type { Crypto } from '@veritydb/crypto';
import { assert, bytesEqual } from '@veritydb/types';

import { VsrError } from './error.ts';
import { HEADER_SIZE, type Header, buildRoot, encodeHeaders, parseHeader } from './message.ts';

export const SUPERBLOCK_COPIES = 4;
/** From one copy to the next. */
export const SUPERBLOCK_STRIDE = 16_384;
/** Of a copy, from its start. The rest of its 16 KiB is not used. */
export const SUPERBLOCK_COPY_SIZE = 8192;
export const SUPERBLOCK_ZONE_SIZE: number = SUPERBLOCK_COPIES * SUPERBLOCK_STRIDE;
const COPIES_TO_OPEN = 2;
export const COPIES_TO_VERIFY = 3;

const MAGIC = new Uint8Array([0x56, 0x44, 0x42, 0x53, 0x55, 0x50, 0x45, 0x52]);
const VERSION = 1;
const DIGEST_SIZE = 32;
/** The copy's own number stands outside of the digest, so that all copies have the same. */
const COPY_AT = 40;
const DIGESTED_AT = 48;
const PREVIOUS_AT = 64;
const CLUSTER_AT = 96;
const REPLICA_AT = 112;
const SEQUENCE_AT = 120;
const VIEW_AT = 128;
const COMMIT_AT = 136;
const COMMITTED_SIZE_AT = 144;
const CHECKPOINT_AT = 256;
const HEADERS_AT = 512;

export interface SuperblockState {
  readonly sequence: number;
  /** Digest of the state before this one: superblocks are a chain. */
  readonly previous: Uint8Array;
  readonly replicaId: number;
  readonly replicaCount: number;
  readonly view: number;
  /** The last view in which this replica's log was whole. */
  readonly logView: number;
  /** What was known to be committed. */
  readonly commitMax: number;
  /** The last prepare of the committed log. */
  readonly checkpoint: Header;
  /** Bytes of the committed log up to there. */
  readonly committedSize: number;
  /** Headers of the log from its head down, in `logView`: written with it, in one write. */
  readonly viewHeaders: readonly (Header | undefined)[];
}

interface Copy {
  readonly state: SuperblockState;
  readonly digest: Uint8Array;
  readonly number: number;
}

/** The first state of a replica. */
export function buildFirstState(
  crypto: Crypto,
  cluster: Uint8Array,
  replicaId: number,
  replicaCount: number,
): SuperblockState {
  const root = buildRoot(crypto, cluster).header;
  return {
    sequence: 1,
    previous: new Uint8Array(DIGEST_SIZE),
    replicaId,
    replicaCount,
    view: 0,
    logView: 0,
    commitMax: 0,
    checkpoint: root,
    committedSize: 0,
    viewHeaders: [root],
  };
}

/** One copy, without its number. */
export function encodeSuperblock(
  crypto: Crypto,
  cluster: Uint8Array,
  state: SuperblockState,
): Uint8Array {
  const bytes = new Uint8Array(SUPERBLOCK_COPY_SIZE);
  const view = new DataView(bytes.buffer);
  assert(
    HEADERS_AT + state.viewHeaders.length * HEADER_SIZE <= SUPERBLOCK_COPY_SIZE,
    'more headers than a superblock has room for',
  );
  bytes.set(MAGIC, DIGESTED_AT);
  view.setUint16(DIGESTED_AT + 8, VERSION, true);
  view.setUint16(DIGESTED_AT + 10, state.viewHeaders.length, true);
  bytes.set(state.previous, PREVIOUS_AT);
  bytes.set(cluster, CLUSTER_AT);
  view.setUint8(REPLICA_AT, state.replicaId);
  view.setUint8(REPLICA_AT + 1, state.replicaCount);
  view.setBigUint64(SEQUENCE_AT, BigInt(state.sequence), true);
  view.setUint32(VIEW_AT, state.view, true);
  view.setUint32(VIEW_AT + 4, state.logView, true);
  view.setBigUint64(COMMIT_AT, BigInt(state.commitMax), true);
  view.setBigUint64(COMMITTED_SIZE_AT, BigInt(state.committedSize), true);
  bytes.set(state.checkpoint.headerBytes, CHECKPOINT_AT);
  bytes.set(encodeHeaders(state.viewHeaders), HEADERS_AT);
  crypto.sha256Into(bytes, DIGESTED_AT, bytes.length, bytes, 0);
  return bytes;
}

/** The digest of a copy: what its successor names as `previous`. */
export function superblockDigest(copy: Uint8Array): Uint8Array {
  return copy.slice(0, DIGEST_SIZE);
}

/** A copy as it stands in its place. */
export function numberCopy(copy: Uint8Array, number: number): Uint8Array {
  const bytes = copy.slice();
  bytes[COPY_AT] = number;
  return bytes;
}

/** How many of the four places hold exactly this copy. */
export function countCopies(zone: Uint8Array, copy: Uint8Array): number {
  let count = 0;
  for (let number = 0; number < SUPERBLOCK_COPIES; number += 1) {
    const at = number * SUPERBLOCK_STRIDE;
    const found = zone.subarray(at, at + SUPERBLOCK_COPY_SIZE);
    if (bytesEqual(found, numberCopy(copy, number))) count += 1;
  }
  return count;
}

export interface OpenedSuperblock {
  readonly state: SuperblockState;
  readonly copy: Uint8Array;
  /** Places that do not hold it, in the order in which they are to be written. */
  readonly broken: readonly number[];
}

/**
 * Reads the four copies, and takes the newest state that at least two of them agree on. One new copy
 * beside three old ones is an update that nobody was told of, and is dropped.
 *
 * @throws {VsrError} ERR_VSR_SUPERBLOCK_LOST when no two copies agree, ERR_VSR_SUPERBLOCK_FORK when they
 * are of two histories, ERR_VSR_SUPERBLOCK_FOREIGN when they are another replica's
 */
export function openSuperblock(
  crypto: Crypto,
  cluster: Uint8Array,
  replicaId: number,
  zone: Uint8Array,
): OpenedSuperblock {
  const places = Array.from({ length: SUPERBLOCK_COPIES }, (_, number) =>
    decodeCopy(crypto, cluster, zone.subarray(number * SUPERBLOCK_STRIDE)),
  );
  const best = newestOf(places);
  if (best === undefined) {
    throw new VsrError(
      'verification',
      'ERR_VSR_SUPERBLOCK_LOST',
      'no two copies of the superblock agree: what this replica promised is not known',
      { hint: 'give the disk to a new replica; never start this one from an older copy' },
    );
  }
  if (best.state.replicaId !== replicaId) {
    throw new VsrError(
      'expectation',
      'ERR_VSR_SUPERBLOCK_FOREIGN',
      `the superblock is of replica ${best.state.replicaId}, not of ${replicaId}`,
    );
  }
  checkHistory(places, best);
  const broken: number[] = [];
  // First what is not valid and has no copy elsewhere, then what has, then what stands in a wrong place.
  const seen = new Set(places.filter((one) => one !== undefined).map(({ number }) => number));
  const priority = (place: number): number => {
    const found = places[place];
    if (found !== undefined) return 2;
    return seen.has(place) ? 1 : 0;
  };
  for (let place = 0; place < SUPERBLOCK_COPIES; place += 1) {
    const found = places[place];
    const isRight = found?.number === place && bytesEqual(found.digest, best.digest);
    if (!isRight) broken.push(place);
  }
  broken.sort((a, b) => priority(a) - priority(b) || a - b);
  return { state: best.state, copy: encodeSuperblock(crypto, cluster, best.state), broken };
}

function newestOf(places: readonly (Copy | undefined)[]): Copy | undefined {
  let best: Copy | undefined;
  for (const one of places) {
    if (one === undefined) continue;
    // Copies of one number are one copy, wherever a disk has put them.
    const numbers = places.filter(
      (other) => other !== undefined && bytesEqual(other.digest, one.digest),
    );
    const count = new Set(numbers.map((other) => other?.number)).size;
    if (count < COPIES_TO_OPEN) continue;
    if (best === undefined || one.state.sequence > best.state.sequence) best = one;
  }
  return best;
}

/** Copies beside the best one must be of its history. */
function checkHistory(places: readonly (Copy | undefined)[], best: Copy): void {
  for (const one of places) {
    if (one === undefined || bytesEqual(one.digest, best.digest)) continue;
    const distance = one.state.sequence - best.state.sequence;
    const isFork =
      distance === 0 ||
      distance > 1 ||
      (distance === 1 && !bytesEqual(one.state.previous, best.digest)) ||
      (distance === -1 && !isSuccessor(one, best));
    if (!isFork) continue;
    throw new VsrError(
      'verification',
      'ERR_VSR_SUPERBLOCK_FORK',
      'the copies of the superblock are of two histories',
      { hint: 'give the disk to a new replica' },
    );
  }
}

function isSuccessor(before: Copy, after: Copy): boolean {
  return (
    bytesEqual(after.state.previous, before.digest) &&
    after.state.view >= before.state.view &&
    after.state.logView >= before.state.logView &&
    after.state.commitMax >= before.state.commitMax &&
    after.state.checkpoint.op >= before.state.checkpoint.op
  );
}

function decodeCopy(crypto: Crypto, cluster: Uint8Array, place: Uint8Array): Copy | undefined {
  // Attacker-controlled: whoever can write the file can write this, digest included.
  const bytes = place.slice(0, SUPERBLOCK_COPY_SIZE);
  if (bytes.length < SUPERBLOCK_COPY_SIZE) return undefined;
  const digest = crypto.sha256(bytes.subarray(DIGESTED_AT));
  if (!bytesEqual(digest, bytes.subarray(0, DIGEST_SIZE))) return undefined;
  try {
    const state = parseState(crypto, cluster, bytes);
    // What the digest says is whole is also what we would write: reserved bytes are zero.
    const again = encodeSuperblock(crypto, cluster, state);
    if (!bytesEqual(again.subarray(DIGESTED_AT), bytes.subarray(DIGESTED_AT))) return undefined;
    return { state, digest, number: bytes[COPY_AT] as number };
  } catch (error) {
    if (error instanceof VsrError) return undefined;
    throw error;
  }
}

function parseState(crypto: Crypto, cluster: Uint8Array, bytes: Uint8Array): SuperblockState {
  const view = new DataView(bytes.buffer);
  const header = (at: number): Header => parseHeader(crypto, cluster, bytes, at);
  const count = view.getUint16(DIGESTED_AT + 10, true);
  const roomFor = (SUPERBLOCK_COPY_SIZE - HEADERS_AT) / HEADER_SIZE;
  const headers = Array.from({ length: Math.min(count, roomFor) }, (_, index) => {
    const at = HEADERS_AT + index * HEADER_SIZE;
    const isBlank = bytes.subarray(at, at + HEADER_SIZE).every((byte) => byte === 0);
    return isBlank ? undefined : header(at);
  });
  const number = (at: number): number => {
    const value = view.getBigUint64(at, true);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : 0;
  };
  return {
    sequence: number(SEQUENCE_AT),
    previous: bytes.slice(PREVIOUS_AT, CLUSTER_AT),
    replicaId: bytes[REPLICA_AT] as number,
    replicaCount: bytes[REPLICA_AT + 1] as number,
    view: view.getUint32(VIEW_AT, true),
    logView: view.getUint32(VIEW_AT + 4, true),
    commitMax: number(COMMIT_AT),
    checkpoint: header(CHECKPOINT_AT),
    committedSize: number(COMMITTED_SIZE_AT),
    viewHeaders: headers,
  };
}
