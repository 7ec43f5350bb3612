/** Many short byte strings in one block: an object for each would take ten times the room of its bytes. */

const SIZE_FIRST = 1 << 12;
const COUNT_FIRST = 1 << 6;

export class ByteList {
  #bytes: Uint8Array = new Uint8Array(SIZE_FIRST);
  /** Where each ends, and so where the next begins. */
  #ends: Float64Array = new Float64Array(COUNT_FIRST);
  #count = 0;

  get length(): number {
    return this.#count;
  }

  /** Adds a copy of `source[start, end)`. */
  push(source: Uint8Array, start = 0, end: number = source.length): void {
    const at = this.#startOf(this.#count);
    const size = at + end - start;
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, size));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    if (this.#count === this.#ends.length) {
      const grown = new Float64Array(2 * this.#count);
      grown.set(this.#ends);
      this.#ends = grown;
    }
    this.#bytes.set(source.subarray(start, end), at);
    this.#ends[this.#count] = size;
    this.#count += 1;
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] as number);
  }

  /** The bytes of one, as a view. Requires 0 <= index < length. */
  at(index: number): Uint8Array {
    return this.#bytes.subarray(this.#startOf(index), this.#ends[index]);
  }

  /** Like `compareBytes` of two of them. */
  compare(one: number, other: number): number {
    const [a, b] = [this.#startOf(one), this.#startOf(other)];
    const [sizeA, sizeB] = [(this.#ends[one] as number) - a, (this.#ends[other] as number) - b];
    const size = Math.min(sizeA, sizeB);
    for (let at = 0; at < size; at += 1) {
      const difference = (this.#bytes[a + at] as number) - (this.#bytes[b + at] as number);
      if (difference !== 0) return difference;
    }
    return sizeA - sizeB;
  }
}
