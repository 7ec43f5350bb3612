/** Lets others wait until something happens again. */
export class Wake {
  #waiting: (() => void)[] = [];

  /** Resolves at the next call of {@link Wake.wake}. */
  async next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
