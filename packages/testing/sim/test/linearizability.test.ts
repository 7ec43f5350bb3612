import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { codeOf, requireShared } from '@veritydb/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type HistoryOperation,
  type HistoryValue,
  HistoryWriter,
  type SequentialModel,
  checkLinearizable,
  logModel,
  parseHistory,
  registerModel,
} from '../src/index.ts';

const shared = requireShared('histories of etcd with known verdicts');
const folder = join(shared ?? '', 'vectors/linearizability');

// S171
describe.skipIf(shared === undefined)('histories of etcd', () => {
  const files = shared === undefined ? [] : readdirSync(folder);

  it.each(files)('%s has the verdict that its name says', (file) => {
    const history = parseHistory(readFileSync(join(folder, file), 'utf8'));
    const verdict = file.includes('illegal') ? 'illegal' : 'ok';
    expect(checkLinearizable(history, registerModel).verdict).toBe(verdict);
  });
});

/** `[id, op, argument]` calls; `[id, , result]` returns. */
function historyOf(
  ...events: readonly (readonly [number, string, HistoryValue] | readonly [number, HistoryValue])[]
): readonly HistoryOperation[] {
  const writer = new HistoryWriter();
  for (const event of events) {
    if (event.length === 3) {
      writer.invoke({ id: event[0], client: event[0], op: event[1], key: 'k', argument: event[2] });
    } else writer.ok(event[0], event[0], event[1]);
  }
  return parseHistory(writer.text);
}

describe('a log', () => {
  it('gives each of two appends at once a place', () => {
    const both = [
      [1, 'append', 'a'],
      [2, 'append', 'b'],
      [2, 0],
      [1, 1],
      [3, 'scan', { from: 0, limit: 9 } as unknown as HistoryValue],
    ] as const;
    expect(checkLinearizable(historyOf(...both, [3, ['b', 'a']]), logModel).verdict).toBe('ok');
    const wrong = checkLinearizable(historyOf(...both, [3, ['a', 'b']]), logModel);
    expect(wrong).toEqual({ verdict: 'illegal', key: 'k' });
  });

  it('may not forget what it answered', () => {
    const lost = historyOf([1, 'append', 'a'], [1, 0], [2, 'get', 0], [2, null]);
    expect(checkLinearizable(lost, logModel).verdict).toBe('illegal');
    const length = historyOf(
      [1, 'append', 'a'],
      [2, 'len', null],
      [2, 1],
      [3, 'len', null],
      [3, 0],
    );
    expect(checkLinearizable(length, logModel).verdict).toBe('illegal');
  });

  it('lets what never returned happen late, or not at all', () => {
    const late = historyOf([1, 'append', 'a'], [2, 'len', null], [2, 0], [3, 'len', null], [3, 1]);
    expect(checkLinearizable(late, logModel).verdict).toBe('ok');
    const never = historyOf([1, 'append', 'a'], [2, 'len', null], [2, 0]);
    expect(checkLinearizable(never, logModel).verdict).toBe('ok');
  });

  it('says when it did not decide', () => {
    const some = historyOf([1, 'append', 'a'], [1, 0], [2, 'len', null], [2, 1]);
    expect(checkLinearizable(some, logModel, 1).verdict).toBe('unknown');
  });
});

/** The slow twin: every order that respects real time. */
function isLinearizable(
  left: readonly HistoryOperation[],
  model: SequentialModel,
  state: string,
): boolean {
  if (left.length === 0) return true;
  const firstReturn = Math.min(...left.map(({ returnedAt }) => returnedAt));
  return left.some((one) => {
    if (one.calledAt > firstReturn) return false;
    const next = model.step(state, one);
    return (
      next !== undefined &&
      isLinearizable(
        left.filter((other) => other !== one),
        model,
        next,
      )
    );
  });
}

it('agrees with the search through all orders', () => {
  const operation = fc.record({
    op: fc.constantFrom('read', 'write', 'cas'),
    value: fc.integer({ min: 0, max: 2 }),
    other: fc.integer({ min: 0, max: 2 }),
    isTrue: fc.boolean(),
    start: fc.integer({ min: 0, max: 20 }),
    length: fc.integer({ min: 1, max: 12 }),
    isOpen: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
  });
  const verdicts = new Set<string>();
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 6 }), (list) => {
      const operations = list.map((one, id): HistoryOperation => {
        const results = { read: one.value, write: null, cas: one.isTrue };
        return {
          id,
          client: id,
          key: 'k',
          op: one.op,
          argument: one.op === 'cas' ? [one.value, one.other] : one.value,
          calledAt: one.start + id / 100,
          returnedAt: one.isOpen ? Number.POSITIVE_INFINITY : one.start + one.length + id / 100,
          result: one.isOpen ? undefined : results[one.op as 'read'],
        };
      });
      const { verdict } = checkLinearizable(operations, registerModel);
      verdicts.add(verdict);
      const twin = isLinearizable(operations, registerModel, registerModel.initial);
      expect(verdict).toBe(twin ? 'ok' : 'illegal');
    }),
    { numRuns: 1000 },
  );
  expect(verdicts).toEqual(new Set(['ok', 'illegal']));
});

it('refuses what is no history', () => {
  for (const text of ['[]', '{"id":1}', '{"id":1,"type":"ok"}', '{"id":1,"type":"invoke"}', 'x']) {
    expect(codeOf(() => parseHistory(text))).toBe('ERR_TYPES_JSON');
  }
  const known = '{"id":1,"client":1,"type":"invoke","op":"read","key":"k"}\n';
  expect(codeOf(() => parseHistory(`${known}{"id":1,"type":"perhaps"}`))).toBe('ERR_TYPES_JSON');
  expect(parseHistory(`${known}{"id":1,"type":"fail"}`)).toEqual([]);
  expect(parseHistory(`${known}{"id":1,"type":"info"}`)).toHaveLength(1);
});
