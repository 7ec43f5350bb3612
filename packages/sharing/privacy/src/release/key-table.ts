/** Dense numbers for keys: an open hash table over whole numbers up to 2^53, made for one pass and again. */

const LOAD = 2;

export class KeyTable {
  #keys: Float64Array;
  #ids: Int32Array;
  #mask: number;
  #count = 0;

  constructor(capacity: number) {
    let size = 16;
    while (size < LOAD * capacity) size *= 2;
    this.#keys = new Float64Array(size);
    this.#ids = new Int32Array(size).fill(-1);
    this.#mask = size - 1;
  }

  get count(): number {
    return this.#count;
  }

  clear(): void {
    this.#ids.fill(-1);
    this.#count = 0;
  }

  /** The number of a key, a new one where it was not seen since {@link clear}. At most `capacity` keys. */
  idOf(key: number): number {
    const keys = this.#keys;
    const ids = this.#ids;
    // Fibonacci hashing of both halves.
    const low = key >>> 0;
    const high = (key / 4_294_967_296) >>> 0;
    let slot = (Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1) >>> 7) & this.#mask;
    for (;;) {
      const id = ids[slot] as number;
      if (id < 0) {
        keys[slot] = key;
        ids[slot] = this.#count;
        this.#count += 1;
        return this.#count - 1;
      }
      if (keys[slot] === key) return id;
      slot = (slot + 1) & this.#mask;
    }
  }
}
