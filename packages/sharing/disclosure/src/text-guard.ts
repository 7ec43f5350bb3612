/**
 * Direct identifiers in text that a policy keeps. The rows were masked before a condition saw them; here
 * is told how often that shows in an answer, or the answer is refused, and how much is looked at.
 */

import type { AuthorizedColumn, AuthorizedGuard } from '@veritydb/access';
import { GUARD_MARK } from '@veritydb/privacy';
import type { BoundSelect } from '@veritydb/query';
import type { Row, Value } from '@veritydb/types';

import { DisclosureError } from './error.ts';
import type { ScopedRow } from './row-origin.ts';

/** Texts up to this length are codes and words: they cost no more than any other value. */
const SHORT_TEXT_LENGTH = 64;
/** Most text of free length that one answer has looked at, in UTF-16 units. */
export const GUARDED_TEXT_MAX: number = 64 * 1024 * 1024;

export interface GuardedColumn {
  /** As the answer calls it. */
  readonly column: string;
  /** In how many of its values something was masked. */
  readonly cells: number;
}

/**
 * Counts the text that is looked at for one answer.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_TEXT_LENGTH, from the function that it returns
 */
export function limitText(
  {
    guard,
    columns,
  }: { readonly guard: AuthorizedGuard | null; readonly columns: readonly AuthorizedColumn[] },
  lengthMax: number = GUARDED_TEXT_MAX,
): (row: Row, wanted: ReadonlySet<number>) => void {
  if (guard === null) return () => undefined;
  let length = 0;
  return (row, wanted) => {
    for (const index of wanted) {
      const source = columns[index]?.source ?? -1;
      const value = guard.sources.has(source) ? row[source] : null;
      if (typeof value === 'string' && value.length > SHORT_TEXT_LENGTH) length += value.length;
    }
    if (length <= lengthMax) return;
    throw new DisclosureError(
      'denied',
      'ERR_DISCLOSURE_TEXT_LENGTH',
      'there is more text than one answer looks through for direct identifiers',
      { hint: 'ask for fewer rows, or leave columns of text out' },
    );
  };
}

const NOTHING: readonly number[] = [];

/** Of a base row the columns that an answer is made of and in which something is masked. */
export function maskedIn(
  guard: AuthorizedGuard | null,
  { items }: BoundSelect,
): (row: Row) => readonly number[] {
  if (guard === null) return () => NOTHING;
  const looked = [...new Set(items.flatMap(({ sources }) => [...sources]))].filter((source) =>
    guard.sources.has(source),
  );
  return (row) => {
    const masked = looked.filter((source) => isMasked(guard, row[source]));
    return masked.length === 0 ? NOTHING : masked;
  };
}

/**
 * Columns of an answer in which something is masked.
 *
 * @throws {DisclosureError} ERR_DISCLOSURE_TEXT_GUARDED where the policy refuses such an answer
 */
export function guardedColumns(
  guard: AuthorizedGuard | null,
  { items }: BoundSelect,
  rows: readonly ScopedRow[],
): readonly GuardedColumn[] {
  if (guard === null) return [];
  const guarded = items.flatMap(({ name, sources }, index) => {
    const looked = [...sources].filter((source) => guard.sources.has(source));
    if (looked.length === 0) return [];
    const cells = rows.filter(({ origin, values }) =>
      origin === null
        ? isMarked(values[index])
        : looked.some((source) => origin.masked.includes(source)),
    ).length;
    return cells === 0 ? [] : [{ column: name, cells }];
  });
  const [first] = guarded;
  if (guard.text === 'mask' || first === undefined) return guarded;
  throw new DisclosureError(
    'denied',
    'ERR_DISCLOSURE_TEXT_GUARDED',
    `column ${first.column} holds direct identifiers, which its policy says it does not`,
    { hint: 'leave the column out, or tell whoever answers for the policy' },
  );
}

function isMasked({ mask }: AuthorizedGuard, value: Value | undefined): boolean {
  return typeof value === 'string' && mask(value) !== value;
}

/** Of a group there is no row to look at again. */
function isMarked(value: Value | undefined): boolean {
  return typeof value === 'string' && GUARD_MARK.test(value);
}
