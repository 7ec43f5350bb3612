import { type Row, parseDate } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { buildRowTransform, compileTransform } from '../src/index.ts';
import { column, context } from './fixtures.ts';

const id = compileTransform({ use: 'surrogate' }, column('integer', null, 'id'), context());
const born = compileTransform(
  { use: 'date-part', part: 'year', ageOver89: 'aggregate' },
  column('date', 'date', 'born'),
  context(),
);

describe('row transform', () => {
  const apply = buildRowTransform(
    [
      { source: 2, transform: born },
      { source: 0, transform: id },
    ],
    3,
  );

  // S123: a field that is not visible is not there.
  it('gives visible columns in their order, each with its proof', () => {
    const row: Row = [null, 'hidden', parseDate('1980-02-29')];
    expect(apply(row)).toStrictEqual({
      values: ['1980', null],
      proofs: ['public', 'auditor'],
      missing: [],
    });
    expect(apply([null, 'hidden', parseDate('1910-02-28')]).proofs).toStrictEqual([
      'auditor',
      'auditor',
    ]);
  });

  it('collects the codes that a row needs', () => {
    expect(apply([5, 'hidden', null]).missing).toHaveLength(1);
  });

  it('stops on a row of another width, and on a column that is not there', () => {
    expect(() => apply([5, 'hidden'])).toThrow(expect.objectContaining({ code: 'ERR_ASSERTION' }));
    expect(() => buildRowTransform([{ source: 3, transform: id }], 3)).toThrow(
      expect.objectContaining({ code: 'ERR_ASSERTION' }),
    );
  });
});
