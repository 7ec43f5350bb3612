/** Which writes share a sync, in virtual time: under each policy what is answered is durable. */

import { SimDisk } from '@veritydb/sim';
import { expectCode } from '@veritydb/testkit';
import { describe, expect, it } from 'vitest';

import type { CommitPath } from '../src/commit.ts';
import {
  RuntimeError,
  SingleReplicator,
  type SyncPolicy,
  type Timer,
  parseSyncPolicy,
} from '../src/index.ts';
import { PEOPLE, execute, machineOf, openTenant, peopleAt } from './tenant-house.ts';

/** An event loop that turns when it is told to, and a clock that stands still until then. */
class SimTimer implements Timer {
  #now = 0;
  #soon: (() => void)[] = [];
  #later: { at: number; run: () => void }[] = [];

  soon(run: () => void): void {
    this.#soon.push(run);
  }

  after(delayMs: number, run: () => void): () => void {
    const one = { at: this.#now + delayMs, run };
    this.#later.push(one);
    return () => {
      this.#later = this.#later.filter((each) => each !== one);
    };
  }

  /** Comes round once; what is asked for meanwhile waits for the next turn. */
  turn(): void {
    const now = this.#soon;
    this.#soon = [];
    for (const run of now) run();
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#later.filter(({ at }) => at <= this.#now);
    this.#later = this.#later.filter(({ at }) => at > this.#now);
    for (const { run } of due) run();
  }
}

/** A replicator whose batches are written down. */
function house(sync: SyncPolicy) {
  const timer = new SimTimer();
  const batches: number[] = [];
  const commits: Pick<CommitPath, 'commit'> = {
    commit(batch) {
      batches.push(batch.length);
      return batch.map(() => new Error('not committed: only counted'));
    },
  };
  const replicator = new SingleReplicator({ commits, sync, timer });
  const arrive = (count: number): void => {
    for (let index = 0; index < count; index += 1) {
      void replicator
        .submit({ command: { kind: 'drop-table', name: 'x' }, idempotencyId: null })
        .catch(() => undefined);
    }
  };
  return { arrive, batches, replicator, timer };
}

describe('what shares a sync', () => {
  it('every-record: nothing (S137)', () => {
    const { arrive, batches, timer } = house({ kind: 'every-record' });
    arrive(3);
    timer.turn();
    expect(batches).toEqual([1]);
    arrive(1);
    for (let turn = 0; turn < 5; turn += 1) timer.turn();
    expect(batches).toEqual([1, 1, 1, 1]);
  });

  it('every-batch: what arrived before the event loop came round (S138)', () => {
    const { arrive, batches, timer } = house({ kind: 'every-batch' });
    arrive(3);
    arrive(2);
    timer.turn();
    arrive(1);
    timer.turn();
    timer.turn();
    expect(batches).toEqual([5, 1]);
  });

  it('group-commit: those who wrote together, if they come back in time (S139)', () => {
    const { arrive, batches, timer } = house({ kind: 'group-commit', maxDelayMs: 5 });
    arrive(4);
    timer.turn();
    expect(batches).toEqual([4]);
    // Two of the four are back, the others on their way.
    arrive(2);
    timer.turn();
    timer.advance(3);
    arrive(1);
    timer.turn();
    expect(batches).toEqual([4]);
    // The last: nobody is waited for any more.
    arrive(1);
    timer.turn();
    expect(batches).toEqual([4, 4]);
    timer.advance(10);
    expect(batches).toEqual([4, 4]);
    // One of four comes back: it waits its five milliseconds, and from then on is alone.
    arrive(1);
    timer.turn();
    timer.advance(4);
    expect(batches).toEqual([4, 4]);
    timer.advance(1);
    expect(batches).toEqual([4, 4, 1]);
    arrive(1);
    timer.turn();
    expect(batches).toEqual([4, 4, 1, 1]);
  });

  it('group-commit: a writer who is alone waits for nobody', () => {
    const { arrive, batches, timer } = house({ kind: 'group-commit', maxDelayMs: 5 });
    for (let write = 1; write <= 3; write += 1) {
      arrive(1);
      timer.turn();
      expect(batches.length).toBe(write);
    }
  });

  it('group-commit: closing refuses those who wait, and nothing is committed later', async () => {
    const { arrive, batches, replicator, timer } = house({ kind: 'group-commit', maxDelayMs: 5 });
    arrive(2);
    timer.turn();
    arrive(1);
    timer.turn();
    replicator.refuse(new RuntimeError('unavailable', 'ERR_RUNTIME_CLOSED', 'closing'));
    timer.advance(10);
    timer.turn();
    expect(batches).toEqual([2]);
  });
});

// S140: the same promise under each.
describe.each(['every-record', 'every-batch', 'group-commit:5ms'])('under %s', (text) => {
  it('what was answered survives a loss of power', async () => {
    for (let seed = 0; seed < 6; seed += 1) {
      const disk = new SimDisk();
      const machine = machineOf(disk);
      const tenant = openTenant(machine, parseSyncPolicy(text));
      await execute(tenant, PEOPLE);
      const told: string[] = [];
      const insert = async (id: number): Promise<void> => {
        await execute(tenant, 'INSERT INTO people VALUES ($1, $2, 0)', [id, `n${id}`]);
        told.push(`${id} n${id} 0`);
      };
      await Promise.all([1, 2, 3].map(insert));
      disk.failAfter(4 + seed * 3);
      await Promise.allSettled([4, 5, 6, 7].map(insert));
      disk.crash(seed);
      expect(peopleAt(openTenant(machine))).toEqual(expect.arrayContaining(told));
      expect(told.length).toBeGreaterThanOrEqual(3);
    }
  });
});

it('a policy is read strictly', () => {
  expect(parseSyncPolicy('group-commit:1000ms')).toEqual({
    kind: 'group-commit',
    maxDelayMs: 1000,
  });
  for (const text of ['', 'never', 'group-commit', 'group-commit:0ms', 'group-commit:1001ms']) {
    expectCode(() => parseSyncPolicy(text), 'ERR_RUNTIME_SYNC_POLICY');
  }
});
