import { nativeCrypto } from '@veritydb/crypto/native';
import { codeOf } from '@veritydb/testkit';
import { describe, expect, it } from 'vitest';

import { type Header, type Join, buildMessage, buildQuorums, elect } from '../src/index.ts';

const cluster = new Uint8Array(16).fill(3);
const cache = new Map<string, Header>();
function header(op: number, view: number): Header {
  const name = `${op}/${view}`;
  let found = cache.get(name);
  if (found === undefined) {
    found = buildMessage(nativeCrypto, cluster, {
      command: 'prepare',
      replica: 0,
      view,
      op,
    }).header;
    cache.set(name, found);
  }
  return found;
}

/**
 * A log as text, from op 1 up: a digit is the view of its prepare; then `!` never acknowledged, `?` a slot
 * that cannot be read and whose header is not known, `*` one whose header is known.
 */
function join(replica: number, logView: number, log: string, commit = 0): Join {
  const entries = log.match(/\d[!*]?|\?/g) ?? [];
  const headers = entries
    .map((entry, index) => (entry === '?' ? undefined : header(index + 1, Number(entry[0]))))
    .toReversed();
  const down = entries.toReversed();
  const bits = (mark: (entry: string) => boolean): number =>
    down.reduce((sum, entry, index) => sum + (mark(entry) ? 2 ** index : 0), 0);
  return {
    replica,
    logView,
    op: entries.length,
    commit,
    headers: [...headers, header(0, 0)],
    nacks: bits((entry) => entry.endsWith('!')),
    present: bits((entry) => /^\d$/.test(entry)),
  };
}

const rulesOf = (replicaCount: number) => ({
  nackQuorum: buildQuorums(replicaCount).nack,
  pipelineLength: 8,
  isByOp: false,
});

const headOf = (replicaCount: number, joins: readonly Join[]): number | 'wait' => {
  const result = elect(joins, rulesOf(replicaCount));
  return result.outcome === 'wait' ? 'wait' : result.op;
};

// S180, S183
describe('the log of a new view', () => {
  it('is the longest of the last view', () => {
    expect(headOf(3, [join(0, 0, '000'), join(1, 0, '00')])).toBe(3);
    // The log of an earlier view may be longer: what it has more was not committed.
    expect(headOf(3, [join(0, 0, '00000'), join(1, 2, '002')])).toBe(3);
  });

  it('keeps what one has and another cannot read', () => {
    expect(headOf(3, [join(0, 0, '000'), join(1, 0, '00?')])).toBe(3);
    expect(headOf(3, [join(0, 0, '000'), join(1, 0, '000*')])).toBe(3);
  });

  it('waits where nobody who answered has it and it may be committed', () => {
    expect(headOf(3, [join(0, 0, '000*'), join(1, 0, '00')])).toBe('wait');
    expect(headOf(3, [join(0, 0, '000*'), join(1, 0, '00'), join(2, 0, '000')])).toBe(3);
    expect(headOf(3, [join(0, 0, '00?0'), join(1, 0, '00')])).toBe('wait');
  });

  it('cuts what a quorum never acknowledged', () => {
    expect(headOf(3, [join(0, 0, '000!'), join(1, 0, '00')])).toBe(2);
    // Another op in its place is as good as none.
    expect(headOf(3, [join(0, 2, '002!'), join(1, 1, '001')])).toBe(2);
  });

  // S185
  it('of six replicas needs four who never acknowledged an op', () => {
    expect(buildQuorums(6)).toMatchObject({ replication: 3, viewChange: 4, nack: 4 });
    const holder = join(0, 0, '0000*');
    const others = [1, 2, 3].map((replica) => join(replica, 0, '000'));
    expect(headOf(6, [holder, ...others])).toBe('wait');
    expect(headOf(6, [holder, ...others, join(4, 0, '000')])).toBe(3);
    const reader = join(4, 0, '0000');
    expect(headOf(6, [holder, ...others, reader])).toBe(4);
  });

  it('never cuts what is committed', () => {
    const joins = [join(0, 0, '000!', 3), join(1, 0, '00', 0)];
    expect(headOf(3, joins)).toBe(3);
  });

  it('says what was cut', () => {
    const result = elect([join(0, 0, '000!0!'), join(1, 0, '00')], rulesOf(3));
    expect(result).toMatchObject({ outcome: 'elected', op: 2, opMax: 4, logView: 0 });
    expect(result.outcome === 'elected' && result.discarded).toEqual([header(3, 0), header(4, 0)]);
  });

  it('does not come of two logs of one view that differ', () => {
    expect(codeOf(() => headOf(3, [join(0, 1, '01'), join(1, 1, '00')]))).toBe('ERR_ASSERTION');
  });
});

it('quorums meet in every cluster', () => {
  const rows = [1, 2, 3, 4, 5, 6].map((count) => Object.values(buildQuorums(count)).join(' '));
  expect(rows).toEqual(['1 1 1 1', '2 2 1 2', '2 2 2 2', '2 3 3 3', '3 3 3 3', '3 4 4 4']);
  expect(codeOf(() => buildQuorums(7))).toBe('ERR_ASSERTION');
});
