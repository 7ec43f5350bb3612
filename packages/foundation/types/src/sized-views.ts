/** Longer views are made each time: they are rare, and what is in them costs more. */
const KEPT_SIZE_MAX = 2048;

/**
 * Views of the beginning of scratch bytes, one of each size: what is hashed or encrypted over and over is
 * written to the same place, and a view of it costs as much as a short hash when it is made and collected.
 */
export class SizedViews {
  readonly bytes: Uint8Array;
  readonly #views: (Uint8Array | undefined)[] = [];

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  /** The first bytes, as many as are asked for: the same view each time. */
  of(size: number): Uint8Array {
    if (size > KEPT_SIZE_MAX) return this.bytes.subarray(0, size);
    return (this.#views[size] ??= this.bytes.subarray(0, size));
  }
}
