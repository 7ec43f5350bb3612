/** SQL: text to statement, statement to typed tree, typed tree to plan, plan and rows to answer. */

export { type SecondOpinion, type Summary, agree, summarize } from './agreement.ts';
export { compileChecks } from './bind-check.ts';
export {
  type BoundProjection,
  type ProjectionLevel,
  bindProjection,
  projectionRelation,
} from './bind-projection.ts';
export {
  type BoundAggregate,
  type BoundConflict,
  type BoundDelete,
  type BoundExpression,
  type BoundInsert,
  type BoundItem,
  type BoundOrder,
  type BoundSelect,
  type BoundUpdate,
  type GroupMember,
  type NumericType,
} from './bound.ts';
export { bindSelect } from './bind-select.ts';
export { bindDelete, bindInsert, bindUpdate } from './bind-write.ts';
export { type ParameterValue } from './constant.ts';
export { type Place, QueryError, type QueryErrorCode, type QueryErrorDetail } from './error.ts';
export {
  type BaseRow,
  type ExecuteOptions,
  type ResultColumn,
  type ResultRow,
  type ResultSet,
  executeSelect,
} from './execute.ts';
export { explainPlan } from './explain.ts';
export { compileAssignments, compileExpression, compilePredicate } from './expression.ts';
export { fingerprintSelect } from './fingerprint.ts';
export { parseStatement } from './parser.ts';
export { GroupTotals, isExtreme } from './projection-group.ts';
export { type JoinRows, type Lookup, ProjectionJoin, compileCell } from './projection-join.ts';
export {
  type KeyAccess,
  type KeyBound,
  type Plan,
  type RangeOrder,
  planAccess,
  planSelect,
} from './plan.ts';
export {
  type ColumnOperations,
  type Relation,
  type RelationColumn,
  relationOf,
  sourceRelation,
} from './relation.ts';
export { unknownTable } from './scope.ts';
export {
  type ArithmeticOperator,
  type AsOf,
  type ComparisonOperator,
  type AlterTableStatement,
  type CreateIndexStatement,
  type CreateProjectionStatement,
  type CreateTableStatement,
  type DeleteStatement,
  type DropIndexStatement,
  type DropProjectionStatement,
  type DropTableStatement,
  type ExplainStatement,
  type Expression,
  type InsertStatement,
  type Literal,
  type Name,
  type NewIndex,
  type OrderItem,
  type SelectItem,
  type SelectStatement,
  type Source,
  type Statement,
  type TypedLiteral,
  type UpdateStatement,
} from './statement.ts';
export { usedColumns } from './used-columns.ts';
export { plainValue, rowKey } from './value-key.ts';
