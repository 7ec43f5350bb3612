/** The state of a replica that its parts share, and what all of them need. */

import { assert, bytesEqual } from '@veritydb/types';

import type { VsrConfig } from './config.ts';
import type { Journal } from './journal.ts';
import {
  type Header,
  type HeaderFields,
  type Message,
  buildMessage,
  buildRoot,
} from './message.ts';
import type { Mark, Mutation, ReplicaPorts } from './ports.ts';
import { type Quorums, buildQuorums } from './quorum.ts';
import type { SuperblockStore } from './superblock-store.ts';

/**
 * - `recovering`: reading its disk.
 * - `normal`: its log is that of the view, as far as it goes.
 * - `view_change`: it left a view, or as the new primary repairs its log.
 * - `recovering_head`: it cannot tell where its log ends; it neither votes nor acknowledges.
 */
export type Status = 'recovering' | 'normal' | 'view_change' | 'recovering_head';

export interface CoreOptions {
  readonly config: VsrConfig;
  readonly replicaId: number;
  readonly ports: ReplicaPorts;
  readonly mutation: Mutation | undefined;
}

export class Core {
  readonly config: VsrConfig;
  readonly replicaId: number;
  readonly ports: ReplicaPorts;
  readonly mutation: Mutation | undefined;
  readonly quorums: Quorums;
  readonly root: Message;

  status: Status = 'recovering';
  view = 0;
  logView = 0;
  /** The head of the log. */
  op = 0;
  head: Header;
  /** The last op that was executed here. */
  commitMin = 0;
  /** Its checksum: what the next one names as its parent. */
  committedChecksum: Uint8Array;
  /** The last op that is known to be committed anywhere. */
  commitMax = 0;
  /** The head of the log down, as the superblock has it, or is to have it. */
  viewHeaders: readonly (Header | undefined)[] = [];
  tickCount = 0;
  /** Set when the disk was read. */
  journal!: Journal;
  superblock!: SuperblockStore;
  #randomState: number;

  constructor(options: CoreOptions) {
    this.config = options.config;
    this.replicaId = options.replicaId;
    this.ports = options.ports;
    this.mutation = options.mutation;
    this.quorums = buildQuorums(options.config.replicaCount);
    this.root = buildRoot(options.ports.crypto, options.config.cluster);
    this.head = this.root.header;
    this.committedChecksum = this.root.header.checksum;
    const { nonce } = options.ports;
    this.#randomState = new DataView(nonce.buffer, nonce.byteOffset).getUint32(0, true) | 1;
  }

  primaryOf(view: number): number {
    return view % this.config.replicaCount;
  }

  get isPrimary(): boolean {
    return this.primaryOf(this.view) === this.replicaId;
  }

  /** The last prepare of the committed log, durable. */
  get checkpoint(): Header {
    return this.superblock.durable.checkpoint;
  }

  /** The last op that the journal has room for. */
  get prepareMax(): number {
    return this.checkpoint.op + this.config.slotCount;
  }

  /** The log of the current view is on the disk, and so is that it is the log of this view. */
  get isViewDurable(): boolean {
    if (this.mutation === 'logViewVolatile') return this.logView === this.view;
    return this.superblock.durable.logView === this.view && this.logView === this.view;
  }

  /** Jitter, so that replicas do not fall into step: from 0 to `limit − 1`. */
  random(limit: number): number {
    let x = this.#randomState;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#randomState = x;
    return (x >>> 0) % limit;
  }

  /** Any other replica. */
  randomPeer(): number {
    const { replicaCount } = this.config;
    return (this.replicaId + 1 + this.random(replicaCount - 1)) % replicaCount;
  }

  mark(name: Mark): void {
    this.ports.mark(name);
  }

  build(fields: Omit<HeaderFields, 'replica' | 'view'>, body?: Uint8Array): Message {
    return this.buildAt(this.view, fields, body);
  }

  buildAt(
    view: number,
    fields: Omit<HeaderFields, 'replica' | 'view'>,
    body?: Uint8Array,
  ): Message {
    const all = { ...fields, replica: this.replicaId, view };
    return buildMessage(this.ports.crypto, this.config.cluster, all, body);
  }

  send(to: number, message: Message): void {
    assert(to !== this.replicaId, 'a replica sends to itself');
    this.ports.send(to, message);
  }

  broadcast(message: Message): void {
    for (let to = 0; to < this.config.replicaCount; to += 1) {
      if (to !== this.replicaId) this.ports.send(to, message);
    }
  }

  /** The header at an op, if it is known to be of the log. */
  logHeader(op: number): Header | undefined {
    if (op === this.checkpoint.op) return this.checkpoint;
    if (op === this.op) return this.head;
    return this.journal.vouchedAt(op, this.logView);
  }

  /** From an op that is known to be of the log, as far down as parents say that others are. */
  vouchDown(from: number): void {
    for (let op = from - 1; op > this.checkpoint.op; op -= 1) {
      const above = this.logHeader(op + 1);
      const header = this.journal.headerAt(op);
      if (above === undefined || header === undefined) return;
      if (!bytesEqual(above.parent, header.checksum)) return;
      this.journal.vouch(op, this.logView);
    }
  }

  /** Committed is committed in all views: this only rises. */
  learnCommit(commit: number): void {
    if (commit > this.commitMax) this.commitMax = commit;
  }
}
