/** A file that grows by many small parts, without an object for each of them. */

const SIZE_FIRST = 1 << 12;

export class ByteBuilder {
  #bytes: Uint8Array = new Uint8Array(SIZE_FIRST);
  #size = 0;

  add(part: Uint8Array): void {
    const end = this.#size + part.length;
    if (end > this.#bytes.length) this.#grow(end);
    this.#bytes.set(part, this.#size);
    this.#size = end;
  }

  addByte(byte: number): void {
    if (this.#size === this.#bytes.length) this.#grow(this.#size + 1);
    this.#bytes[this.#size] = byte;
    this.#size += 1;
  }

  #grow(size: number): void {
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, size));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }

  /** All that was added, as a view: nothing is added any more. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }
}
