/** The model, exhaustively, and real replicas held against it. */

import { describe, expect, it } from 'vitest';

import {
  type ModelBounds,
  exploreModel,
  exploreReplicas,
  viewOfModel,
  wanderReplicas,
} from '../src/cluster/index.ts';

/** [MaxView, MaxOp, MaxReq, MaxCrash, MaxCorrupt], as the model's own runs are named. */
type Name = readonly [number, number, number, number, number];

function bounds(name: Name, mutation: ModelBounds['mutation'] = null): ModelBounds {
  const [viewMax, opMax, requestMax, crashMax, corruptionMax] = name;
  const quorums = { replicationQuorum: 2, viewChangeQuorum: 2, nackQuorum: 2 };
  const most = { viewMax, opMax, requestMax, crashMax, corruptionMax };
  return { replicas: 3, ...most, ...quorums, mutation };
}

const STATES_MAX = 2_000_000;
const IS_WHOLE = process.env['VERITYDB_MODEL'] === 'whole';

/** Distinct states, as TLC counts them of the model in TLA+. */
const COUNTS: readonly (readonly [Name, number])[] = [
  [[1, 1, 1, 0, 0], 6118],
  [[1, 1, 1, 1, 0], 49_675],
  ...(IS_WHOLE
    ? ([
        [[1, 1, 1, 1, 1], 350_511],
        [[2, 1, 1, 0, 0], 564_139],
        [[1, 2, 2, 0, 0], 912_263],
      ] as const)
    : []),
];

/** States on the shortest way to a violation, the first one with them, as TLC finds it. */
const DEPTHS: readonly (readonly [NonNullable<ModelBounds['mutation']>, Name, number])[] = [
  ['nackQuorum', [1, 1, 1, 0, 0], 10],
  ['nackFaulty', [1, 1, 1, 0, 1], 11],
  ['truncTorn', [1, 1, 1, 1, 1], 12],
  ['viewVolatile', [1, 1, 1, 1, 0], 12],
  ['amnesia', [1, 1, 1, 1, 0], 12],
  ['samePrimary', [1, 1, 2, 1, 0], 8],
  ['logViewVolatile', [2, 1, 2, 1, 0], 10],
  ...(IS_WHOLE
    ? ([
        ['unstick', [2, 1, 1, 1, 1], 14],
        ['lvNoHeaders', [2, 1, 1, 1, 0], 17],
      ] as const)
    : []),
];

describe('the model', () => {
  it.each(COUNTS)('%j has as many states as in TLA+: %i', (name, states) => {
    const found = exploreModel(bounds(name), STATES_MAX);
    expect(found).toEqual({ states, violation: null, isWhole: true });
  });

  it.each(DEPTHS)('without %s, %j, is broken after %i states', (mutation, name, depth) => {
    const { violation } = exploreModel(bounds(name, mutation), STATES_MAX);
    expect(violation?.steps).toHaveLength(depth);
  });
});

describe('real replicas', () => {
  const viewsOf = (name: Name): ReadonlySet<string> => {
    const views = new Set<string>();
    exploreModel(bounds(name), STATES_MAX, (state) => views.add(viewOfModel(state)));
    return views;
  };
  const most = { requestMax: 1, timeoutMax: 1, viewMax: 1, crashMax: 0 };

  it('are seen in no state that the model cannot be in, on ways that chance chose', () => {
    // A request that was cut off comes again in a later view: to the model it is another one.
    const model = viewsOf([1, 1, 2, 0, 0]);
    const { failure, views } = wanderReplicas(most, 1, 150);
    expect(failure).toBeNull();
    expect([...views].filter((view) => !model.has(view))).toEqual([]);
    expect(views.size).toBeGreaterThan(100);
  });

  it('nor where one of them crashes', () => {
    const model = viewsOf([1, 1, 2, 1, 0]);
    const { failure, views } = wanderReplicas({ ...most, crashMax: 1 }, 2, 100);
    expect(failure).toBeNull();
    expect([...views].filter((view) => !model.has(view))).toEqual([]);
    expect(views.size).toBeGreaterThan(80);
  });

  it('have all orders of one request in one view, and each is one of the model', () => {
    const found = exploreReplicas({ ...most, timeoutMax: 0, viewMax: 0 }, 1000);
    expect(found).toMatchObject({ failure: null, isWhole: true });
    const model = viewsOf([0, 1, 1, 0, 0]);
    expect([...found.views].filter((view) => !model.has(view))).toEqual([]);
  });

  it('are caught without a rule', () => {
    const { failure } = wanderReplicas(
      { ...most, requestMax: 2, crashMax: 1, mutation: 'nackQuorum' },
      1,
      200,
    );
    expect(failure?.message).toBe('a view has another op where one is committed');
    const amnesia = wanderReplicas(
      { ...most, requestMax: 2, crashMax: 1, mutation: 'amnesia' },
      1,
      200,
    );
    expect(amnesia.failure?.kind).toBe('durability');
  });
});
