import { COLUMN_TYPES } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { TRANSFORMS, type VisibleRule, planTransform } from '../src/index.ts';
import { column } from './fixtures.ts';

describe('plan of a transform', () => {
  it.each([
    [{ use: 'keep' }, column('date', 'date'), 'date', 'all', 'public', 0, 'keep'],
    [{ use: 'null' }, column('date'), 'date', 'none', 'auditor', null, 'null'],
    [{ use: 'mask' }, column('date'), 'text', 'none', 'auditor', null, 'mask'],
    [{ use: 'fixed', value: 'x' }, column('json'), 'text', 'none', 'auditor', null, 'fixed'],
    [{ use: 'surrogate' }, column('uuid'), 'text', 'equality', 'auditor', null, 'surrogate'],
    [{ use: 'token' }, column('uuid'), 'text', 'equality', 'auditor', null, 'token'],
    [{ use: 'truncate', length: 3 }, column('text'), 'text', 'all', 'auditor', null, 'truncate 3'],
    [{ use: 'age', top: 90 }, column('date'), 'integer', 'all', 'auditor', null, 'age top 90'],
    [{ use: 'zip3' }, column('text'), 'text', 'all', 'auditor', null, 'zip3'],
    [{ use: 'zip3' }, column('text', 'us-zip-2020'), 'text', 'all', 'public', 2, 'zip3'],
    [
      { use: 'date-part', part: 'year' },
      column('date', 'date'),
      'text',
      'all',
      'public',
      2,
      'date-part year',
    ],
    [
      { use: 'date-part', part: 'month' },
      column('timestamp', 'timestamp'),
      'text',
      'all',
      'public',
      2,
      'date-part month',
    ],
    [
      { use: 'date-part', part: 'year', ageOver89: 'aggregate' },
      column('timestamp', 'timestamp'),
      'text',
      'all',
      'public',
      3,
      'date-part year, over 89 as one group',
    ],
    [
      { use: 'date-part', part: 'year' },
      column('date'),
      'text',
      'all',
      'auditor',
      null,
      'date-part year',
    ],
    [
      { use: 'ladder', level: 'band10' },
      column('integer', 'age'),
      'text',
      'all',
      'public',
      1,
      'ladder band10',
    ],
  ] as const)('%j', (rule, of, type, operations, proof, ladderLevel, describe_) => {
    expect(planTransform(rule as VisibleRule, of)).toMatchObject({
      type,
      operations,
      proof,
      ladderLevel,
      describe: describe_,
      exact: rule.use === 'keep',
    });
  });

  it.each([
    [{ use: 'ladder', level: 'year' }, column('date')],
    [{ use: 'ladder', level: 'day' }, column('date', 'date')],
    [{ use: 'ladder', level: '' }, column('date', 'date')],
    [{ use: 'date-part', part: 'year' }, column('text')],
    [{ use: 'date-part', part: 'year' }, column('integer')],
    [{ use: 'zip3' }, column('integer')],
    [{ use: 'age', top: 90 }, column('timestamp')],
    [{ use: 'age', top: 0 }, column('integer')],
    [{ use: 'age', top: 1.5 }, column('integer')],
    [{ use: 'age', top: Number.NaN }, column('integer')],
    [{ use: 'truncate', length: 3 }, column('uuid')],
    [{ use: 'truncate', length: 0 }, column('text')],
    [{ use: 'truncate', length: -1 }, column('text')],
    [{ use: 'token', alg: 'sha256' }, column('text')],
    [{ use: 'token', bits: 64 }, column('text')],
  ] as const)('refuses %j where it does not fit', (rule, of) => {
    expect(() => planTransform(rule as VisibleRule, of)).toThrow(
      expect.objectContaining({ code: 'ERR_PRIVACY_RULE', kind: 'format' }),
    );
  });

  it('never claims more than the catalogue declares', () => {
    const rules: VisibleRule[] = [
      { use: 'keep' },
      { use: 'null' },
      { use: 'mask' },
      { use: 'fixed', value: 'x' },
      { use: 'surrogate' },
      { use: 'token' },
    ];
    for (const type of COLUMN_TYPES) {
      for (const rule of rules) {
        const declaration = TRANSFORMS[rule.use];
        const plan = planTransform(rule, column(type));
        expect(plan.operations).toBe(declaration.operations);
        expect([declaration.proof, 'auditor']).toContain(plan.proof);
        expect(plan.type).toBe(declaration.output === 'same' ? type : declaration.output);
      }
    }
  });

  it('keeps NOT NULL only where no value becomes NULL', () => {
    const notNull = { ...column('text', 'us-zip-2020'), notNull: true };
    expect(planTransform({ use: 'keep' }, notNull).notNull).toBe(true);
    expect(planTransform({ use: 'null' }, notNull).notNull).toBe(false);
    expect(planTransform({ use: 'zip3' }, notNull).notNull).toBe(false);
    expect(planTransform({ use: 'ladder', level: 'zip3' }, notNull).notNull).toBe(false);
    const date = { ...column('date', 'date'), notNull: true };
    expect(planTransform({ use: 'ladder', level: 'year' }, date).notNull).toBe(true);
  });
});
