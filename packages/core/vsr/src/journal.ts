/**
 * The journal: a ring of prepares and, apart from it, a ring of their headers. Op `n` has slot
 * `n % slotCount`. It holds what is not yet in the committed log.
 *
 * A prepare is written first and its redundant header after it, and only then counts as durable: a crash
 * between the two leaves a slot that says so. `dirty` is what is not on the disk yet; `faulty` is what
 * was or may have been, and cannot be read: it stays faulty until the prepare itself is written again,
 * whatever header is learned for it meanwhile.
 */

import type { Crypto } from '@veritydb/crypto';
import { assert, bytesEqual } from '@veritydb/types';

import { HEADERS_PER_SECTOR, SECTOR_SIZE, type VsrConfig } from './config.ts';
import { HEADER_SIZE, type Header, type Message, buildMessage } from './message.ts';
import type { Write } from './ports.ts';

interface Slot {
  header: Header | undefined;
  /** The log view in which the header was known to be of the log; −1: a leftover, perhaps of another. */
  vouchedIn: number;
  prepare: Message | undefined;
  isDirty: boolean;
  isFaulty: boolean;
  /** What the ring of headers says, or is to say, about this slot; undefined: reserved. */
  redundant: Uint8Array | undefined;
  /** The prepare that is being written now. */
  writing: Header | undefined;
  /** The redundant header is on its way. */
  isHeaderPending: boolean;
}

interface Sector {
  isWriting: boolean;
  isStale: boolean;
  /** Slots whose headers go with the write that is under way, and those headers. */
  slots: { readonly index: number; readonly header: Uint8Array }[];
}

export interface JournalOptions {
  readonly crypto: Crypto;
  readonly config: VsrConfig;
  readonly write: Write;
  /** A prepare is on the disk. */
  readonly onDurable: (header: Header) => void;
  /** TESTS ONLY: forget that a slot is faulty as soon as its header is known. */
  readonly isUnsticky: boolean;
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #slots: Slot[];
  readonly #sectors: Sector[];
  readonly #reserved: readonly Uint8Array[];
  readonly #waiting: number[] = [];
  #writesInFlight = 0;

  constructor(options: JournalOptions) {
    const { config, crypto } = options;
    this.#options = options;
    this.#slots = Array.from({ length: config.slotCount }, emptySlot);
    this.#sectors = Array.from({ length: config.slotCount / HEADERS_PER_SECTOR }, () => ({
      isWriting: false,
      isStale: false,
      slots: [],
    }));
    this.#reserved = this.#slots.map((_, index) => buildReserved(crypto, config.cluster, index));
  }

  #slot(op: number): Slot {
    return this.#slots[op % this.#slots.length] as Slot;
  }

  /** Sets a slot to what was found on the disk. */
  restore(
    index: number,
    found: { prepare?: Message; redundant?: Uint8Array; isFaulty: boolean },
  ): void {
    const slot = this.#slots[index] as Slot;
    slot.header = found.prepare?.header;
    slot.prepare = found.prepare;
    slot.isFaulty = found.isFaulty;
    slot.isDirty = found.isFaulty;
    slot.redundant = found.redundant;
  }

  /** Writes again what is known and not surely on the disk. */
  rewrite(): void {
    for (const [index, slot] of this.#slots.entries()) {
      if (slot.prepare !== undefined && slot.isDirty) this.#enqueue(index);
    }
  }

  /** The header at an op, whether or not it is known to be of the log. */
  headerAt(op: number): Header | undefined {
    const { header } = this.#slot(op);
    return header?.op === op ? header : undefined;
  }

  /** The header at an op that is known to be of the log of a view. */
  vouchedAt(op: number, logView: number): Header | undefined {
    const slot = this.#slot(op);
    return slot.header?.op === op && slot.vouchedIn === logView ? slot.header : undefined;
  }

  prepareAt(op: number): Message | undefined {
    const { header, prepare } = this.#slot(op);
    return header?.op === op ? prepare : undefined;
  }

  isFaulty(op: number): boolean {
    return this.#slot(op).isFaulty;
  }

  isDurable(op: number): boolean {
    const { header, isDirty } = this.#slot(op);
    return header?.op === op && !isDirty;
  }

  vouch(op: number, logView: number): void {
    this.#slot(op).vouchedIn = logView;
  }

  /** Learns the header of an op. What was here under another header is not of the log. */
  setHeader(header: Header, logView: number): void {
    const slot = this.#slot(header.op);
    slot.vouchedIn = logView;
    if (isSame(slot.header, header)) return;
    // A slot that is faulty with no header known stays so: it may be this very op that was lost.
    const staysFaulty = slot.isFaulty && slot.header === undefined && !this.#options.isUnsticky;
    slot.header = header;
    slot.prepare = undefined;
    slot.isDirty = true;
    slot.isFaulty = staysFaulty;
    slot.isHeaderPending = false;
  }

  /** Takes a prepare of the log in, and begins to write it. */
  put(prepare: Message, logView: number): void {
    const { header } = prepare;
    this.setHeader(header, logView);
    const slot = this.#slot(header.op);
    slot.prepare ??= prepare;
    if (slot.isDirty) this.#enqueue(header.op % this.#slots.length);
  }

  /** Takes everything above an op out of the log. */
  truncateAbove(op: number): void {
    for (const slot of this.#slots) {
      if (slot.header !== undefined && slot.header.op > op) clear(slot);
    }
  }

  /**
   * After a restart: prepares above the head at which a view began are of this view or leftovers; those
   * of it are vouched for. Says which op is the last.
   */
  settle(viewStartOp: number, logView: number): number {
    let last = viewStartOp;
    for (const slot of this.#slots) {
      const { header } = slot;
      if (header === undefined) continue;
      if (header.view === logView) {
        slot.vouchedIn = logView;
        last = Math.max(last, header.op);
      } else if (header.op > viewStartOp) clear(slot);
    }
    return last;
  }

  /** The memory of a slot that cannot be read is given up. TESTS ONLY: see the mutation `truncTorn`. */
  clearFaultyAbove(op: number, prepareMax: number): void {
    for (let at = op + 1; at <= prepareMax; at += 1) {
      const slot = this.#slot(at);
      if (slot.isFaulty && slot.header === undefined) {
        slot.isFaulty = false;
        slot.isDirty = false;
      }
    }
  }

  #enqueue(index: number): void {
    const slot = this.#slots[index] as Slot;
    if (slot.writing !== undefined || this.#waiting.includes(index)) return;
    this.#waiting.push(index);
    this.#startWrites();
  }

  /** Bounded, so that a crash can tear no more slots than that. */
  #startWrites(): void {
    while (this.#writesInFlight < this.#options.config.pipelineLength) {
      const index = this.#waiting.shift();
      if (index === undefined) return;
      const slot = this.#slots[index] as Slot;
      if (slot.prepare === undefined || !slot.isDirty || slot.isHeaderPending) continue;
      const { bytes, header } = slot.prepare;
      const padded = new Uint8Array(Math.ceil(bytes.length / SECTOR_SIZE) * SECTOR_SIZE);
      padded.set(bytes);
      slot.writing = header;
      this.#writesInFlight += 1;
      const at = index * this.#options.config.messageSizeMax;
      this.#options.write('prepares', at, padded, () => {
        this.#onPrepareWritten(index, header);
      });
    }
  }

  #onPrepareWritten(index: number, header: Header): void {
    const slot = this.#slots[index] as Slot;
    slot.writing = undefined;
    this.#writesInFlight -= 1;
    if (isSame(slot.header, header) && slot.isDirty) {
      slot.redundant = header.headerBytes;
      slot.isHeaderPending = true;
      this.#writeSector(Math.floor(index / HEADERS_PER_SECTOR));
    } else if (slot.prepare !== undefined && slot.isDirty) this.#enqueue(index);
    this.#startWrites();
  }

  #writeSector(index: number): void {
    const sector = this.#sectors[index] as Sector;
    if (sector.isWriting) {
      sector.isStale = true;
      return;
    }
    const first = index * HEADERS_PER_SECTOR;
    const bytes = new Uint8Array(SECTOR_SIZE);
    sector.isWriting = true;
    sector.isStale = false;
    sector.slots = [];
    for (let offset = 0; offset < HEADERS_PER_SECTOR; offset += 1) {
      const slot = this.#slots[first + offset] as Slot;
      // What is faulty is written as zeros, so that it is still faulty after a crash.
      if (slot.isFaulty && !slot.isHeaderPending) continue;
      const header = slot.redundant ?? this.#reserved[first + offset];
      assert(header !== undefined, 'a slot beyond the ring');
      bytes.set(header, offset * HEADER_SIZE);
      if (slot.isHeaderPending) sector.slots.push({ index: first + offset, header });
    }
    this.#options.write('headers', index * SECTOR_SIZE, bytes, () => {
      this.#onSectorWritten(sector, index);
    });
  }

  #onSectorWritten(sector: Sector, index: number): void {
    sector.isWriting = false;
    for (const { index: at, header } of sector.slots) {
      const slot = this.#slots[at] as Slot;
      if (!slot.isHeaderPending || slot.header === undefined) continue;
      if (slot.redundant !== header) continue;
      slot.isHeaderPending = false;
      slot.isDirty = false;
      slot.isFaulty = false;
      this.#options.onDurable(slot.header);
    }
    sector.slots = [];
    if (sector.isStale) this.#writeSector(index);
  }

  /** Asserts what always holds of a slot. */
  assertSound(): void {
    for (const slot of this.#slots) {
      assert(!slot.isFaulty || slot.isDirty, 'a faulty slot is not dirty');
      if (slot.prepare === undefined || slot.header === undefined) continue;
      assert(
        bytesEqual(slot.prepare.header.checksum, slot.header.checksum),
        'a slot holds the prepare of another header',
      );
    }
  }
}

function isSame(a: Header | undefined, b: Header): boolean {
  return a !== undefined && bytesEqual(a.checksum, b.checksum);
}

/** What was here is not of the log, and was not committed. */
function clear(slot: Slot): void {
  slot.header = undefined;
  slot.prepare = undefined;
  slot.vouchedIn = -1;
  slot.isDirty = false;
  slot.isFaulty = false;
  slot.isHeaderPending = false;
}

function emptySlot(): Slot {
  return {
    header: undefined,
    vouchedIn: -1,
    prepare: undefined,
    isDirty: false,
    isFaulty: false,
    redundant: undefined,
    writing: undefined,
    isHeaderPending: false,
  };
}

/** The header of a slot that was never used. */
export function buildReserved(crypto: Crypto, cluster: Uint8Array, index: number): Uint8Array {
  const fields = { command: 'reserved', replica: 0, view: 0, op: index } as const;
  return buildMessage(crypto, cluster, fields).bytes;
}
