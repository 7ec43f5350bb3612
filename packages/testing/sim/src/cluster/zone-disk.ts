/**
 * The disk of a simulated replica: zones of bytes, writes that take time and may end in any order, and
 * what a crash makes of those that have not ended: lost, or torn at a sector.
 */

import type { FormattedDisk, Zone } from '@veritydb/vsr';

/** A disk writes so much at once, or not at all. */
const ATOMIC_SIZE = 512;

interface Pending {
  readonly zone: Zone;
  readonly at: number;
  readonly bytes: Uint8Array;
}

export class ZoneDisk {
  readonly #zones: Record<Zone, Uint8Array>;
  #committedSize = 0;
  readonly #pending = new Set<Pending>();

  constructor(formatted: FormattedDisk) {
    this.#zones = { ...formatted, committed: new Uint8Array(4096) };
  }

  /** Bytes of a zone; behind its end there are zeros. */
  read(zone: Zone, at: number, size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    const source = this.#zones[zone];
    if (at < source.length) bytes.set(source.subarray(at, Math.min(source.length, at + size)));
    return bytes;
  }

  /** Begins a write; {@link complete} ends it. */
  begin(zone: Zone, at: number, bytes: Uint8Array): Pending {
    const pending = { zone, at, bytes };
    this.#pending.add(pending);
    return pending;
  }

  complete(pending: Pending): void {
    this.#pending.delete(pending);
    this.#put(pending.zone, pending.at, pending.bytes);
  }

  #put(zone: Zone, at: number, bytes: Uint8Array): void {
    const end = at + bytes.length;
    if (zone === 'committed' && end > this.#zones.committed.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#zones.committed.length));
      grown.set(this.#zones.committed);
      this.#zones.committed = grown;
    }
    if (zone === 'committed') this.#committedSize = Math.max(this.#committedSize, end);
    this.#zones[zone].set(bytes, at);
  }

  /** How far the committed log was ever written. */
  get committedSize(): number {
    return this.#committedSize;
  }

  /** The power goes: of each write that is under way, `draw` decides what is on the disk. */
  crash(draw: (purpose: number) => number, tearPermille: number): void {
    let count = 0;
    for (const { zone, at, bytes } of this.#pending) {
      const fate = draw(count * 3);
      const isDone = fate % 1000 >= tearPermille;
      // Sectors of headers are written whole: with 16 headers in each, more than one op hangs on them.
      const isWhole = zone === 'headers' || fate % 3 === 0;
      if (isDone) this.#put(zone, at, bytes);
      else if (!isWhole) {
        const sectors = draw(count * 3 + 1) % Math.ceil(bytes.length / ATOMIC_SIZE);
        this.#put(zone, at, bytes.subarray(0, sectors * ATOMIC_SIZE));
      }
      count += 1;
    }
    this.#pending.clear();
  }

  /** Turns a bit over. */
  flip(zone: Zone, at: number, bit: number): void {
    const bytes = this.#zones[zone];
    bytes[at] = (bytes[at] as number) ^ (1 << bit);
  }

  /** Makes the disk what it was when it was new: what no replica may ever do in its place. */
  reformat(formatted: FormattedDisk): void {
    Object.assign(this.#zones, formatted, { committed: new Uint8Array(4096) });
    this.#committedSize = 0;
  }
}

export type PendingWrite = Pending;
