/**
 * The committed log: prepares in order, each padded to 8 bytes, only ever appended to, and the same bytes
 * on every replica. At a checkpoint what the journal held goes over to it; from there it is read when a
 * replica starts, and sent to those who are too far behind for the journal.
 */

import { assert, bytesEqual } from '@veritydb/types';

import type { Core } from './core.ts';
import { VsrError } from './error.ts';
import { HEADER_SIZE, type Message, parseHeader, parseMessage } from './message.ts';

export class CommittedLog {
  readonly #core: Core;
  readonly #execute: (prepare: Message, isReplay: boolean) => void;
  /** Committed here and not yet in the file: ops from the checkpoint's + 1. */
  #pending: Message[] = [];
  /** Where op `n` begins, at `n − 1`; and where the last one ends. */
  readonly #offsets: number[] = [0];
  #isCheckpointing = false;
  #isReading = false;
  /** The record that is to be read next, when starting, cannot be read. */
  #isDamaged = false;
  /** Ops that were found damaged later. */
  readonly #damaged = new Set<number>();

  constructor(core: Core, execute: (prepare: Message, isReplay: boolean) => void) {
    this.#core = core;
    this.#execute = execute;
  }

  /** The file is not yet read up to the checkpoint. */
  get isReplaying(): boolean {
    return this.#core.commitMin < this.#core.checkpoint.op;
  }

  /** Takes a prepare in that was just executed. */
  push(prepare: Message, isReplay: boolean): void {
    const end = this.#offsets.at(-1) as number;
    this.#offsets.push(end + paddedSize(prepare.bytes.length));
    if (isReplay) {
      if (prepare.header.op === this.#core.checkpoint.op) this.#assertWhole();
      return;
    }
    this.#pending.push(prepare);
    this.startCheckpoint();
  }

  /** The checksum of an op that is committed and not yet in the file. */
  checksumAt(op: number): Uint8Array | undefined {
    return this.#pending[op - this.#core.checkpoint.op - 1]?.header.checksum;
  }

  /** What is committed and not yet in the file, above an op. */
  pendingAbove(op: number): readonly Message[] {
    return this.#pending.slice(Math.max(0, op - this.#core.checkpoint.op));
  }

  /** Begins a checkpoint if one is due: at fixed ops, so that all replicas have the same. */
  startCheckpoint(): void {
    const { checkpointOps } = this.#core.config;
    if (this.#isCheckpointing || this.#pending.length < checkpointOps) return;
    this.#isCheckpointing = true;
    const prepares = this.#pending.slice(0, checkpointOps);
    const last = (prepares.at(-1) as Message).header;
    const from = this.#offsets[this.#core.checkpoint.op] as number;
    const to = this.#offsets[last.op] as number;
    assert(from === this.#core.superblock.durable.committedSize, 'the committed log has a gap');
    const bytes = concatPadded(prepares, to - from);
    this.#core.ports.write('committed', from, bytes, () => {
      const change = { checkpoint: last, committedSize: to };
      this.#core.superblock.update({ ...change, commitMax: this.#core.commitMax });
    });
  }

  /** The superblock was written: perhaps with a new checkpoint. */
  onSuperblock(checkpointBefore: number): void {
    const moved = this.#core.checkpoint.op - checkpointBefore;
    if (moved === 0) return;
    this.#core.mark('checkpoint.done');
    this.#pending = this.#pending.slice(moved);
    this.#isCheckpointing = false;
    this.startCheckpoint();
  }

  /** Reads on, when starting. */
  replay(): void {
    const core = this.#core;
    if (!this.isReplaying || this.#isReading || this.#isDamaged) return;
    this.#isReading = true;
    const from = this.#offsets.at(-1) as number;
    const size = Math.min(
      core.superblock.durable.committedSize - from,
      4 * core.config.messageSizeMax,
    );
    core.ports.read('committed', from, size, (bytes) => {
      this.#isReading = false;
      // Meanwhile peers may have sent what was to be read.
      if (this.#offsets.at(-1) === from) this.#replayBytes(bytes);
      this.replay();
    });
  }

  #replayBytes(bytes: Uint8Array): void {
    const core = this.#core;
    const before = core.commitMin;
    for (const record of parseRecords(core, bytes, before + 1)) {
      if (!bytesEqual(record.header.parent, core.committedChecksum)) break;
      this.#execute(record, true);
      if (!this.isReplaying) break;
    }
    if (core.commitMin === before) this.#isDamaged = true;
  }

  #assertWhole(): void {
    const { committedChecksum, checkpoint, superblock } = this.#core;
    assert(bytesEqual(committedChecksum, checkpoint.checksum), 'the committed log is of another');
    assert(this.#offsets.at(-1) === superblock.durable.committedSize, 'its size is another');
  }

  /** The op that peers should send, if any. */
  get wanted(): number | undefined {
    const core = this.#core;
    if (this.#isDamaged) return core.commitMin + 1;
    for (const op of this.#damaged) return op;
    return undefined;
  }

  /** Prepares that a peer has committed: they are the log, whatever views there were. */
  receive(message: Message): void {
    const core = this.#core;
    for (const prepare of parseRecords(core, message.body, message.header.op)) {
      const { op, parent } = prepare.header;
      if (this.#damaged.has(op)) this.#mend(prepare);
      if (op !== core.commitMin + 1) continue;
      assert(bytesEqual(parent, core.committedChecksum), 'a peer has committed another op');
      core.learnCommit(op);
      const isReplay = this.isReplaying;
      if (isReplay) this.#write(prepare, this.#offsets.at(-1) as number);
      this.#isDamaged = false;
      this.#execute(prepare, isReplay);
    }
    this.replay();
  }

  #mend(prepare: Message): void {
    const { op } = prepare.header;
    const from = this.#offsets[op - 1] as number;
    const isSized = from + paddedSize(prepare.bytes.length) === this.#offsets[op];
    if (!isSized) return;
    this.#damaged.delete(op);
    this.#write(prepare, from);
  }

  #write(prepare: Message, at: number): void {
    this.#core.mark('committed.repaired');
    const bytes = concatPadded([prepare], paddedSize(prepare.bytes.length));
    this.#core.ports.write('committed', at, bytes, nothing);
  }

  /** Hands over ops from `op` on, as many as fit into a message; nothing when they are not here. */
  read(op: number, then: (records: Uint8Array) => void): void {
    const core = this.#core;
    if (op < 1 || op > core.commitMin) return;
    const room = core.config.messageSizeMax - HEADER_SIZE;
    const checkpointOp = Math.min(core.checkpoint.op, core.commitMin);
    const isPending = op > checkpointOp;
    const last = isPending ? core.commitMin : checkpointOp;
    const from = this.#offsets[op - 1] as number;
    let count = 0;
    while (op + count <= last && (this.#offsets[op + count] as number) - from <= room) count += 1;
    if (count === 0) return;
    const size = (this.#offsets[op + count - 1] as number) - from;
    if (isPending) {
      const index = op - checkpointOp - 1;
      then(concatPadded(this.#pending.slice(index, index + count), size));
      return;
    }
    core.ports.read('committed', from, size, (bytes) => {
      const found = parseRecords(core, bytes, op);
      if (found.length < count) this.#damaged.add(op + found.length);
      const end = this.#offsets[op + found.length - 1] as number;
      if (found.length > 0) then(bytes.subarray(0, end - from));
    });
  }
}

function nothing(): void {
  // The write is durable: nobody waits for it.
}

/** Records are aligned, so that a header never begins in the middle of a word. */
function paddedSize(size: number): number {
  return Math.ceil(size / 8) * 8;
}

function concatPadded(prepares: readonly Message[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const prepare of prepares) {
    bytes.set(prepare.bytes, at);
    at += paddedSize(prepare.bytes.length);
  }
  assert(at === size, 'records do not fill their place');
  return bytes;
}

/** The whole records at the beginning of some bytes, the first of which is to be `op`. */
function parseRecords(core: Core, bytes: Uint8Array, op: number): readonly Message[] {
  const { crypto } = core.ports;
  const { cluster } = core.config;
  const found: Message[] = [];
  let at = 0;
  try {
    while (at + HEADER_SIZE <= bytes.length) {
      const header = parseHeader(crypto, cluster, bytes, at);
      const isNext = header.command === 'prepare' && header.op === op + found.length;
      if (!isNext || at + header.size > bytes.length) break;
      found.push(parseMessage(crypto, cluster, bytes.slice(at, at + header.size)));
      at += paddedSize(header.size);
    }
  } catch (error) {
    // What cannot be read is asked of a peer.
    if (!(error instanceof VsrError)) throw error;
  }
  return found;
}
