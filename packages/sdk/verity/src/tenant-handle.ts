/** One tenant, as the application that embeds the database sees it: everything, in clear. */

import { proveState } from '@veritydb/disclosure';
import {
  type ParameterValue,
  type Plan,
  type SelectStatement,
  bindSelect,
  executeSelect,
  explainPlan,
  planSelect,
  usedColumns,
} from '@veritydb/query';
import {
  type KeysAsked,
  type Readable,
  type Snapshot,
  type StatementCache,
  type Tenant,
  type WriteStatement,
  executeWrite,
  followChanges,
  readSource,
  readableOf,
  snapshotOf,
} from '@veritydb/runtime';
import type { ColumnType, IdempotencyId, Offset, Row, Value } from '@veritydb/types';

import { FolderError } from './database-folder.ts';

/** A row by the names of its columns; of two with one name the last. */
export type NamedRow = Readonly<Record<string, Value>>;

/** Columns and rows as the statement orders them. */
export interface Answer {
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
  readonly rows: readonly Row[];
  /** What was read: the rows as they stood when the log ended here. */
  readonly position: Offset;
}

export interface ExecuteResult {
  /** Rows that the statement inserted, updated or deleted. */
  readonly changed: number;
  /** Where its record stands. */
  readonly position: Offset;
  /** What RETURNING answers; none without it. */
  readonly rows: readonly NamedRow[];
}

export interface BatchStatement {
  readonly sql: string;
  readonly parameters?: readonly ParameterValue[];
}

/**
 * How new what is read must be.
 *
 * - `linearizable`: whatever was written before the question, by anybody. What is read unless told.
 * - a position: whatever was written up to there, such as by who gives it.
 * - `eventual`: any state that the tenant was in, the newest that is at hand.
 *
 * On one machine every read is linearizable, and a position that is not there yet is of another log.
 */
export type Consistency = 'eventual' | 'linearizable' | { readonly position: number };

export interface QueryOptions {
  readonly consistency?: Consistency;
}

/** Rows that were changed together. */
export interface Change {
  readonly position: Offset;
  /** Nanoseconds since the epoch. */
  readonly timestamp: bigint;
  readonly rows: readonly {
    readonly table: string;
    readonly event: 'insert' | 'update' | 'delete';
    /** The new row; of a deleted one its key and data subject, NULL elsewhere. Null where it was erased since. */
    readonly row: NamedRow | null;
  }[];
}

export class TenantHandle {
  /** The tenant itself, for the sharing layer. */
  readonly runtime: Tenant;
  readonly statements: StatementCache;

  constructor(runtime: Tenant, statements: StatementCache) {
    this.runtime = runtime;
    this.statements = statements;
  }

  /** Executes one statement that writes; durable on return. */
  async execute(
    sql: string,
    parameters: readonly ParameterValue[] = [],
    idempotencyId: IdempotencyId | null = null,
  ): Promise<ExecuteResult> {
    const [result] = await this.batch([{ sql, parameters }], idempotencyId);
    return result as ExecuteResult;
  }

  /**
   * Executes statements that write, each of which sees what those before it did: all of them, in one
   * record of the log, or none. Several are INSERT, UPDATE or DELETE.
   */
  async batch(
    statements: readonly BatchStatement[],
    idempotencyId: IdempotencyId | null = null,
  ): Promise<readonly ExecuteResult[]> {
    const steps = await Promise.all(
      statements.map(async ({ sql, parameters = [] }) => ({
        statement: await this.#parseWrite(sql),
        parameters,
      })),
    );
    const { offset, written } = await executeWrite(this.runtime, { steps, idempotencyId });
    return written.map(({ changed, returned }) => ({
      changed,
      position: offset,
      rows: returned === null ? [] : returned.rows.map((row) => named(returned.columns, row)),
    }));
  }

  async #parseWrite(sql: string): Promise<WriteStatement> {
    const statement = await this.statements.parse(sql);
    if (statement.kind !== 'select' && statement.kind !== 'explain') return statement;
    throw new FolderError('format', 'ERR_VERITY_STATEMENT', 'a SELECT changes nothing', {
      hint: 'ask it with query()',
    });
  }

  /**
   * Proves what a range of a table's keys holds now, or of an index's by `table.index`: a document that
   * `verifyStateProof` checks with nothing but the log's key.
   *
   * @throws {RuntimeError} ERR_RUNTIME_NO_ROOT
   */
  proveState(name: string, keys: KeysAsked = {}): string {
    return proveState(this.runtime, name, keys);
  }

  /** Whether a command was committed under an id, and where: for who did not hear of it. */
  committed(idempotencyId: IdempotencyId): Offset | undefined {
    return this.runtime.committed(idempotencyId);
  }

  /**
   * Answers one SELECT, or EXPLAIN of one, at the newest position. The caller may say what a row is; it is
   * not checked.
   */
  async query<Shape = NamedRow>(
    sql: string,
    parameters: readonly ParameterValue[] = [],
    { consistency = 'linearizable' }: QueryOptions = {},
  ): Promise<readonly Shape[]> {
    // A position that the log has not reached is refused; whatever it has reached is in the answer.
    if (typeof consistency === 'object') this.runtime.snapshot(consistency.position);
    const { columns, rows } = await this.answer(sql, parameters);
    return rows.map((row) => named(columns, row) as Shape);
  }

  /** Answers one SELECT as of a position of the log. */
  async queryAt<Shape = NamedRow>(
    position: number,
    sql: string,
    parameters: readonly ParameterValue[] = [],
  ): Promise<readonly Shape[]> {
    const { columns, rows } = await this.answer(sql, parameters, position);
    return rows.map((row) => named(columns, row) as Shape);
  }

  /**
   * Follows the tenant from a position on: what every record changed, in order, each once, and then what is
   * still to come, until the signal is given.
   */
  async *subscribe(from: number, signal: AbortSignal): AsyncGenerator<Change, void> {
    for await (const { position, timestamp, changes } of followChanges(
      this.runtime,
      from,
      signal,
    )) {
      yield {
        position,
        timestamp,
        rows: changes.map(({ table, event, values }) => ({
          table: table.name,
          event,
          row: values === null ? null : named(table.columns, values),
        })),
      };
    }
  }

  /** Answers one SELECT with its columns as they are, at the newest position unless one is given. */
  async answer(
    sql: string,
    parameters: readonly ParameterValue[] = [],
    position?: number,
  ): Promise<Answer> {
    const statement = await this.statements.parse(sql);
    if (statement.kind !== 'select' && statement.kind !== 'explain') {
      throw new FolderError('format', 'ERR_VERITY_STATEMENT', 'the statement is no SELECT', {
        hint: 'run it with execute()',
      });
    }
    const select = statement.kind === 'explain' ? statement.select : statement;
    const snapshot =
      position === undefined ? snapshotOf(this.runtime, select) : this.runtime.snapshot(position);
    const { plan, toVisible } = planOf(snapshot, select, parameters);
    const answer =
      statement.kind === 'explain' ? planText(plan) : this.#read(snapshot, plan, toVisible);
    return { ...answer, position: snapshot.position };
  }

  #read(snapshot: Snapshot, plan: Plan, view: Readable['toVisible']): Omit<Answer, 'position'> {
    const { select, access } = plan;
    // The relation begins with the table's own columns, one by one.
    const wanted = access.kind === 'keys' ? undefined : usedColumns(select);
    const source = readSource(this.runtime, snapshot, plan, wanted);
    const { columns, rows } = executeSelect(plan, source, {
      rowsMax: Number.MAX_SAFE_INTEGER,
      view,
      isAsPlanned: select.source.kind === 'rows',
    });
    return {
      columns: columns.map(({ name, type }) => ({ name, type })),
      rows: rows.map(({ values }) => values),
    };
  }
}

function planOf(
  snapshot: Snapshot,
  select: SelectStatement,
  parameters: readonly ParameterValue[],
): { readonly plan: Plan; readonly toVisible: Readable['toVisible'] } {
  const { relation, toVisible } = readableOf(snapshot, select);
  return { plan: planSelect(bindSelect(select, relation, parameters)), toVisible };
}

function planText(plan: Plan): Omit<Answer, 'position'> {
  const rows = explainPlan(plan).map((line) => [line]);
  return { columns: [{ name: 'plan', type: 'text' }], rows };
}

function named(columns: readonly { readonly name: string }[], values: Row): NamedRow {
  const row: Record<string, Value> = {};
  for (let index = 0; index < columns.length; index += 1) {
    const { name } = columns[index] as { readonly name: string };
    const value = values[index] as Value;
    // Assigned, this one name would be the object's prototype.
    if (name === '__proto__') Object.defineProperty(row, name, { value, enumerable: true });
    else row[name] = value;
  }
  return row;
}
