/** Seeded chance for sample data: the same seed gives the same rows on every machine. */

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** mulberry32 (Tommy Ettinger, public domain). For invented data alone. */
export class SampleRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    const fraction = ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
    return least + Math.floor(fraction * (most - least + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.between(0, items.length - 1)] as Item;
  }

  digits(count: number): string {
    return Array.from({ length: count }, () => String(this.between(0, 9))).join('');
  }

  /** `YYYY-MM-DD`; no month has a day that others lack. */
  date(fromYear: number, toYear: number): string {
    const year = this.between(fromYear, toYear);
    return `${year}-${two(this.between(1, 12))}-${two(this.between(1, 28))}`;
  }

  /** The shape of RFC 9562 §5.4, version 4. */
  uuid(): string {
    const hex = (length: number): string =>
      Array.from({ length }, () => this.between(0, 15).toString(16)).join('');
    return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
  }

  name(): readonly [first: string, last: string] {
    return [this.pick(FIRST), this.pick(LAST)];
  }
}

const FIRST = [
  'Ada',
  'Ben',
  'Cy',
  'Dora',
  'Emil',
  'Fay',
  'Gus',
  'Hana',
  'Ivo',
  'Jun',
  'Kai',
  'Lea',
];
const LAST = [
  'Moss',
  'Ortiz',
  'Lind',
  'Okafor',
  'Brandt',
  'Sato',
  'Novak',
  'Reyes',
  'Holm',
  'Dube',
];
