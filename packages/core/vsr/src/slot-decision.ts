/**
 * What a slot of the journal is after a restart: decided from its redundant header and its prepare, each
 * of which may be torn, rotten or of another time. "Not seen" and "seen but corrupt" are told apart here
 * (Alagappan et al., "Protocol-aware recovery for consensus-based storage", FAST 2018).
 */

import { bytesEqual } from '@veritydb/types';

import type { Header } from './message.ts';

/** What was read in one of the two places of a slot. */
export type SlotPart = 'corrupt' | 'reserved' | Header;

/**
 * - `whole`: the prepare is there, and is what was acknowledged, if anything was.
 * - `empty`: nothing here was ever acknowledged; may be nacked.
 * - `torn`: a write that did not end, of an op that was not acknowledged; may be nacked.
 * - `faulty`: something may have been here that was acknowledged; must never be nacked.
 */
export type SlotDecision = 'whole' | 'empty' | 'torn' | 'faulty';

export interface SlotWindow {
  /** Ops up to this one are in the committed log: the journal owes them to nobody. */
  readonly checkpointOp: number;
  /** The last op that the journal had room for. */
  readonly prepareMax: number;
  /** The largest op of any valid part of the journal. */
  readonly opMax: number;
}

/** Ops are acknowledged when the prepare and then its redundant header are on the disk. */
export function decideSlot(header: SlotPart, prepare: SlotPart, window: SlotWindow): SlotDecision {
  if (prepare === 'corrupt') return decideCorrupt(header, window);
  if (prepare === 'reserved') {
    if (header === 'reserved') return 'empty';
    if (header === 'corrupt') return 'faulty';
    return header.op > window.prepareMax || header.op <= window.checkpointOp ? 'empty' : 'faulty';
  }
  if (prepare.op > window.prepareMax) return 'empty';
  // Written, its header not yet: the disk was caught between the two.
  if (header === 'reserved') return 'whole';
  if (header === 'corrupt') return prepare.op === window.opMax ? 'whole' : 'faulty';
  if (bytesEqual(header.checksum, prepare.checksum)) return 'whole';
  if (header.op > window.prepareMax) return 'empty';
  return header.op < prepare.op ? 'whole' : 'faulty';
}

function decideCorrupt(header: SlotPart, window: SlotWindow): SlotDecision {
  if (header === 'corrupt') return 'faulty';
  if (header === 'reserved') return 'torn';
  // The header of an op that is in the committed log: what came over it was not acknowledged, or its
  // own header would stand here.
  return header.op <= window.checkpointOp ? 'torn' : 'faulty';
}
