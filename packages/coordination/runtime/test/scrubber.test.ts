/** The pace of scrubbing, in virtual time. */

import { type DamagedRecord, LogError } from '@veritydb/log';
import { toOffset } from '@veritydb/types';
import { expect, it } from 'vitest';

import { Scrubber, type Timer } from '../src/index.ts';

interface Wait {
  readonly delayMs: number;
  readonly run: () => void;
}

function house(head: number, damagedAt: readonly number[]) {
  const reads: [number, number][] = [];
  const told: number[] = [];
  let waiting: Wait | undefined;
  const timer: Timer = {
    soon() {
      throw new Error('nothing here is soon');
    },
    after(delayMs, run) {
      waiting = { delayMs, run };
      return () => {
        waiting = undefined;
      };
    },
  };
  const tenant = {
    head,
    scrub: (from: number, count: number) => {
      const next = Math.min(from + count, head + 1);
      reads.push([from, next]);
      const damaged = damagedAt
        .filter((at) => at >= from && at < next)
        .map((at): DamagedRecord => ({ file: 'f', position: at, offset: toOffset(at) }));
      return { next: toOffset(next), damaged };
    },
  };
  const onDamage = ({ offset }: DamagedRecord): void => {
    told.push(offset);
  };
  const scrubber = new Scrubber({ tenant, timer, onDamage });
  /** Lets the wait pass; says how long it was, or that nobody waits. */
  const pass = (): number | undefined => {
    const now = waiting;
    waiting = undefined;
    now?.run();
    return now?.delayMs;
  };
  return { pass, reads, scrubber, tenant, told };
}

it('reads some records at a time, pauses after a pass, and tells of each damaged one once', () => {
  const { pass, reads, scrubber, told } = house(249, [3, 120, 249]);
  scrubber.start();
  expect([pass(), pass(), pass()]).toEqual([500, 500, 500]);
  expect(reads).toEqual([
    [0, 100],
    [100, 200],
    [200, 250],
  ]);
  expect(told).toEqual([3, 120, 249]);
  expect([pass(), pass(), pass(), pass()]).toEqual([3_600_000, 500, 500, 3_600_000]);
  expect(reads.slice(3)).toEqual([...reads.slice(0, 3), [0, 100]]);
  expect(told).toEqual([3, 120, 249]);
});

it('ends when it is told to, and when the log has stopped', () => {
  const { pass, scrubber, tenant } = house(10, []);
  scrubber.start();
  scrubber.stop();
  expect(pass()).toBeUndefined();
  scrubber.start();
  tenant.scrub = () => {
    throw new LogError('unavailable', 'ERR_LOG_CLOSED', 'the log is failed');
  };
  expect(pass()).toBe(500);
  expect(pass()).toBeUndefined();
});
