/** What a benchmark is: two sides that do the same amount of work in turns, and the goal of their ratio. */

/** One of the two that are compared. */
export interface Side {
  /** Makes a round ready; not measured. */
  readonly before?: () => void | Promise<void>;
  /** One round; returns how many operations it did. */
  readonly run: () => number | Promise<number>;
}

export interface Contest {
  readonly ours: Side;
  readonly peer: Side;
  readonly close?: () => void | Promise<void>;
}

/**
 * - `cpu`: seconds of the process, user and system: where one thread does the work, other load on the
 *   machine does not count.
 * - `wall`: where a disk has its part in it.
 */
export type ClockName = 'cpu' | 'wall';

export interface Goal {
  /** Ours against the peer's; or ours alone, a second, where the peer is but a yardstick. */
  readonly of: 'ratio' | 'rate';
  readonly floor: number;
  readonly stretch: number;
}

export interface Benchmark {
  readonly name: string;
  readonly ours: string;
  readonly peer: string;
  /** What is counted. */
  readonly unit: string;
  readonly clock: ClockName;
  readonly goal: Goal;
  readonly needsSqlite?: boolean;
  /** @param folder empty, on a real disk; removed when the contest is over */
  readonly open: (folder: string) => Contest | Promise<Contest>;
}
