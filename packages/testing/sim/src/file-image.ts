/**
 * One simulated file: what reads see (live), what survives a loss of power (durable), and what was
 * written since the last sync and may or may not survive.
 *
 * A loss of power takes the writes since the last sync apart into sectors of 512 bytes, drops some, and
 * puts the others onto the durable bytes in any order. So a write may be lost, torn, or overtaken by a
 * later one; a sector is written whole or not at all.
 */

import type { SimRandom } from './random.ts';

const SECTOR_SIZE = 512;

type Change =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly size: number };

/** Bytes that grow, with zeros where nothing was written. */
class Bytes {
  #bytes: Uint8Array;
  size: number;

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = bytes.slice();
    this.size = bytes.length;
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.size);
  }

  write(source: Uint8Array, position: number): void {
    const end = position + source.length;
    if (end > this.size) this.resize(end);
    this.#bytes.set(source, position);
  }

  resize(size: number): void {
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2));
      grown.set(this.view());
      this.#bytes = grown;
    }
    if (size < this.size) this.#bytes.fill(0, size, this.size);
    this.size = size;
  }
}

export class FileImage {
  readonly live: Bytes;
  readonly #durable: Bytes;
  #pending: Change[] = [];

  constructor(durable: Uint8Array = new Uint8Array(0), live: Uint8Array = durable) {
    this.live = new Bytes(live);
    this.#durable = new Bytes(durable);
  }

  write(source: Uint8Array, position: number): void {
    this.live.write(source, position);
    this.#pending.push({ kind: 'write', position, bytes: source.slice() });
  }

  /** A write that failed: the caller was told so, yet any part of it may be on the disk. */
  writeInVain(source: Uint8Array, position: number): void {
    this.#pending.push({ kind: 'write', position, bytes: source.slice() });
  }

  truncate(size: number): void {
    this.live.resize(size);
    this.#pending.push({ kind: 'truncate', size });
  }

  sync(): void {
    for (const change of this.#pending) apply(this.#durable, change);
    this.#pending = [];
  }

  /** A sync that failed: what was to be written is read as before, and lost with the power. */
  forget(): void {
    this.#pending = [];
  }

  /** What the file is after a loss of power. */
  crash(random: SimRandom): FileImage {
    const pieces = this.#pending.flatMap(toSectors);
    // A third of the crashes each: everything reached the disk, nothing did, or any part in any order.
    const fate = random.below(3);
    const kept =
      fate === 0
        ? pieces
        : fate === 1
          ? []
          : random.shuffle(pieces.filter(() => random.isOneIn(2)));
    for (const change of kept) apply(this.#durable, change);
    return new FileImage(this.#durable.view());
  }

  /** Turns a bit over, on the disk and for readers. */
  flipBit(position: number, bit: number): void {
    for (const image of [this.live, this.#durable]) {
      const view = image.view();
      if (position < view.length) view[position] = (view[position] as number) ^ (1 << bit);
    }
  }

  copy(): FileImage {
    const copy = new FileImage(this.#durable.view(), this.live.view());
    copy.#pending = [...this.#pending];
    return copy;
  }
}

function apply(target: Bytes, change: Change): void {
  if (change.kind === 'write') target.write(change.bytes, change.position);
  else target.resize(change.size);
}

function toSectors(change: Change): readonly Change[] {
  if (change.kind === 'truncate') return [change];
  const sectors: Change[] = [];
  const end = change.position + change.bytes.length;
  let at = change.position;
  while (at < end) {
    const next = Math.min(end, (Math.floor(at / SECTOR_SIZE) + 1) * SECTOR_SIZE);
    const bytes = change.bytes.subarray(at - change.position, next - change.position);
    sectors.push({ kind: 'write', position: at, bytes });
    at = next;
  }
  return sectors;
}
