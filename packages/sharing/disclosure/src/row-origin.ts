/** What an answer keeps of the base rows that it is of: a large one has no room for them whole. */

import type { StoredRow } from '@veritydb/kernel';
import type { ResultRow, ResultSet } from '@veritydb/query';
import type { Offset, Row, TableSchema, Value } from '@veritydb/types';

export interface RowOrigin {
  readonly offset: Offset;
  readonly rowIndex: number;
  readonly erased: boolean;
  /** Whom the row is about; NULL where it was erased, or its table is about nobody. */
  readonly subject: Value;
  /** Columns whose text was masked on its way out. */
  readonly masked: readonly number[];
}

/** A row on its way out, with where it came from; none for a count. */
export type ScopedRow = ResultRow<RowOrigin>;

export function toOrigin(
  { subjectIndex }: TableSchema,
  { erased, offset, rowIndex, values }: StoredRow,
  maskedIn: (row: Row) => readonly number[],
): RowOrigin {
  const subject = subjectIndex === null ? null : (values[subjectIndex] ?? null);
  return { offset, rowIndex, erased, subject, masked: maskedIn(values) };
}

/** Whom the rows of an answer are about, each as often as it has rows. */
export function* subjectsOf({ rows }: ResultSet<RowOrigin>): Generator<Value> {
  for (const { origin } of rows) if (origin !== null) yield origin.subject;
}
