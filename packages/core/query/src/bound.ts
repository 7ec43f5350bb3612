/**
 * The typed tree: names are indexes, types are known, parameters are values. What is planned, executed
 * and fingerprinted; it never becomes text that is parsed again.
 */

import type { ColumnType, Row, TableSchema, Value } from '@veritydb/types';

import type { LikePattern } from './like.ts';
import type { Relation } from './relation.ts';
import type {
  AggregateName,
  ArithmeticOperator,
  AsOf,
  ComparisonOperator,
  Source,
} from './statement.ts';

export type NumericType = 'integer' | 'bigint' | 'decimal';

/** Both sides of a comparison, and all members of IN and BETWEEN, are of one type. */
export type BoundExpression =
  | { readonly kind: 'constant'; readonly type: ColumnType; readonly value: Value }
  /** `index` is that of a value of the row: of the relation's columns, or of a group (see {@link Grouping}). */
  | { readonly kind: 'column'; readonly type: ColumnType; readonly index: number }
  /** A number as a wider type: never a loss. */
  | { readonly kind: 'widen'; readonly type: NumericType; readonly operand: BoundExpression }
  | {
      readonly kind: 'arithmetic';
      readonly type: NumericType;
      readonly operator: ArithmeticOperator;
      readonly left: BoundExpression;
      readonly right: BoundExpression;
    }
  | { readonly kind: 'negate'; readonly type: NumericType; readonly operand: BoundExpression }
  | { readonly kind: 'abs'; readonly type: NumericType; readonly operand: BoundExpression }
  /** The first branch whose condition is true. */
  | {
      readonly kind: 'case';
      readonly type: ColumnType;
      readonly branches: readonly {
        readonly when: BoundExpression;
        readonly answer: BoundExpression;
      }[];
      readonly otherwise: BoundExpression;
    }
  /** The first operand that is not NULL. */
  | {
      readonly kind: 'coalesce';
      readonly type: ColumnType;
      readonly operands: readonly BoundExpression[];
    }
  | {
      readonly kind: 'comparison';
      readonly type: 'boolean';
      readonly operator: ComparisonOperator;
      readonly left: BoundExpression;
      readonly right: BoundExpression;
    }
  | {
      readonly kind: 'logical';
      readonly type: 'boolean';
      readonly operator: 'and' | 'or';
      readonly operands: readonly BoundExpression[];
    }
  | { readonly kind: 'not'; readonly type: 'boolean'; readonly operand: BoundExpression }
  | {
      readonly kind: 'is-null';
      readonly type: 'boolean';
      readonly operand: BoundExpression;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'in';
      readonly type: 'boolean';
      readonly operand: BoundExpression;
      readonly items: readonly BoundExpression[];
      readonly negated: boolean;
    }
  | {
      readonly kind: 'between';
      readonly type: 'boolean';
      readonly operand: BoundExpression;
      readonly low: BoundExpression;
      readonly high: BoundExpression;
      readonly negated: boolean;
    }
  | {
      readonly kind: 'like';
      readonly type: 'boolean';
      readonly operand: BoundExpression;
      /** Null: the pattern is NULL, and so is the answer. */
      readonly pattern: LikePattern | null;
      readonly negated: boolean;
    };

export interface BoundItem {
  readonly name: string;
  readonly type: ColumnType;
  readonly expression: BoundExpression;
  /** Index of the relation's column when the item is a plain column of a single row, else null. */
  readonly column: number | null;
  /** Indexes of the base columns that the item is made of, ascending, each once. */
  readonly sources: readonly number[];
}

export interface BoundAggregate {
  readonly kind: 'aggregate';
  readonly name: AggregateName;
  /** Of its answer. */
  readonly type: ColumnType;
  /** Over a row of the relation; null for `COUNT(*)`. */
  readonly argument: BoundExpression | null;
  readonly distinct: boolean;
}

/** A value of a group: what its rows have in common, or what they come to. */
export type GroupMember =
  | { readonly kind: 'key'; readonly expression: BoundExpression }
  | BoundAggregate;

/** Rows into groups, by the keys among the members. The row of a group has the values of the members. */
export interface Grouping {
  readonly members: readonly GroupMember[];
  /** Without GROUP BY all rows are one group, also where there are none. */
  readonly isWhole: boolean;
  /** Over the row of a group. */
  readonly having: BoundExpression | null;
}

export interface BoundOrder {
  readonly expression: BoundExpression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export interface BoundSelect {
  readonly relation: Relation;
  readonly source: Source;
  readonly asOf: AsOf | null;
  readonly where: BoundExpression | null;
  /** Where there is one, items and orders are over the rows of groups, else over those of the relation. */
  readonly grouping: Grouping | null;
  readonly items: readonly BoundItem[];
  readonly distinct: boolean;
  readonly orderBy: readonly BoundOrder[];
  readonly limit: number | null;
  readonly offset: number;
}

/** `column` is the index of the table's column. */
export interface BoundAssignment {
  readonly column: number;
  readonly expression: BoundExpression;
}

/** What is answered of a row that was written, over the table's columns. */
export type BoundReturning = readonly BoundItem[] | null;

export interface BoundInsert {
  readonly table: TableSchema;
  /** Whole rows, in the order of the table's columns. */
  readonly rows: readonly Row[];
  readonly conflict: BoundConflict | null;
  readonly returning: BoundReturning;
}

export interface BoundConflict {
  /** Columns that a row must not share with another, in any order; null for whatever is unique. */
  readonly target: readonly number[] | null;
  /** Over the row that is there and, behind its values, the one that was to be inserted. */
  readonly update: {
    readonly assignments: readonly BoundAssignment[];
    readonly where: BoundExpression | null;
  } | null;
}

export interface BoundUpdate {
  readonly table: TableSchema;
  readonly assignments: readonly BoundAssignment[];
  readonly where: BoundExpression | null;
  readonly returning: BoundReturning;
}

export interface BoundDelete {
  readonly table: TableSchema;
  readonly where: BoundExpression | null;
  readonly returning: BoundReturning;
}
