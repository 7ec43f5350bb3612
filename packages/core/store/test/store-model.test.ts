/** The store against its slow twin: whatever is done to both, both say the same. */

import { nativeCrypto } from '@veritydb/crypto/native';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type ScanRange, Store, type StoreWrite, copyEntry } from '../src/index.ts';
import { HASH, MemoryDisk } from './memory-disk.ts';
import {
  Model,
  codeOf,
  describeEntries,
  describeEntry,
  describeModel,
  describeStore,
} from './model.ts';

const TREES = [0, 7];
const RUNS = 250;

interface Expected {
  model: Model;
  floor: number;
  durablePosition: number;
  durableFloor: number;
}

interface Real {
  readonly disk: MemoryDisk;
  store: Store;
}

type Command = fc.Command<Expected, Real>;

function open(disk: MemoryDisk): Store {
  const key = new Uint8Array(32).fill(1);
  // So few pages are kept that nearly all are read from the disk again and again.
  return Store.open({ disk, name: 'store', crypto: nativeCrypto, key, cachePages: 3 });
}

/** Few keys, some nearly as long as a key may be: a page holds three, so trees are deep and lopsided. */
const key: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.integer({ min: 0, max: 12 }), fc.constantFrom(0, 1, 20, 400, 1022))
  .map(([lead, size]) => {
    const bytes = new Uint8Array(size + (lead > 0 ? 2 : 0)).fill(lead === 3 ? 0xff : 0);
    if (lead > 0) bytes.set([lead >> 2, lead]);
    return bytes;
  });
const value: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.nat(255), fc.constantFrom(0, 1, 20, 21, 300, 900, 1100, 4052, 4053, 9000))
  .map(([byte, size]) => new Uint8Array(size).map((_, index) => byte + index));
const tree = fc.constantFrom(...TREES);
const write: fc.Arbitrary<StoreWrite> = fc.record({
  tree,
  key,
  value: fc.option(value, { freq: 2, nil: null }),
});
const range: fc.Arbitrary<ScanRange> = fc.record(
  { from: key, to: key, reverse: fc.boolean() },
  { requiredKeys: [] },
);

function command(name: string, run: (expected: Expected, real: Real) => void): Command {
  return { check: () => true, run, toString: () => name };
}

// S048: a B+tree with versions, against maps that keep everything.
describe('store and its model', () => {
  it('agree', () => {
    const apply = fc.array(write, { maxLength: 12 }).map((writes) =>
      command(`apply ${writes.length}`, ({ model }, { store }) => {
        store.apply(store.appliedPosition + 1, writes);
        model.batches.push(writes);
        expect(store.appliedPosition).toBe(model.appliedPosition);
      }),
    );

    const look = fc.tuple(tree, key, range, fc.nat(12)).map(([id, soughtKey, part, back]) =>
      command(`look ${back} back`, ({ floor, model }, { store }) => {
        const latest = model.appliedPosition;
        const earlier = Math.max(-1, latest - back);
        if (floor > 0 && earlier < floor) {
          const reads = [
            () => store.getAt(id, soughtKey, earlier, copyEntry),
            () => store.scanAt(id, part, earlier, copyEntry),
            () => store.hold(earlier),
          ];
          expect(reads.map(codeOf)).toEqual(reads.map(() => 'ERR_STORE_RETENTION'));
          return;
        }
        const got = [
          store.get(id, soughtKey, copyEntry),
          store.getAt(id, soughtKey, earlier, copyEntry),
        ];
        const due = [latest, earlier].map((at) => model.getAt(id, soughtKey, at));
        expect(got.map(describeEntry)).toEqual(due.map(describeEntry));
        const scanned = [
          store.scan(id, part, copyEntry),
          store.scanAt(id, part, earlier, copyEntry),
        ];
        const scannedDue = [latest, earlier].map((at) => model.scanAt(id, part, at));
        expect(scanned.map(describeEntries)).toEqual(scannedDue.map(describeEntries));
      }),
    );

    const flush = command('flush', (expected, { store }) => {
      store.flush(HASH);
      expected.durablePosition = expected.model.appliedPosition;
      expected.durableFloor = expected.floor;
      store.check();
    });

    const reopen = command('reopen', (expected, real) => {
      real.store.close();
      real.store = open(real.disk);
      expect(real.store.appliedPosition).toBe(expected.durablePosition);
      expected.model = expected.model.at(expected.durablePosition);
      expected.floor = expected.durableFloor;
      expect(real.store.retentionFloor).toBe(expected.floor);
      real.store.check();
    });

    const raise = fc
      .tuple(fc.nat(3), fc.option(fc.nat(3), { nil: undefined }))
      .map(([back, held]) =>
        command(`raise ${back} back, held ${held}`, (expected, { store }) => {
          const latest = expected.model.appliedPosition;
          const wanted = Math.max(-1, latest - back);
          const heldAt = held === undefined ? undefined : Math.max(expected.floor, latest - held);
          const isHeld = heldAt !== undefined && heldAt <= latest;
          const release = isHeld ? store.hold(heldAt) : undefined;
          const due = Math.max(expected.floor, isHeld ? Math.min(wanted, heldAt) : wanted);
          expect(store.raiseRetentionFloor(wanted)).toBe(due);
          expect(store.retentionFloor).toBe(due);
          expected.floor = due;
          release?.();
        }),
      );

    const prune = fc.constantFrom(2, 1000, 1000).map((count) =>
      command(`prune ${count}`, ({ floor, model }, { store }) => {
        const before = model.endedVersions(0);
        if (!store.prune(count)) return;
        const { endedVersions } = store.check();
        expect(endedVersions).toBe(model.endedVersions(floor));
        expect(endedVersions).toBeLessThanOrEqual(before);
      }),
    );

    const failFlush = fc.nat(30).map((changesLeft) =>
      command(`fail after ${changesLeft}`, (expected, real) => {
        real.disk.changesLeft = changesLeft;
        const code = codeOf(() => real.store.flush(HASH));
        expect(codeOf(() => real.store.get(0, new Uint8Array(0), copyEntry))).toBe(code);
        real.disk.changesLeft = Number.POSITIVE_INFINITY;
        real.store.close();
        real.store = open(real.disk);
        const position = real.store.appliedPosition;
        const latest = expected.model.appliedPosition;
        const due = code === 'none' ? [latest] : [expected.durablePosition, latest];
        expect(due).toContain(position);
        expect(['none', 'ERR_STORE_WRITE']).toContain(code);
        const floor = real.store.retentionFloor;
        const dueFloors =
          code === 'none' ? [expected.floor] : [expected.durableFloor, expected.floor];
        expect(dueFloors).toContain(floor);
        expected.durablePosition = position;
        expected.durableFloor = floor;
        expected.floor = floor;
        expected.model = expected.model.at(position);
        real.store.check();
      }),
    );

    const commands = fc.commands(
      [apply, apply, look, fc.constant(flush), fc.constant(reopen), failFlush, raise, prune],
      { maxCommands: 40, size: 'max' },
    );
    fc.assert(
      fc.property(commands, (steps) => {
        const disk = new MemoryDisk();
        const real = { disk, store: open(disk) };
        const expected = { model: new Model(), floor: 0, durablePosition: -1, durableFloor: 0 };
        fc.modelRun(() => ({ model: expected, real }), steps);
        real.store.check();
        const due = describeModel(expected.model, TREES, expected.floor);
        expect(describeStore(real.store, TREES)).toEqual(due);
      }),
      { numRuns: RUNS },
    );
  });
});
