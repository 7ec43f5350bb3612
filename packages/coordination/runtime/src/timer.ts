/** The port to the event loop, and the real one. */

export interface Timer {
  /** Runs when what has arrived by now has been dealt with. */
  soon(run: () => void): void;
  /** Runs after a delay, unless the answer is called before. */
  after(delayMs: number, run: () => void): () => void;
}

export const systemTimer: Timer = {
  soon(run) {
    setImmediate(run);
  },
  after(delayMs, run) {
    const timeout = setTimeout(run, delayMs);
    return () => {
      clearTimeout(timeout);
    };
  },
};
