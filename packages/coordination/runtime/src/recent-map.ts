/**
 * A map of what was used lately. It has two halves: what is used moves to the younger one, and when that is
 * full the older one is let go of. (A first key that is deleted each time costs a walk over all before it.)
 */
export class RecentMap<Key, Value> {
  readonly #halfSizeMax: number;
  readonly #letGo: (value: Value) => void;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();

  /** @param letGo called with each value that is not kept any more */
  constructor(halfSizeMax: number, letGo: (value: Value) => void = () => undefined) {
    this.#halfSizeMax = halfSizeMax;
    this.#letGo = letGo;
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.set(key, old);
    return old;
  }

  /** Keeps a value under a key that has none. */
  set(key: Key, value: Value): void {
    if (this.#young.size >= this.#halfSizeMax) {
      for (const old of this.#old.values()) this.#letGo(old);
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  delete(key: Key): void {
    for (const half of [this.#young, this.#old]) {
      const value = half.get(key);
      if (value !== undefined) this.#letGo(value);
      half.delete(key);
    }
  }

  clear(): void {
    for (const half of [this.#young, this.#old]) {
      for (const value of half.values()) this.#letGo(value);
      half.clear();
    }
  }
}
