/**
 * The syntax tree: what a text says, before names and types are known. Everything that can be refused
 * later keeps its place.
 */

import type { ColumnDefinition, Offset, TableDefinition, TableRules, Value } from '@veritydb/types';

import type { Place } from './error.ts';

/** A name as the catalogue spells it: folded to lower case unless it was quoted. */
export interface Name {
  readonly text: string;
  readonly place: Place;
}

/** Types that a quoted text may be given in front: `DATE '2024-01-27'`. */
export type TypedLiteral = 'date' | 'timestamp' | 'uuid';

export type Literal =
  | { readonly type: 'null' }
  | { readonly type: 'boolean'; readonly value: boolean }
  /** Digits, perhaps a point and digits: never a sign, never an exponent. */
  | { readonly type: 'number'; readonly text: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: TypedLiteral; readonly text: string };

export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

export type Expression =
  | { readonly kind: 'literal'; readonly literal: Literal; readonly place: Place }
  /** `index` counts from 0: `$1` is 0. */
  | { readonly kind: 'parameter'; readonly index: number; readonly place: Place }
  | {
      readonly kind: 'column';
      readonly qualifier: Name | null;
      readonly name: Name;
      readonly place: Place;
    }
  | {
      readonly kind: 'comparison';
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly place: Place;
    }
  /** A chain of one operator without parentheses; two operands or more. */
  | {
      readonly kind: 'logical';
      readonly operator: 'and' | 'or';
      readonly operands: readonly Expression[];
      readonly place: Place;
    }
  | { readonly kind: 'not'; readonly operand: Expression; readonly place: Place }
  | {
      readonly kind: 'is-null';
      readonly operand: Expression;
      readonly negated: boolean;
      readonly place: Place;
    }
  /** `IS [NOT] TRUE`, `FALSE` or `UNKNOWN`: of a condition, and never itself unknown. */
  | {
      readonly kind: 'is-truth';
      readonly operand: Expression;
      readonly truth: 'true' | 'false' | 'unknown';
      readonly negated: boolean;
      readonly place: Place;
    }
  /** `IS [NOT] DISTINCT FROM`: a comparison to which NULL is a value like others. */
  | {
      readonly kind: 'is-distinct';
      readonly left: Expression;
      readonly right: Expression;
      readonly negated: boolean;
      readonly place: Place;
    }
  | {
      readonly kind: 'in';
      readonly operand: Expression;
      readonly items: readonly Expression[];
      readonly negated: boolean;
      readonly place: Place;
    }
  | {
      readonly kind: 'between';
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly negated: boolean;
      readonly place: Place;
    }
  | {
      readonly kind: 'like';
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly escape: Expression | null;
      readonly negated: boolean;
      readonly place: Place;
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly place: Place;
    }
  | { readonly kind: 'negate'; readonly operand: Expression; readonly place: Place }
  /** A plus sign: says that a number follows. */
  | { readonly kind: 'plus'; readonly operand: Expression; readonly place: Place }
  | {
      readonly kind: 'case';
      /** Compared with each `when`; null where the branches are conditions. */
      readonly operand: Expression | null;
      readonly branches: readonly { readonly when: Expression; readonly answer: Expression }[];
      readonly otherwise: Expression | null;
      readonly place: Place;
    }
  | {
      readonly kind: 'call';
      readonly name: FunctionName;
      readonly operands: readonly Expression[];
      readonly place: Place;
    }
  | {
      readonly kind: 'aggregate';
      readonly name: AggregateName;
      /** Null for `COUNT(*)`. */
      readonly argument: Expression | null;
      readonly distinct: boolean;
      readonly place: Place;
    };

/** Functions of one row. */
export type FunctionName = 'abs' | 'coalesce' | 'nullif';
/** Functions of many rows. */
export type AggregateName = 'avg' | 'count' | 'max' | 'min' | 'sum';

export type SelectItem =
  | { readonly kind: 'star'; readonly qualifier: Name | null; readonly place: Place }
  | {
      readonly kind: 'expression';
      readonly expression: Expression;
      readonly alias: Name | null;
      readonly place: Place;
    };

export interface OrderItem {
  readonly expression: Expression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** When a table is read as of. */
export type AsOf =
  | { readonly kind: 'position'; readonly position: Offset }
  /** Microseconds since the epoch: with all that was written up to then. */
  | { readonly kind: 'timestamp'; readonly timestamp: bigint };

/** What of a table is read: its rows, all versions of them, or what changed between two positions. */
export type Source =
  | { readonly kind: 'rows' }
  | { readonly kind: 'history' }
  | { readonly kind: 'diff'; readonly from: Offset; readonly to: Offset };

export interface SelectStatement {
  readonly kind: 'select';
  readonly distinct: boolean;
  readonly items: readonly SelectItem[];
  readonly from: Name;
  readonly alias: Name | null;
  readonly source: Source;
  readonly asOf: AsOf | null;
  readonly where: Expression | null;
  readonly groupBy: readonly Expression[];
  readonly having: Expression | null;
  readonly orderBy: readonly OrderItem[];
  readonly limit: Expression | null;
  readonly offset: Expression | null;
  readonly parameterCount: number;
}

/** How a SELECT would be answered. */
export interface ExplainStatement {
  readonly kind: 'explain';
  readonly select: SelectStatement;
}

/** What is written into a column; null for the word DEFAULT. */
export type Assigned = Expression | null;

export interface Assignment {
  readonly column: Name;
  readonly expression: Assigned;
}

/** What an INSERT does with a row whose key, or other unique columns, another row has. */
export interface ConflictClause {
  /** Columns that must be unique together; null for any that are. */
  readonly target: readonly Name[] | null;
  /** None: the row is left out. */
  readonly update: {
    readonly assignments: readonly Assignment[];
    readonly where: Expression | null;
  } | null;
  readonly place: Place;
}

export interface InsertStatement {
  readonly kind: 'insert';
  readonly table: Name;
  readonly alias: Name | null;
  /** Null: every column, in the table's order. */
  readonly columns: readonly Name[] | null;
  readonly rows: readonly (readonly Assigned[])[];
  readonly conflict: ConflictClause | null;
  /** What is answered of each row that was written; null where nothing is. */
  readonly returning: readonly SelectItem[] | null;
  readonly parameterCount: number;
}

export interface UpdateStatement {
  readonly kind: 'update';
  readonly table: Name;
  readonly alias: Name | null;
  readonly assignments: readonly Assignment[];
  readonly where: Expression | null;
  readonly returning: readonly SelectItem[] | null;
  readonly parameterCount: number;
}

export interface DeleteStatement {
  readonly kind: 'delete';
  readonly table: Name;
  readonly alias: Name | null;
  readonly where: Expression | null;
  readonly returning: readonly SelectItem[] | null;
  readonly parameterCount: number;
}

export interface CreateTableStatement {
  readonly kind: 'create-table';
  readonly definition: TableDefinition;
  readonly rules: TableRules;
  readonly uniques: readonly NewIndex[];
}

export interface AlterTableStatement {
  readonly kind: 'alter-table';
  readonly table: Name;
  readonly change:
    | { readonly kind: 'add-column'; readonly column: ColumnDefinition; readonly fallback: Value }
    | { readonly kind: 'drop-column'; readonly column: string };
}

/** An index that a statement makes. */
export interface NewIndex {
  readonly name: string;
  /** Names of its columns. */
  readonly columns: readonly string[];
  readonly isUnique: boolean;
}

export interface CreateIndexStatement {
  readonly kind: 'create-index';
  readonly table: Name;
  readonly index: NewIndex;
}

export interface DropIndexStatement {
  readonly kind: 'drop-index';
  readonly index: Name;
}

export interface DropTableStatement {
  readonly kind: 'drop-table';
  readonly table: Name;
}

/** A table of a projection, and how it is joined to those before it; the first is not. */
export interface JoinedTable {
  readonly table: Name;
  readonly alias: Name | null;
  readonly join: { readonly kind: 'inner' | 'left'; readonly on: Expression } | null;
}

/** What a projection holds. */
export interface ProjectionQuery {
  readonly items: readonly SelectItem[];
  /** At least one. */
  readonly tables: readonly JoinedTable[];
  readonly where: Expression | null;
  readonly groupBy: readonly Expression[];
}

export interface CreateProjectionStatement {
  readonly kind: 'create-projection';
  readonly name: Name;
  /** SQL of the SELECT, as it was written. */
  readonly text: string;
  readonly query: ProjectionQuery;
}

export interface DropProjectionStatement {
  readonly kind: 'drop-projection';
  readonly name: Name;
}

export type Statement =
  | SelectStatement
  | InsertStatement
  | UpdateStatement
  | DeleteStatement
  | CreateTableStatement
  | AlterTableStatement
  | DropTableStatement
  | CreateIndexStatement
  | DropIndexStatement
  | CreateProjectionStatement
  | DropProjectionStatement
  | ExplainStatement;
