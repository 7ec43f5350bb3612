/**
 * What a replica is handed. It is synchronous and looks at nothing else: no clock, no chance, no network,
 * no disk of its own. The daemon and the simulator drive the same class.
 */

import type { Crypto } from '@veritydb/crypto';

import type { Header, Message } from './message.ts';
import type { StateMachine } from './state-machine.ts';

/** Parts of a replica's disk: files, or ranges of one. docs/formats/vsr.md has what is in them. */
export type Zone = 'superblock' | 'headers' | 'prepares' | 'committed';

/**
 * Writes, and calls back when the bytes are durable: never before this function has returned. A write or
 * a sync that fails is never called back: the process must end, as nobody knows what is on the disk.
 */
export type Write = (zone: Zone, at: number, bytes: Uint8Array, then: () => void) => void;

/**
 * Reads, and calls back with that many bytes, those behind the end as zeros: never before this function
 * has returned. What cannot be read is zeros too.
 */
export type Read = (
  zone: Zone,
  at: number,
  size: number,
  then: (bytes: Uint8Array) => void,
) => void;

export interface ReplicaClock {
  /** Microseconds since any moment; never goes back. */
  monotonicUs(): number;
  /** Microseconds since the epoch, as this machine believes. */
  realtimeUs(): number;
}

export interface ReplicaPorts {
  readonly crypto: Crypto;
  readonly clock: ReplicaClock;
  readonly read: Read;
  readonly write: Write;
  /** Sends to another replica. May lose, delay, double; must not change. */
  send(to: number, message: Message): void;
  sendClient(client: number, message: Message): void;
  readonly machine: StateMachine;
  /** Told of each op before it is executed here, in order; of what is read from the disk at a start, too. */
  onExecuted(header: Header): void;
  /** 32 bytes that no process of this replica had before. */
  readonly nonce: Uint8Array;
  /** Told of what is worth knowing that it happened: counters, and the simulator's coverage. */
  mark(name: Mark): void;
}

/** Things that should happen at least sometimes in a simulation, or it does not test much. */
export type Mark =
  | 'checkpoint.done'
  | 'clock.unsynchronized'
  | 'client.evicted'
  | 'client.reply_resent'
  | 'commit.before_own_write'
  | 'committed.repaired'
  | 'do_view_change.awaiting_repair'
  | 'do_view_change.blank_header'
  | 'do_view_change.forfeit'
  | 'do_view_change.nack_truncated'
  | 'duplicate.prepare_ok_ignored'
  | 'message.malformed'
  | 'prepare.gap'
  | 'primary.abdicated'
  | 'read.barrier'
  | 'recovering_head.entered'
  | 'recovery_record.emitted'
  | 'repair.prepare'
  | 'request.forwarded'
  | 'start_view.from_recovering_head'
  | 'start_view.nonce_rejected'
  | 'start_view_change.quorum'
  | 'state_transfer.started'
  | 'superblock.repaired'
  | 'wal.empty'
  | 'wal.faulty'
  | 'wal.fixed'
  | 'wal.torn'
  | 'wal.wrap';

/**
 * TESTS ONLY: rules of the protocol, each of which can be switched off to show that the simulator sees
 * what happens without it. The names are those of the model.
 */
export const MUTATIONS = [
  'amnesia',
  'byOp',
  'logViewVolatile',
  'lvNoHeaders',
  'nackFaulty',
  'nackQuorum',
  'oldAcks',
  'samePrimary',
  'staleView',
  'truncTorn',
  'truncTransfer',
  'unstick',
  'viewVolatile',
] as const;
export type Mutation = (typeof MUTATIONS)[number];
