/**
 * A log on a disk that fills, tears, flips and loses power, again and again. What was acknowledged is
 * there or its loss is refused; no (key, nonce) pair ever seals two plaintexts, whatever became of the
 * bytes that it sealed.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import { NonceWatch, SimDisk, SimRandom } from '@veritydb/sim';
import { bytesToHex } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type Log, LogError } from '../src/index.ts';
import { contentsOf, openLog, plaintext, record } from './logs.ts';

/** What a process did with a log, and was told: it outlives the process. */
class Story {
  readonly disk = new SimDisk();
  readonly watch = new NonceWatch(nativeCrypto);
  readonly acknowledged: string[] = [];
  /** The batch that was under way when the disk refused: all, some, or none of it may be there. */
  attempted: string[] = [];
  #number = 0;
  #log: Log | undefined;

  get log(): Log {
    this.#log ??= openLog(this.disk, { crypto: this.watch.crypto });
    return this.#log;
  }

  append(sizes: readonly number[]): void {
    const { log } = this;
    // Nanoseconds beyond every Recovery record: they carry the last record's time and one.
    const batch = sizes.map((size) => plaintext((this.#number += 1), 4 + size));
    this.attempted = batch.map((bytes) => bytesToHex(bytes));
    log.append(
      batch.map((bytes, index) =>
        record(bytes, this.#number * 1000 + index, {}, this.watch.crypto),
      ),
    );
    this.acknowledged.push(...this.attempted);
    this.attempted = [];
  }

  close(): void {
    this.#log?.close();
    this.#log = undefined;
  }

  /** The process is gone, and with it what it knew. */
  kill(): void {
    this.#log = undefined;
  }

  /** Opens the log: all that was acknowledged is there, and of what was under way a part from its start. */
  check(): void {
    const found = contentsOf(this.log);
    const stood = found.length - this.acknowledged.length;
    expect(found).toEqual([...this.acknowledged, ...this.attempted.slice(0, Math.max(stood, 0))]);
    this.acknowledged.push(...this.attempted.slice(0, Math.max(stood, 0)));
    this.attempted = [];
  }
}

describe('a disk that is full', () => {
  const sizes = [10, 900, 300, 2000, 40, 3500, 700, 60];
  const use = (story: Story): void => {
    for (const size of sizes) story.append([size, 5]);
    story.close();
    for (const size of sizes.toReversed()) story.append([size]);
    story.kill();
    story.append([200]);
    story.close();
  };

  test.each(['kept', 'lost'])(
    'at any write of append, roll, recovery and close, what is not synced %s',
    (fate) => {
      let refusals = 0;
      for (let capacity = 0; ; capacity += 307) {
        const story = new Story();
        story.disk.fillAt(capacity);
        let error: unknown;
        try {
          use(story);
        } catch (thrown) {
          error = thrown;
        }
        if (error === undefined) break;
        refusals += 1;
        expect(error).toBeInstanceOf(LogError);
        expect(error).toMatchObject({ kind: 'unavailable', code: 'ERR_LOG_WRITE' });
        story.kill();
        if (fate === 'lost') story.disk.crash(capacity);
        story.disk.repair();
        story.check();
        story.append([500, 500]);
        story.close();
        story.check();
        expect(story.log.recovery).toBeUndefined();
      }
      expect(refusals).toBeGreaterThan(70);
    },
  );
});

// The bytes of one segment are gone through one by one in recovery.test.ts, those of an index in
// index-file.test.ts; here several segments, their indexes and the superblock, together.
describe('a fault in any of the files', () => {
  const batches = [[10, 20], [900], [1500, 1000], [30], [2500], [8, 8, 8]];
  const story = (isClosed: boolean): Story => {
    const one = new Story();
    for (const sizes of batches) one.append(sizes);
    if (isClosed) one.close();
    return one;
  };
  const filesOf = (disk: SimDisk): readonly string[] => [
    'superblock',
    ...disk.list('log').map((name) => `log/${name}`),
  ];
  /** Of the bytes that say something many, of the zeros behind them some. */
  const positionsOf = (bytes: Uint8Array): readonly number[] => {
    const end = bytes.findLastIndex((byte) => byte !== 0) + 9;
    return Array.from(bytes.keys()).filter((at) => (at < end && at % 11 === 0) || at % 397 === 0);
  };

  test.each([
    ['a flip', true],
    ['a flip', false],
    ['a cut', true],
    ['a cut', false],
  ])('%s is mended, recovered from or refused, never silent (closed: %s)', (fault, isClosed) => {
    const { acknowledged, disk } = story(isClosed);
    const snapshot = disk.snapshot();
    const last = batches.at(-1)?.length as number;
    const outcomes = { refused: 0, whole: 0, cut: 0 };
    for (const name of filesOf(disk)) {
      const bytes = disk.bytesOf(name);
      for (const at of positionsOf(bytes)) {
        disk.restore(snapshot);
        if (fault === 'a flip') disk.flipBit(name, at, at % 8);
        else disk.put(name, bytes.slice(0, at));
        let log: Log;
        try {
          log = openLog(disk);
        } catch (error) {
          expect(error).toBeInstanceOf(LogError);
          expect((error as LogError).kind).toBe('verification');
          outcomes.refused += 1;
          continue;
        }
        const found = contentsOf(log);
        expect(found).toEqual(acknowledged.slice(0, found.length));
        const missing = acknowledged.length - found.length;
        if (missing === 0) outcomes.whole += 1;
        else {
          // Of a log that was not closed: a flip costs the last batch at the most, a cut looks like a
          // power loss at that place, and the Recovery record says where.
          expect(isClosed).toBe(false);
          if (fault === 'a flip') expect(missing).toBeLessThanOrEqual(last);
          expect(log.recovery?.recoveryPoint).toBe(found.length);
          outcomes.cut += 1;
        }
      }
    }
    expect(outcomes.refused).toBeGreaterThan(100);
    expect(outcomes.whole).toBeGreaterThan(20);
    expect(outcomes.cut > 0).toBe(!isClosed);
  });
});

test('a hundred losses of power in a row, each with another torn tail', () => {
  const random = new SimRandom(1);
  const story = new Story();
  for (let crash = 0; crash < 100; crash += 1) {
    expect(story.log.recovery !== undefined).toBe(crash > 0);
    story.disk.failAfter(1 + random.below(30));
    try {
      for (;;) story.append(Array.from({ length: 1 + random.below(8) }, () => random.below(900)));
    } catch (error) {
      expect(error).toBeInstanceOf(LogError);
    }
    story.kill();
    story.disk.crash(crash);
    story.check();
  }
  expect(story.log.generation).toBeGreaterThan(100);
  expect(story.acknowledged.length).toBeGreaterThan(100);
});

type Step =
  | { readonly kind: 'append'; readonly sizes: readonly number[] }
  | { readonly kind: 'fail'; readonly calls: number; readonly sizes: readonly number[] }
  | { readonly kind: 'fill'; readonly bytes: number; readonly sizes: readonly number[] }
  | { readonly kind: 'crash'; readonly seed: number }
  | { readonly kind: 'kill' }
  | { readonly kind: 'close' };

const sizes = fc.array(fc.oneof(fc.nat(60), fc.nat(1800)), { minLength: 1, maxLength: 6 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), sizes }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      calls: fc.integer({ min: 1, max: 25 }),
      sizes,
    }),
  },
  fc.record({ kind: fc.constant('fill' as const), bytes: fc.nat(40_000), sizes }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('crash' as const), seed: fc.nat() }),
  },
  fc.constantFrom<Step>({ kind: 'kill' }, { kind: 'close' }),
);

// PROOFS.md, Keys. Fails of the disk come before a seal, between two, and between a seal and its sync;
// what was sealed is then lost, torn, or there, and the next process seals something else.
// S019, S066: over crashes, cuts and recoveries too.
test('the nonce rule: over any life of a log no key and nonce seal two plaintexts', () => {
  let sealed = 0;
  let generations = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 4, maxLength: 30 }), (steps) => {
      const story = new Story();
      for (const [number, each] of steps.entries()) {
        try {
          perform(story, each);
        } catch (error) {
          // The watch throws an error of its own, which the log must not take for one of the disk.
          if (!(error instanceof LogError)) throw error;
          if (String(error.cause).includes('two plaintexts')) throw error;
          story.kill();
          // A disk that failed may hold what reading does not show: only a new start tells what it kept.
          story.disk.crash(number);
          story.check();
        }
      }
      story.kill();
      story.disk.crash(steps.length);
      story.check();
      sealed += story.watch.count;
      generations += story.log.generation;
    }),
    { numRuns: 100 },
  );
  expect(sealed).toBeGreaterThan(1000);
  expect(generations).toBeGreaterThan(500);
});

function perform(story: Story, each: Step): void {
  if (each.kind === 'kill') story.kill();
  else if (each.kind === 'close') story.close();
  else if (each.kind === 'crash') {
    story.kill();
    story.disk.crash(each.seed);
    story.check();
  } else {
    if (each.kind === 'fail') story.disk.failAfter(each.calls);
    if (each.kind === 'fill') story.disk.fillAt(each.bytes);
    story.append(each.sizes);
    story.disk.repair();
  }
}
