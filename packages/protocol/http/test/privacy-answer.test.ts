/** What the doors say of an answer with noise: cost, what is left, and how far it may be off. */

import { expect, it } from 'vitest';

import { queryAnswerJson, queryAnswerShape } from '../src/answers.ts';

const ANSWER: Parameters<typeof queryAnswerJson>[0] = {
  columns: [{ name: 'count', type: 'bigint', transform: 'computed', operations: 'all' }],
  rows: [[41]],
  erased: [],
  truncated: false,
  position: 7 as Parameters<typeof queryAnswerJson>[0]['position'],
  root: 'ab',
  receipt: {
    id: 'ab'.repeat(16),
    offset: 9 as Parameters<typeof queryAnswerJson>[0]['position'],
    chainHash: 'cd'.repeat(32),
  },
  notes: [],
  privacy: null,
};

it('an answer with noise says so, in the shape that both doors promise; others do not', () => {
  expect(queryAnswerJson(ANSWER)).not.toHaveProperty('privacy');
  const privacy = {
    model: 'dp',
    isRepeated: true,
    rho: { cost: 0, spent: 0.02, left: 0.08, budget: 0.1 },
    epsilon: { cost: 0, spent: 1, budget: 2 },
    delta: 1e-6,
    noise: [{ figure: 'count', part: 'count', deviation: 5, reach95: 9.8 }],
  } as const;
  const json = queryAnswerJson({ ...ANSWER, privacy });
  const { isRepeated, ...rest } = privacy;
  expect(json['privacy']).toEqual({ ...rest, repeated: isRepeated });
  expect(queryAnswerShape.safeParse(json).error).toBeUndefined();
  expect(queryAnswerShape.safeParse(queryAnswerJson(ANSWER)).success).toBe(true);
  expect(queryAnswerShape.safeParse({ ...json, privacy: { model: 'dp' } }).success).toBe(false);
});
