/**
 * Statements + schema → command → committed. No SQL text is left in a command, and rows are read here
 * only to change them: what reveals rows is the caller's business.
 */

import {
  type Command,
  KernelError,
  type KernelErrorCode,
  checkNewRow,
  checkWritable,
  readOnly,
} from '@veritydb/kernel';
import {
  type BoundInsert,
  type BoundItem,
  type DeleteStatement,
  type InsertStatement,
  type Name,
  type ParameterValue,
  type Statement,
  type UpdateStatement,
  bindDelete,
  bindInsert,
  bindUpdate,
  compileAssignments,
  compileExpression,
  compilePredicate,
  planAccess,
  unknownTable,
} from '@veritydb/query';
import {
  type ColumnType,
  type IdempotencyId,
  type IndexSchema,
  type Row,
  type TableSchema,
  unreachable,
} from '@veritydb/types';

import type { CommitResult } from './commit.ts';
import { RuntimeError } from './error.ts';
import { PendingRows } from './pending-rows.ts';
import type { Snapshot } from './snapshot.ts';
import type { Tenant } from './tenant.ts';

/** A statement that changes something. */
export type WriteStatement = Exclude<Statement, { readonly kind: 'select' | 'explain' }>;

type RowStatement = InsertStatement | UpdateStatement | DeleteStatement;

/** How often statements are read again when a row moved between their reading and their turn. */
const ATTEMPTS_MAX = 8;

export interface WriteStep {
  readonly statement: WriteStatement;
  readonly parameters: readonly ParameterValue[];
}

export interface WriteRequest {
  /** At least one. Several are INSERT, UPDATE or DELETE, each of which sees what those before it did. */
  readonly steps: readonly WriteStep[];
  readonly idempotencyId: IdempotencyId | null;
}

/** What one statement came to. */
export interface Written {
  /** Rows that it inserted, updated or deleted; for a statement of the catalogue 0. */
  readonly changed: number;
  /** What RETURNING answers; null where it is not said. */
  readonly returned: {
    readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
    readonly rows: readonly Row[];
  } | null;
}

export interface WriteResult extends CommitResult {
  /** For each statement, in order. */
  readonly written: readonly Written[];
}

/**
 * Executes statements that write: all of them, in one record of the log, or none. They read the rows that
 * they mean, say which versions they saw, and start over where another write came first.
 *
 * @throws {QueryError} when one does not bind, {KernelError} when the kernel refuses them,
 *   {RuntimeError} ERR_RUNTIME_BATCH when several are not all INSERT, UPDATE or DELETE
 */
export async function executeWrite(tenant: Tenant, request: WriteRequest): Promise<WriteResult> {
  const retried = retriedCodes(request);
  for (let attempt = 1; ; attempt += 1) {
    const { command, written } = toCommand(snapshotFor(tenant, request), request.steps);
    try {
      return { ...(await tenant.submit(command, request.idempotencyId)), written };
    } catch (error) {
      const isRetried = error instanceof KernelError && retried.includes(error.code);
      if (!isRetried || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

/**
 * What the statements read: the newest rows; for a request that is sent again those before it was committed,
 * so that it comes to the same command and is known again.
 */
function snapshotFor(tenant: Tenant, { idempotencyId }: WriteRequest): Snapshot {
  const known = idempotencyId === null ? undefined : tenant.committed(idempotencyId);
  return tenant.snapshot(known === undefined ? undefined : known - 1);
}

const MOVED: readonly KernelErrorCode[] = ['ERR_KERNEL_ROW_MOVED', 'ERR_KERNEL_TABLE_ALTERED'];

/** ON CONFLICT looks whether a row is there: another may come before it has its turn. */
function retriedCodes({ steps }: WriteRequest): readonly KernelErrorCode[] {
  return steps.some(({ statement }) => statement.kind === 'insert' && statement.conflict !== null)
    ? [...MOVED, 'ERR_KERNEL_KEY_EXISTS', 'ERR_KERNEL_UNIQUE']
    : MOVED;
}

interface Effect {
  readonly command: Command;
  readonly written: readonly Written[];
}

function toCommand(snapshot: Snapshot, steps: readonly WriteStep[]): Effect {
  const [only] = steps;
  const ofCatalogue =
    only !== undefined && steps.length === 1 ? catalogueCommand(only.statement) : undefined;
  if (ofCatalogue !== undefined) {
    return { command: ofCatalogue, written: [{ changed: 0, returned: null }] };
  }
  const pending = new PendingRows(snapshot);
  const written = steps.map(({ statement, parameters }) => {
    if (!isOfRows(statement)) throw notInBatch();
    return writeRows(snapshot, pending, statement, parameters);
  });
  return { command: { kind: 'write', writes: pending.writes() }, written };
}

function catalogueCommand(statement: WriteStatement): Command | undefined {
  switch (statement.kind) {
    case 'create-table': {
      const { definition, rules, uniques } = statement;
      return { kind: 'create-table', definition, rules, uniques };
    }
    case 'drop-table':
      return { kind: 'drop-table', name: statement.table.text };
    case 'alter-table':
      return { kind: 'alter-table', table: statement.table.text, change: statement.change };
    case 'create-index':
      return { kind: 'create-index', table: statement.table.text, index: statement.index };
    case 'drop-index':
      return { kind: 'drop-index', name: statement.index.text };
    case 'create-projection':
      return { kind: 'create-projection', name: statement.name.text, text: statement.text };
    case 'drop-projection':
      return { kind: 'drop-projection', name: statement.name.text };
    case 'insert':
    case 'update':
    case 'delete':
      return undefined;
    default:
      return unreachable(statement);
  }
}

function isOfRows(statement: WriteStatement): statement is RowStatement {
  return statement.kind === 'insert' || statement.kind === 'update' || statement.kind === 'delete';
}

function notInBatch(): RuntimeError {
  return new RuntimeError(
    'format',
    'ERR_RUNTIME_BATCH',
    'a statement of the catalogue stands among others',
    { hint: 'execute CREATE, ALTER and DROP one by one' },
  );
}

function writeRows(
  snapshot: Snapshot,
  pending: PendingRows,
  statement: RowStatement,
  parameters: readonly ParameterValue[],
): Written {
  const table = tableOf(snapshot, statement.table);
  switch (statement.kind) {
    case 'insert': {
      const bound = bindInsert(statement, table, parameters);
      return writtenOf(bound.returning, insertRows(pending, bound));
    }
    case 'update': {
      const bound = bindUpdate(statement, table, parameters);
      const assign = compileAssignments(bound);
      const versions = matching(pending, table, bound).map((before) => ({
        before,
        now: assign(before),
      }));
      pending.update(table, versions);
      return writtenOf(
        bound.returning,
        versions.map(({ now }) => now),
      );
    }
    case 'delete':
    default: {
      const bound = bindDelete(statement, table, parameters);
      const rows = matching(pending, table, bound);
      for (const row of rows) pending.delete(table, row);
      return writtenOf(bound.returning, rows);
    }
  }
}

function writtenOf(returning: readonly BoundItem[] | null, rows: readonly Row[]): Written {
  if (returning === null) return { changed: rows.length, returned: null };
  const items = returning.map(({ expression }) => compileExpression(expression));
  return {
    changed: rows.length,
    returned: {
      columns: returning.map(({ name, type }) => ({ name, type })),
      rows: rows.map((row) => items.map((evaluate) => evaluate(row))),
    },
  };
}

/** Inserts rows, or does with each what ON CONFLICT says; gives those that were written. */
function insertRows(pending: PendingRows, bound: BoundInsert): readonly Row[] {
  const { table, rows, conflict } = bound;
  if (conflict === null) {
    for (const row of rows) pending.insert(table, row);
    return rows;
  }
  const uniques = uniquesOf(table, conflict.target);
  const own = new Set<Row>();
  return rows.flatMap((row) => {
    // As in PostgreSQL, a row is one that could be inserted, also where it is not.
    checkNewRow(table, row);
    const there = uniques
      .map((unique) => pending.find(table, unique, row))
      .find((each) => each !== undefined);
    if (there !== undefined && own.has(there) && conflict.update !== null) throw changedTwice();
    const next = there === undefined ? row : updated(bound, there, row);
    if (next === null) return [];
    if (there === undefined) pending.insert(table, next);
    else pending.update(table, [{ before: there, now: next }]);
    own.add(next);
    return [next];
  });
}

function changedTwice(): RuntimeError {
  return new RuntimeError(
    'format',
    'ERR_RUNTIME_BATCH',
    'ON CONFLICT DO UPDATE would change a row that the statement itself wrote',
    { hint: 'give each key once' },
  );
}

/** The row that is there as DO UPDATE leaves it; null where it is left as it is. */
function updated({ table, conflict }: BoundInsert, there: Row, proposed: Row): Row | null {
  const update = conflict?.update ?? null;
  if (update === null) return null;
  const both = [...there, ...proposed];
  if (!compilePredicate(update.where)(both)) return null;
  return compileAssignments({ table, assignments: update.assignments })(both);
}

/** What a row may share with another: null for the key of the table. */
function uniquesOf(
  table: TableSchema,
  target: readonly number[] | null,
): readonly (IndexSchema | null)[] {
  const isMeant = (columns: readonly number[]): boolean =>
    target === null ||
    (target.length === columns.length && target.every((each) => columns.includes(each)));
  return [
    ...(isMeant(table.keyIndexes) ? [null] : []),
    ...table.indexes.filter(({ columns, isUnique }) => isUnique && isMeant(columns)),
  ];
}

function tableOf(snapshot: Snapshot, name: Name): TableSchema {
  const table = snapshot.table(name.text);
  if (table === undefined) {
    throw snapshot.projection(name.text) === undefined ? unknownTable(name) : readOnly(name.text);
  }
  checkWritable(table);
  return table;
}

function matching(
  pending: PendingRows,
  table: TableSchema,
  bound: Parameters<typeof planAccess>[0],
): readonly Row[] {
  const matches = compilePredicate(bound.where);
  return [...pending.scan(table, planAccess(bound))].filter(matches);
}
