/** The transforms of a recipient's columns over whole rows. */

import { type Row, type Value, assert } from '@veritydb/types';

import type { FieldProof } from './catalogue.ts';
import type { CompiledTransform } from './compile.ts';
import type { MissingSurrogate, RowContext } from './transform-context.ts';

export interface TransformedRow {
  /** One for each visible column, in their order. */
  readonly values: Row;
  readonly proofs: readonly FieldProof[];
  /** Codes to mint before anything of this row may leave; empty when the row is ready. */
  readonly missing: readonly MissingSurrogate[];
}

export interface ColumnTransform {
  /** Index of the base column. */
  readonly source: number;
  readonly transform: CompiledTransform;
}

/**
 * Transforms a base row.
 *
 * @param wanted indexes of the columns that are needed; the others are NULL, and nothing is made for them
 * @throws {PrivacyError} ERR_PRIVACY_VALUE
 */
export type RowTransform = (row: Row, wanted?: ReadonlySet<number>) => TransformedRow;

/**
 * Makes one function over base rows of `width` values from the transforms of its visible columns.
 *
 * @param subject index of the column that names the data subject, null where there is none
 */
export function buildRowTransform(
  columns: readonly ColumnTransform[],
  width: number,
  subject: number | null = null,
): RowTransform {
  for (const source of [...columns.map((column) => column.source), subject ?? 0]) {
    assert(source >= 0 && source < width, 'a transform is of a column that the row lacks');
  }
  return (row, wanted) => {
    assert(row.length === width, 'row has another number of values than columns');
    const values: Value[] = [];
    const proofs: FieldProof[] = [];
    const missing: MissingSurrogate[] = [];
    const context: RowContext = {
      missing,
      subject: subject === null ? undefined : row[subject],
    };
    for (let index = 0; index < columns.length; index += 1) {
      const { source, transform } = columns[index] as ColumnTransform;
      if (wanted !== undefined && !wanted.has(index)) {
        values.push(null);
        proofs.push(transform.proof);
        continue;
      }
      const { value, proof } = transform.apply(row[source] as Value, context);
      values.push(value);
      proofs.push(proof);
    }
    return { values, proofs, missing };
  };
}
