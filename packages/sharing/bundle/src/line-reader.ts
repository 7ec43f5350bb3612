/** Lines of a file, each ended by a line feed, as views on its bytes. */

import { BundleError } from './error.ts';

const LINE_FEED = 0x0a;

export class LineReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Number of the line read last, from 1. */
  get number(): number {
    return this.#count;
  }

  /**
   * The next line without its line feed, or null at the end.
   *
   * @throws {BundleError} ERR_BUNDLE_LINE when the last line is not ended
   */
  next(): Uint8Array | null {
    if (this.#at === this.#bytes.length) return null;
    const end = this.#bytes.indexOf(LINE_FEED, this.#at);
    this.#count += 1;
    if (end < 0) throw new BundleError('ERR_BUNDLE_LINE', 'the last line is not ended');
    const line = this.#bytes.subarray(this.#at, end);
    this.#at = end + 1;
    return line;
  }
}
