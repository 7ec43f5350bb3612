/**
 * A rolling hash of all that happened in a run, and its last lines for people. Equal seeds give equal
 * hashes; where they do not, something looked at a clock, at chance, or at an order that is none.
 */

/** What a person reads of a run: `[time in ms] text`. */
export interface TraceLine {
  readonly timeUs: number;
  readonly text: string;
}

export class Trace {
  #low = 0x811c9dc5;
  #high = 0x01000193;
  #count = 0;
  #lines: TraceLine[] = [];
  readonly #linesMax: number;

  /** Keeps that many lines of text; none by default, as texts cost more than the run itself. */
  constructor(linesMax = 0) {
    this.#linesMax = linesMax;
  }

  /** Events so far. */
  get count(): number {
    return this.#count;
  }

  get isVerbose(): boolean {
    return this.#linesMax > 0;
  }

  /** Folds numbers in: of each, the lower 32 bits and what is above them. */
  add(...numbers: readonly number[]): void {
    this.#count += 1;
    for (const number of numbers) {
      this.#fold(number | 0);
      this.#fold(Math.floor(number / 2 ** 32) | 0);
    }
  }

  /** Folds the first bytes of a digest in. */
  addBytes(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 1) this.#fold(bytes[at] as number);
  }

  #fold(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#high = Math.imul(this.#high ^ word ^ (this.#low >>> 15), 0x85ebca6b);
  }

  line(timeUs: number, text: string): void {
    if (this.#linesMax === 0) return;
    this.#lines.push({ timeUs, text });
    if (this.#lines.length > 2 * this.#linesMax) this.#lines = this.#lines.slice(-this.#linesMax);
  }

  get lines(): readonly TraceLine[] {
    return this.#lines.slice(-this.#linesMax);
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    return formatWord(this.#high) + formatWord(this.#low);
  }
}

function formatWord(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
