/**
 * Where a state trie keeps its nodes and keys: arrays of numbers and bytes in chunks, outside the heap of
 * objects, with what is freed linked for the next to take.
 *
 * Of a key: a leaf of 38 bytes, an inner node of 42, and the key's bytes rounded up to four.
 */

import { assert } from '@veritydb/types';

const HASH_SIZE = 32;
/** Nodes of a chunk: the first one grows up to it, so that small tables stay small. */
const CHUNK_SHIFT = 13;
const CHUNK_NODES: number = 2 ** CHUNK_SHIFT;
const CHUNK_MASK: number = CHUNK_NODES - 1;
const FIRST_NODES = 16;
const NO_NODE = 0xffff_ffff;

/** Slots of nodes of one kind: 32 bytes, some words and a short number each. */
export class NodePool {
  readonly #words: number;
  readonly #hashes: Uint8Array[] = [];
  readonly #wordChunks: Uint32Array[] = [];
  readonly #shorts: Uint16Array[] = [];
  #count = 0;
  #capacity = 0;
  #free = NO_NODE;

  /** Requires at least one word a node: what is free is linked by it. */
  constructor(words: number) {
    this.#words = words;
  }

  allocate(): number {
    const free = this.#free;
    if (free !== NO_NODE) {
      this.#free = this.word(free, 0);
      return free;
    }
    if (this.#count === this.#capacity) this.#grow();
    this.#count += 1;
    return this.#count - 1;
  }

  free(id: number): void {
    this.setWord(id, 0, this.#free);
    this.#free = id;
  }

  #grow(): void {
    const isFirst = this.#capacity < CHUNK_NODES;
    const nodes = isFirst ? Math.max(FIRST_NODES, 2 * this.#capacity) : CHUNK_NODES;
    const chunk = isFirst ? 0 : this.#hashes.length;
    this.#hashes[chunk] = grown(new Uint8Array(nodes * HASH_SIZE), this.#hashes[chunk]);
    this.#wordChunks[chunk] = grown(new Uint32Array(nodes * this.#words), this.#wordChunks[chunk]);
    this.#shorts[chunk] = grown(new Uint16Array(nodes), this.#shorts[chunk]);
    this.#capacity = isFirst ? nodes : this.#capacity + nodes;
    assert(this.#capacity <= 2 ** 31, 'state trie has no node ids left');
  }

  word(id: number, index: number): number {
    const words = this.#wordChunks[id >>> CHUNK_SHIFT] as Uint32Array;
    return words[(id & CHUNK_MASK) * this.#words + index] as number;
  }

  setWord(id: number, index: number, value: number): void {
    const words = this.#wordChunks[id >>> CHUNK_SHIFT] as Uint32Array;
    words[(id & CHUNK_MASK) * this.#words + index] = value;
  }

  short(id: number): number {
    return (this.#shorts[id >>> CHUNK_SHIFT] as Uint16Array)[id & CHUNK_MASK] as number;
  }

  setShort(id: number, value: number): void {
    (this.#shorts[id >>> CHUNK_SHIFT] as Uint16Array)[id & CHUNK_MASK] = value;
  }

  /** The array in which the 32 bytes of a node are, from `hashAt` on. */
  hashes(id: number): Uint8Array {
    return this.#hashes[id >>> CHUNK_SHIFT] as Uint8Array;
  }

  hashAt(id: number): number {
    return (id & CHUNK_MASK) * HASH_SIZE;
  }
}

const UNIT = 4;
const KEY_CHUNK_UNITS_SHIFT = 16;
const KEY_CHUNK_UNITS: number = 2 ** KEY_CHUNK_UNITS_SHIFT;
const FIRST_KEY_UNITS = 64;

/** Bytes of keys, each at a unit of four bytes. */
export class KeyPool {
  readonly #chunks: Uint8Array[] = [];
  /** The first free place by how many units it has; the next stands in its bytes. */
  readonly #free: number[] = [];
  /** Units up to which the last chunk is taken, counted from the first. */
  #end = 0;

  add(key: Uint8Array): number {
    const units = unitsOf(key.length);
    const unit = this.#take(units);
    (this.#chunks[unit >>> KEY_CHUNK_UNITS_SHIFT] as Uint8Array).set(key, this.at(unit));
    return unit;
  }

  #take(units: number): number {
    const free = this.#free[units] ?? NO_NODE;
    if (free !== NO_NODE) {
      this.#free[units] = this.#view(free).getUint32(this.at(free));
      return free;
    }
    let unit = this.#end;
    const left = KEY_CHUNK_UNITS - (unit & (KEY_CHUNK_UNITS - 1));
    // A key never lies in two chunks: what is left of one that is too short is left.
    if (units > left) unit += left;
    this.#end = unit + units;
    assert(this.#end < NO_NODE, 'state trie has no room for keys left');
    this.#reserve(unit >>> KEY_CHUNK_UNITS_SHIFT, (unit & (KEY_CHUNK_UNITS - 1)) + units);
    return unit;
  }

  #reserve(chunk: number, units: number): void {
    const bytes = this.#chunks[chunk];
    const size = units * UNIT;
    if (bytes !== undefined && bytes.length >= size) return;
    const least = chunk === 0 ? FIRST_KEY_UNITS * UNIT : KEY_CHUNK_UNITS * UNIT;
    const wanted = Math.max(least, 2 * (bytes?.length ?? 0), size);
    const room = new Uint8Array(Math.min(wanted, KEY_CHUNK_UNITS * UNIT));
    this.#chunks[chunk] = grown(room, bytes);
  }

  free(unit: number, size: number): void {
    const units = unitsOf(size);
    this.#view(unit).setUint32(this.at(unit), this.#free[units] ?? NO_NODE);
    this.#free[units] = unit;
  }

  #view(unit: number): DataView {
    const { buffer } = this.chunk(unit);
    return new DataView(buffer);
  }

  /** The array in which a key is, from `at` on. */
  chunk(unit: number): Uint8Array {
    return this.#chunks[unit >>> KEY_CHUNK_UNITS_SHIFT] as Uint8Array;
  }

  at(unit: number): number {
    return (unit & (KEY_CHUNK_UNITS - 1)) * UNIT;
  }
}

function unitsOf(size: number): number {
  return Math.ceil(size / UNIT);
}

function grown<Numbers extends Uint8Array | Uint16Array | Uint32Array>(
  room: Numbers,
  from: Numbers | undefined,
): Numbers {
  if (from !== undefined) room.set(from);
  return room;
}
