/**
 * Which rows a policy or a token is about: a tree over the columns of the table itself, enforced before
 * anything that a recipient asks. Three-valued: what compares with NULL is unknown, and only what is true
 * passes, under `not` as well.
 */

import {
  type ColumnDefinition,
  type Row,
  type TableDefinition,
  TypesError,
  type Value,
  assert,
  compareValues,
  parseValue,
} from '@veritydb/types';
import { z } from 'zod';

import { AccessError } from './error.ts';
import { columnName } from './vocabulary.ts';

type Scalar = string | number | boolean;

/** `from` is in, `before` is out. */
export type RowPredicate =
  | { readonly all: readonly RowPredicate[] }
  | { readonly any: readonly RowPredicate[] }
  | { readonly not: RowPredicate }
  | { readonly column: string; readonly equals: Scalar }
  | { readonly column: string; readonly in: readonly Scalar[] }
  | {
      readonly column: string;
      readonly from?: Scalar | undefined;
      readonly before?: Scalar | undefined;
    }
  | { readonly column: string; readonly isNull: boolean };

const OPERANDS_MAX = 64;
/** A tree has at most so many levels: a stack overflow must not be what refuses it. */
export const PREDICATE_DEPTH_MAX = 12;

const scalar = z.union([z.string().max(255), z.number(), z.boolean()]);
const leaves = [
  z.strictObject({ column: columnName, equals: scalar }),
  z.strictObject({ column: columnName, in: z.array(scalar).min(1).max(OPERANDS_MAX) }),
  z.strictObject({ column: columnName, isNull: z.boolean() }),
  z
    .strictObject({ column: columnName, from: scalar.optional(), before: scalar.optional() })
    .refine(({ from, before }) => from !== undefined || before !== undefined),
] as const;

function predicateOf(depth: number): z.ZodType<RowPredicate> {
  if (depth === 0) return z.union(leaves);
  const inner = z.lazy(() => predicateOf(depth - 1));
  const operands = z.array(inner).min(1).max(OPERANDS_MAX);
  return z.union([
    ...leaves,
    z.strictObject({ all: operands }),
    z.strictObject({ any: operands }),
    z.strictObject({ not: inner }),
  ]);
}

export const rowPredicate: z.ZodType<RowPredicate> = predicateOf(PREDICATE_DEPTH_MAX);

type Test = (row: Row) => boolean | null;

/**
 * Makes a predicate a test of base rows.
 *
 * @throws {AccessError} ERR_ACCESS_ROWS when it does not fit the table
 */
export function compileRowPredicate(
  predicate: RowPredicate,
  table: TableDefinition,
): (row: Row) => boolean {
  const test = compile(predicate, table);
  return (row) => {
    assert(row.length === table.columns.length, 'row has another number of values than columns');
    return test(row) === true;
  };
}

/** Columns that a predicate asks of. */
export function predicateColumns(predicate: RowPredicate): readonly string[] {
  if ('all' in predicate) return predicate.all.flatMap(predicateColumns);
  if ('any' in predicate) return predicate.any.flatMap(predicateColumns);
  return 'not' in predicate ? predicateColumns(predicate.not) : [predicate.column];
}

function compile(predicate: RowPredicate, table: TableDefinition): Test {
  if ('all' in predicate) {
    return combined(
      predicate.all.map((each) => compile(each, table)),
      false,
    );
  }
  if ('any' in predicate) {
    return combined(
      predicate.any.map((each) => compile(each, table)),
      true,
    );
  }
  if ('not' in predicate) {
    const inner = compile(predicate.not, table);
    return (row) => {
      const result = inner(row);
      return result === null ? null : !result;
    };
  }
  const index = table.columns.findIndex(({ name }) => name === predicate.column);
  const column = table.columns[index];
  if (column === undefined) throw misfit(predicate.column, 'there is no such column');
  if ('isNull' in predicate) {
    const { isNull } = predicate;
    return (row) => (row[index] === null) === isNull;
  }
  return onValue(index, compileLeaf(predicate, column));
}

function combined(tests: readonly Test[], certain: boolean): Test {
  return (row) => {
    let unknown = false;
    for (const test of tests) {
      const result = test(row);
      if (result === certain) return certain;
      if (result === null) unknown = true;
    }
    return unknown ? null : !certain;
  };
}

function onValue(index: number, test: (value: Value) => boolean): Test {
  return (row) => {
    const value = row[index] ?? null;
    return value === null ? null : test(value);
  };
}

type ValueLeaf = Exclude<
  Extract<RowPredicate, { readonly column: string }>,
  { readonly isNull: boolean }
>;

function compileLeaf(predicate: ValueLeaf, column: ColumnDefinition): (value: Value) => boolean {
  const { type } = column;
  const same = (wanted: Value) => (value: Value) => compareValues(type, value, wanted) === 0;
  if ('equals' in predicate) return same(valueOf(column, predicate.equals));
  if ('in' in predicate) {
    const tests = predicate.in.map((each) => same(valueOf(column, each)));
    return (value) => tests.some((test) => test(value));
  }
  const from = predicate.from === undefined ? null : valueOf(column, predicate.from);
  const before = predicate.before === undefined ? null : valueOf(column, predicate.before);
  return (value) =>
    (from === null || compareValues(type, value, from) >= 0) &&
    (before === null || compareValues(type, value, before) < 0);
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** A day stands for its first moment where the column keeps moments. */
function valueOf(column: ColumnDefinition, scalarValue: Scalar): Value {
  const text = String(scalarValue);
  const spelled = column.type === 'timestamp' && DATE.test(text) ? `${text}T00:00:00Z` : text;
  try {
    return parseValue(column.type, spelled);
  } catch (error) {
    if (!(error instanceof TypesError)) throw error;
    throw misfit(column.name, `a value is no ${column.type}`);
  }
}

function misfit(column: string, what: string): AccessError {
  return new AccessError('ERR_ACCESS_ROWS', `condition on ${column} does not fit: ${what}`);
}
