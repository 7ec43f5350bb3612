/** Clusters under seeds: what must hold holds, and what checks it would see if it did not (S046, S047). */

import { nativeCrypto } from '@veritydb/crypto/native';
import { utf8Encode } from '@veritydb/types';
import { MUTATIONS, type Mutation, buildMessage } from '@veritydb/vsr';
import { describe, expect, it } from 'vitest';

import {
  Checkers,
  type Fault,
  PROFILES,
  type Plan,
  type RunResult,
  SimFailure,
  buildPlan,
  runPlan,
  runWalk,
} from '../src/cluster/index.ts';
import { SCRIPTS } from './scripts.ts';

const SEEDS_PER_PROFILE = 20;
const WALKS = 40;
/** A walk in which a new view cuts something, and says so in the log. */
const CUTTING_WALK = 133;

function passes(result: RunResult, name: string): void {
  expect(result.failure, name).toBeUndefined();
}

const marks = new Map<string, number>();

// S169, S170, S172, S179, S181, S199, S201, S202; S187, S188, S189: what rots in a journal or a committed
// log is fetched by op and checksum, and is the same bytes again.
describe('clusters', () => {
  it.each(PROFILES)('lose nothing and come to rest: %s', (profile) => {
    for (let seed = 1; seed <= SEEDS_PER_PROFILE; seed += 1) {
      const result = runPlan(buildPlan(seed, profile));
      passes(result, `${profile} ${seed}`);
      for (const [name, count] of result.marks) marks.set(name, (marks.get(name) ?? 0) + count);
    }
  });

  it('lose nothing when crashes are as frequent as messages', () => {
    let commits = 0;
    const walks = Array.from({ length: WALKS }, (_, index) => index + 1);
    for (const seed of [...walks, CUTTING_WALK]) {
      const result = runWalk(seed);
      expect(result.failure, `walk ${seed}`).toBeUndefined();
      commits += result.commits;
      for (const name of result.marks) marks.set(name, (marks.get(name) ?? 0) + 1);
    }
    expect(commits).toBeGreaterThan(WALKS);
  });

  it('come where they should: no mark is missed', () => {
    const required = [
      'checkpoint.done',
      'client.evicted',
      'client.reply_resent',
      'commit.before_own_write',
      'committed.repaired',
      'do_view_change.nack_truncated',
      'duplicate.prepare_ok_ignored',
      'message.malformed',
      'prepare.gap',
      'primary.abdicated',
      'read.barrier',
      'recovering_head.entered',
      'recovery_record.emitted',
      'repair.prepare',
      'request.forwarded',
      'start_view.from_recovering_head',
      'start_view_change.quorum',
      'state_transfer.started',
      'superblock.repaired',
      'wal.empty',
      'wal.faulty',
      'wal.fixed',
      'wal.torn',
      'wal.wrap',
    ];
    expect(required.filter((name) => !marks.has(name))).toEqual([]);
  });

  // S173
  it('do the same for the same seed, whatever ran before', () => {
    const first = runPlan(buildPlan(7));
    runPlan(buildPlan(8));
    const second = runPlan(buildPlan(7));
    expect(second.traceHash).toBe(first.traceHash);
    expect(runPlan(buildPlan(9)).traceHash).not.toBe(first.traceHash);
    expect(buildPlan(7)).toEqual(JSON.parse(JSON.stringify(buildPlan(7))));
  });
});

const calm: Plan = {
  ...buildPlan(3, 'calm'),
  replicaCount: 3,
  delayMinUs: 500,
  delayMeanUs: 500,
  writeMeanUs: 500,
  readMeanUs: 500,
  clockOffsetsUs: [0, 0, 0],
  faults: [],
  core: 0b111,
  safetyUs: 8_000_000,
};

const run = (faults: readonly Fault[], change: Partial<Plan> = {}): RunResult => {
  const result = runPlan({ ...calm, ...change, faults });
  passes(result, JSON.stringify(faults));
  return result;
};

const crash = (replica: number, atUs: number, forUs = 2_000_000): Fault => ({
  kind: 'crash',
  atUs,
  replica,
  forUs,
  rot: 0,
});

const part = (side: number, direction: 'both' | 'into' | 'out-of'): Fault => ({
  kind: 'partition',
  atUs: 1_000_000,
  side,
  direction,
  forUs: 4_500_000,
});

describe('directed', () => {
  // S180
  it('a primary that ends is replaced, and comes back as a backup', () => {
    const { views } = run([crash(1, 1_500_000)]);
    expect(views).toBeGreaterThan(1);
  });

  it('all end at once, and nothing is lost', () => {
    run([crash(0, 1_500_000, 50_000), crash(1, 1_500_000, 60_000), crash(2, 1_500_000, 70_000)]);
  });

  it('all end again and again', () => {
    const times = [0.3, 0.6, 0.9, 1.2, 1.5, 1.8, 2.1].map((seconds) => seconds * 1_000_000);
    run(times.flatMap((atUs) => [0, 1, 2].map((replica) => crash(replica, atUs, 20_000))));
  });

  // S200
  it.each([
    ['the primary alone', 0b010, 'both'],
    ['the primary hears nobody', 0b010, 'into'],
    ['nobody hears the primary', 0b010, 'out-of'],
    ['a backup alone', 0b001, 'both'],
    ['a backup hears nobody', 0b001, 'into'],
    ['nobody hears a backup', 0b001, 'out-of'],
  ] as const)('a partition: %s', (_, side, direction) => {
    const { views } = run([part(side, direction)]);
    // One who hears nothing, or is not heard, moves nobody on; a primary without a quorum is left.
    if (side === 0b001) expect(views).toBe(1);
    else expect(views).toBeGreaterThan(1);
  });

  // S182
  it('a replica that was away for longer than the journal is long catches up', () => {
    const { marks: found } = run([crash(2, 300_000, 5_000_000)]);
    expect(found.get('state_transfer.started')).toBeGreaterThan(0);
  });

  // S176
  it('a swizzle of clogs', () => {
    run([{ kind: 'swizzle', atUs: 500_000, order: [2, 0, 1], stepUs: 300_000 }]);
  });

  // S177
  it('a replica that is slow, and works', () => {
    run([{ kind: 'slow', atUs: 200_000, replica: 1, forUs: 5_000_000, factor: 40 }]);
  });

  it('a disk that is full ends the process, and not the cluster', () => {
    run([{ kind: 'disk', atUs: 700_000, replica: 1, forUs: 1_000_000 }]);
  });

  it('a clock that jumps by a minute', () => {
    run([{ kind: 'clock', atUs: 700_000, replica: 1, stepUs: -60_000_000 }]);
  });

  // S203
  it('one replica is a cluster', () => {
    const one = { replicaCount: 1, core: 1, clockOffsetsUs: [0] };
    run([crash(0, 900_000, 50_000), crash(0, 2_000_000, 50_000)], one);
  });

  it('two of three go on without the third', () => {
    run([], { core: 0b110 });
  });
});

/** Each seed was found by a search from 1 up: `npm run vopr -- walk --mutation M`. */
const KILLED_BY: Readonly<Partial<Record<Mutation, number>>> = {
  amnesia: 1,
  nackQuorum: 5,
  logViewVolatile: 8,
  samePrimary: 18,
  viewVolatile: 214,
  lvNoHeaders: 258,
  byOp: 309,
  truncTorn: 503,
  nackFaulty: 1701,
};

// Each rule of the protocol, switched off, is missed.
describe('mutations', () => {
  it.each(Object.entries(KILLED_BY))('%s is killed by walk %i', (mutation, seed) => {
    expect(runWalk(seed, { mutation: mutation as Mutation }).failure).toBeDefined();
    expect(runWalk(seed).failure).toBeUndefined();
  });

  it.each(Object.entries(SCRIPTS))('%s is killed by its script', (mutation, script) => {
    const { failure } = runWalk(1, { mutation: mutation as Mutation, script });
    expect(failure?.kind).toBe('agreement');
    expect(runWalk(1, { script }).failure).toBeUndefined();
  });

  it('are all of those that there are', () => {
    expect([...Object.keys(KILLED_BY), ...Object.keys(SCRIPTS)].toSorted()).toEqual(
      [...MUTATIONS].toSorted(),
    );
  });
});

describe('checkers', () => {
  const cluster = new Uint8Array(16).fill(1);
  const prepare = (op: number, fields: Record<string, unknown> = {}) =>
    buildMessage(nativeCrypto, cluster, {
      command: 'prepare',
      replica: 0,
      view: 0,
      op,
      timestampUs: op,
      client: 100,
      request: op,
      ...fields,
    }).header;
  const kindOf = (call: () => void): string | undefined => {
    try {
      call();
      return undefined;
    } catch (error) {
      if (error instanceof SimFailure) return error.kind;
      throw error;
    }
  };
  const first = prepare(1);
  const second = prepare(2, { parent: first.checksum });

  /** Two ops committed by replica 0, the second answered. */
  function begin(): Checkers {
    const checkers = new Checkers();
    for (const replica of [0, 1]) checkers.onStart(replica);
    checkers.onExecuted(0, first);
    checkers.onExecuted(0, second);
    const body = utf8Encode('{"op":"len","key":"k","argument":null}');
    checkers.onApplied(0, 2, body, '0');
    checkers.onReply({ ...second, command: 'reply' }, '0', 0);
    return checkers;
  }

  it('fire, each for what it is for', () => {
    const expectKind = (kind: string, call: (checkers: Checkers) => void): void => {
      expect(kindOf(() => call(begin()))).toBe(kind);
    };
    expectKind('agreement', (one) => one.onExecuted(1, prepare(1, { view: 1 })));
    expectKind('agreement', (one) => one.onExecuted(1, second));
    expectKind('hash-chain', (one) => one.onExecuted(0, prepare(3)));
    const parent = second.checksum;
    expectKind('timestamps', (one) => one.onExecuted(0, prepare(3, { parent, timestampUs: 2 })));
    expectKind('exactly-once', (one) => one.onExecuted(0, prepare(3, { parent, request: 2 })));
    const body = utf8Encode('{"op":"len","key":"k","argument":null}');
    expectKind('replies', (one) => one.onApplied(1, 2, body, '1'));
    expectKind('replies', (one) => one.onReply(second, '1', 0));
    expectKind('replies', (one) => one.onReply(prepare(3), '0', 0));
    expectKind('real-time', (one) => one.onReply(second, '0', 2));
    expectKind('committed-bytes', (one) => one.onCommittedBytes(0, new Uint8Array(512), 2));
    expectKind('durability', (one) => {
      one.onDurable(0, 3, 2);
      one.onDurable(0, 3, 1);
    });
    expectKind('sessions', (one) => {
      one.onSessions(0, 2, []);
      one.onSessions(1, 2, [[100, { session: 1, request: 0, reply: new Uint8Array(0) } as never]]);
    });
    expect(kindOf(() => begin().onExecuted(0, prepare(3, { parent })))).toBeUndefined();
  });
});
