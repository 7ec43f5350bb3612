/** Reads both rings of the journal after a restart, and says of each slot what it is. */

import type { Crypto } from '@veritydb/crypto';
import { bytesEqual } from '@veritydb/types';

import type { VsrConfig } from './config.ts';
import { VsrError } from './error.ts';
import type { Journal } from './journal.ts';
import { HEADER_SIZE, type Header, type Message, parseHeader, parseMessage } from './message.ts';
import type { Mark } from './ports.ts';
import { type SlotDecision, type SlotPart, decideSlot } from './slot-decision.ts';

interface Rings {
  readonly headers: Uint8Array;
  readonly prepares: Uint8Array;
}

interface RecoveryOptions {
  readonly crypto: Crypto;
  readonly config: VsrConfig;
  readonly checkpointOp: number;
  readonly mark: (name: Mark) => void;
}

/**
 * Fills the journal.
 *
 * @throws {VsrError} ERR_VSR_JOURNAL_LOST when a replica that is alone cannot read a slot, as there is
 * nobody to repair it from
 */
export function recoverJournal(journal: Journal, rings: Rings, options: RecoveryOptions): void {
  const { config, checkpointOp, mark } = options;
  const indexes = Array.from({ length: config.slotCount }, (_, index) => index);
  const headers = indexes.map((index) => readRedundant(rings.headers, index, options));
  const prepares = indexes.map((index) => readPrepare(rings.prepares, index, options));
  const parts = prepares.map((part) => (typeof part === 'string' ? part : part.header));
  const prepareMax = checkpointOp + config.slotCount;
  const opMax = [...headers, ...parts].reduce<number>(
    (max, part) => (isHeader(part) && part.op <= prepareMax ? Math.max(max, part.op) : max),
    0,
  );
  const window = { checkpointOp, prepareMax, opMax };
  const decisions = indexes.map((index) =>
    decideSlot(headers[index] as SlotPart, parts[index] as SlotPart, window),
  );
  for (const index of indexes) {
    const decision = decisions[index] as SlotDecision;
    if (decision === 'faulty' && config.replicaCount === 1) throw lost();
    const header = headers[index] as SlotPart;
    const prepare = prepares[index];
    const redundant = isHeader(header) ? header.headerBytes : undefined;
    const isWhole = decision === 'whole' && prepare !== undefined && typeof prepare !== 'string';
    if (!isWhole) {
      mark(decision === 'faulty' ? 'wal.faulty' : decision === 'torn' ? 'wal.torn' : 'wal.empty');
      journal.restore(index, { isFaulty: decision === 'faulty', ...(redundant && { redundant }) });
      continue;
    }
    // Without its redundant header nobody knows whether it was acknowledged: it is written once more, and
    // not nacked before.
    const isFixed = redundant === undefined || !bytesEqual(redundant, prepare.header.headerBytes);
    if (isFixed) mark('wal.fixed');
    journal.restore(index, { prepare, isFaulty: isFixed, ...(redundant && { redundant }) });
  }
}

function isHeader(part: SlotPart): part is Header {
  return typeof part !== 'string';
}

function readRedundant(ring: Uint8Array, index: number, options: RecoveryOptions): SlotPart {
  try {
    const { crypto, config } = options;
    const header = parseHeader(crypto, config.cluster, ring, index * HEADER_SIZE);
    return toPart(header, index, config);
  } catch (error) {
    return corruptOr(error);
  }
}

function readPrepare(
  ring: Uint8Array,
  index: number,
  options: RecoveryOptions,
): 'corrupt' | 'reserved' | Message {
  const { crypto, config } = options;
  const at = index * config.messageSizeMax;
  try {
    const header = parseHeader(crypto, config.cluster, ring, at);
    const part = toPart(header, index, config);
    if (!isHeader(part)) return part;
    if (part.size > config.messageSizeMax) return 'corrupt';
    const message = parseMessage(crypto, config.cluster, ring.slice(at, at + part.size));
    return message;
  } catch (error) {
    return corruptOr(error);
  }
}

/** A header that stands where it does not belong is a misdirected write: corrupt here. */
function toPart(header: Header, index: number, config: VsrConfig): SlotPart {
  if (header.command === 'reserved') return header.op === index ? 'reserved' : 'corrupt';
  const isHere = header.command === 'prepare' && header.op % config.slotCount === index;
  return isHere && header.op > 0 ? header : 'corrupt';
}

function corruptOr(error: unknown): 'corrupt' {
  if (error instanceof VsrError) return 'corrupt';
  throw error;
}

function lost(): VsrError {
  return new VsrError(
    'verification',
    'ERR_VSR_JOURNAL_LOST',
    'the journal of the only replica is damaged where something was acknowledged',
    { hint: 'restore the disk from a copy; there is no other replica to repair it from' },
  );
}
