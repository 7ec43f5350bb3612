/**
 * Statement + schema → command → committed. No SQL text is left in a command, and rows are read here
 * only to change them: what reveals rows is the caller's business.
 */

import {
  type Command,
  KernelError,
  type RowWrite,
  type StoredRow,
  checkWritable,
} from '@veritydb/kernel';
import {
  type ParameterValue,
  type Statement,
  bindDelete,
  bindInsert,
  bindUpdate,
  compileAssignments,
  compilePredicate,
  planAccess,
  unknownTable,
} from '@veritydb/query';
import { type IdempotencyId, type TableSchema, unreachable } from '@veritydb/types';

import type { CommitResult } from './commit.ts';
import type { Snapshot } from './snapshot.ts';
import type { Tenant } from './tenant.ts';

/** A statement that changes something. */
export type WriteStatement = Exclude<Statement, { readonly kind: 'select' }>;

/** How often a statement is read again when a row moved between its reading and its turn. */
const ATTEMPTS_MAX = 8;

export interface WriteRequest {
  readonly statement: WriteStatement;
  readonly parameters: readonly ParameterValue[];
  readonly idempotencyId: IdempotencyId | null;
}

/**
 * Executes a statement that writes. An UPDATE or DELETE reads the rows it means, says which versions it
 * saw, and starts over where another write came first.
 *
 * @throws {QueryError} when it does not bind, {KernelError} when the kernel refuses it
 */
export async function executeWrite(tenant: Tenant, request: WriteRequest): Promise<CommitResult> {
  for (let attempt = 1; ; attempt += 1) {
    const command = toCommand(tenant.snapshot(), request);
    try {
      return await tenant.submit(command, request.idempotencyId);
    } catch (error) {
      const moved = error instanceof KernelError && error.code === 'ERR_KERNEL_ROW_MOVED';
      if (!moved || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

function toCommand(snapshot: Snapshot, { statement, parameters }: WriteRequest): Command {
  switch (statement.kind) {
    case 'create-table':
      return { kind: 'create-table', definition: statement.definition };
    case 'drop-table':
      return { kind: 'drop-table', name: statement.table.text };
    case 'insert': {
      const table = tableOf(snapshot, statement.table);
      const rows = bindInsert(statement, table, parameters);
      return {
        kind: 'write',
        writes: rows.map((values): RowWrite => ({ event: 'insert', table: table.id, values })),
      };
    }
    case 'update': {
      const table = tableOf(snapshot, statement.table);
      const bound = bindUpdate(statement, table, parameters);
      const assign = compileAssignments(bound);
      return {
        kind: 'write',
        writes: matching(snapshot, table, bound).map((stored) => ({
          event: 'update',
          table: table.id,
          values: assign(stored.values),
          expected: stored.offset,
        })),
      };
    }
    case 'delete': {
      const table = tableOf(snapshot, statement.table);
      return {
        kind: 'write',
        writes: matching(snapshot, table, bindDelete(statement, table, parameters)).map(
          ({ values, offset }) => ({ event: 'delete', table: table.id, values, expected: offset }),
        ),
      };
    }
    default:
      return unreachable(statement);
  }
}

function tableOf(snapshot: Snapshot, name: Parameters<typeof unknownTable>[0]): TableSchema {
  const table = snapshot.table(name.text);
  if (table === undefined) throw unknownTable(name);
  checkWritable(table);
  return table;
}

function matching(
  snapshot: Snapshot,
  table: TableSchema,
  bound: Parameters<typeof planAccess>[0],
): readonly StoredRow[] {
  const matches = compilePredicate(bound.where);
  const rows: StoredRow[] = [];
  for (const stored of snapshot.scan(table, planAccess(bound))) {
    // Of an erased row nothing is left to change. One is current only where a restored copy holds it.
    if (!stored.erased && matches(stored.values)) rows.push(stored);
  }
  return rows;
}
