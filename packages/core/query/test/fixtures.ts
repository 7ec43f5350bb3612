/** Tables and a small engine over arrays: every statement through parse, bind, plan and execute. */

import {
  type ColumnType,
  type JsonValue,
  type Row,
  type TableDefinition,
  type TableSchema,
  type Value,
  assert,
  compareValues,
  toTableId,
  toTableSchema,
  valueToJson,
} from '@veritydb/types';

import {
  type KeyAccess,
  type ParameterValue,
  QueryError,
  type ResultSet,
  bindDelete,
  bindInsert,
  bindSelect,
  bindUpdate,
  compileAssignments,
  compilePredicate,
  executeSelect,
  parseStatement,
  planAccess,
  planSelect,
  relationOf,
  unknownTable,
} from '../src/index.ts';
import type { Name } from '../src/statement.ts';

export interface StoredRow {
  readonly values: Row;
  readonly offset: number;
}

interface Table {
  readonly schema: TableSchema;
  readonly rows: readonly StoredRow[];
}

export function schemaOf(definition: TableDefinition): TableSchema {
  return toTableSchema(toTableId(100), definition, new Uint8Array(32));
}

export function schemaOfText(sql: string): TableSchema {
  const statement = parseStatement(sql);
  assert(statement.kind === 'create-table', 'not a CREATE TABLE');
  return schemaOf(statement.definition);
}

function keyOrder(schema: TableSchema, a: Row, b: Row, length = schema.keyIndexes.length): number {
  for (const index of schema.keyIndexes.slice(0, length)) {
    const type = schema.definition.columns[index]?.type as ColumnType;
    const order = compareValues(type, a[index] as Value, b[index] as Value);
    if (order !== 0) return order;
  }
  return 0;
}

/** What an access reads, from rows in key order. */
export function readAccess<Base extends { readonly values: Row }>(
  schema: TableSchema,
  access: KeyAccess,
  rows: readonly Base[],
): readonly Base[] {
  if (access.kind === 'scan') return rows;
  assert(access.index === undefined, 'arrays have no indexes');
  const place = (key: Row): Row => {
    const row: Value[] = schema.definition.columns.map(() => null);
    for (const [at, value] of key.entries()) row[schema.keyIndexes[at] as number] = value;
    return row;
  };
  if (access.kind === 'keys') {
    return access.keys.flatMap((key) =>
      rows.filter((row) => keyOrder(schema, row.values, place(key)) === 0),
    );
  }
  const { prefix, lower, upper } = access;
  const next = schema.keyIndexes[prefix.length] as number;
  const type = schema.definition.columns[next]?.type as ColumnType;
  return rows.filter(({ values }) => {
    if (keyOrder(schema, values, place(prefix), prefix.length) !== 0) return false;
    const own = values[next] as Value;
    if (lower !== undefined) {
      const order = compareValues(type, own, lower.value);
      if (order < 0 || (order === 0 && !lower.inclusive)) return false;
    }
    if (upper === undefined) return true;
    const order = compareValues(type, own, upper.value);
    return order < 0 || (order === 0 && upper.inclusive);
  });
}

export class Engine {
  readonly #history: ReadonlyMap<string, Table>[] = [new Map()];

  get position(): number {
    return this.#history.length - 1;
  }

  select(sql: string, parameters: readonly ParameterValue[] = []): ResultSet<StoredRow> {
    const statement = parseStatement(sql);
    assert(statement.kind === 'select', 'not a SELECT');
    const { asOf, source } = statement;
    assert(asOf?.kind !== 'timestamp' && source.kind === 'rows', 'arrays have no times');
    const { schema, rows } = this.#table(statement.from, asOf?.position ?? this.position);
    const plan = planSelect(bindSelect(statement, relationOf(schema), parameters));
    return executeSelect(plan, readAccess(schema, plan.access, rows), { rowsMax: 10_000 });
  }

  /** Rows as JSON, or how many were written. */
  run(sql: string, parameters: readonly ParameterValue[] = []): JsonValue {
    const statement = parseStatement(sql);
    switch (statement.kind) {
      case 'select': {
        const { columns, rows } = this.select(sql, parameters);
        return rows.map(({ values }) =>
          values.map((value, index) => valueToJson(columns[index]?.type as ColumnType, value)),
        );
      }
      case 'create-table':
        return this.#write(statement.definition.name, {
          schema: schemaOf(statement.definition),
          rows: [],
        });
      case 'drop-table':
        this.#table(statement.table);
        return this.#write(statement.table.text, null);
      case 'insert': {
        const { schema, rows } = this.#table(statement.table);
        const { rows: added } = bindInsert(statement, schema, parameters);
        return this.#write(statement.table.text, {
          schema,
          rows: [...rows, ...added.map((values) => ({ values, offset: this.position }))].toSorted(
            (a, b) => keyOrder(schema, a.values, b.values),
          ),
        });
      }
      case 'update': {
        const { schema, rows } = this.#table(statement.table);
        const bound = bindUpdate(statement, schema, parameters);
        const passes = compilePredicate(bound.where);
        const change = compileAssignments(bound);
        const read = new Set(readAccess(schema, planAccess(bound), rows));
        return this.#write(statement.table.text, {
          schema,
          rows: rows.map((row) =>
            read.has(row) && passes(row.values)
              ? { values: change(row.values), offset: this.position }
              : row,
          ),
        });
      }
      case 'alter-table':
      case 'create-index':
      case 'drop-index':
      case 'create-projection':
      case 'drop-projection':
      case 'explain':
        throw new Error('arrays have neither definitions, indexes, projections nor plans');
      case 'delete':
      default: {
        const { schema, rows } = this.#table(statement.table);
        const bound = bindDelete(statement, schema, parameters);
        const passes = compilePredicate(bound.where);
        const read = new Set(readAccess(schema, planAccess(bound), rows));
        return this.#write(statement.table.text, {
          schema,
          rows: rows.filter((row) => !read.has(row) || !passes(row.values)),
        });
      }
    }
  }

  #table(name: Name, position: number = this.position): Table {
    const table = this.#history[position]?.get(name.text);
    if (table === undefined) throw unknownTable(name);
    return table;
  }

  #write(name: string, table: Table | null): JsonValue {
    const next = new Map(this.#history.at(-1));
    if (table === null) next.delete(name);
    else next.set(name, table);
    this.#history.push(next);
    return this.position;
  }
}

/** The error that a call throws; anything but a {@link QueryError} fails the test. */
export function errorOf(call: () => unknown): QueryError {
  try {
    call();
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The code that a call throws; anything but a {@link QueryError} fails the test. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof QueryError) return error.code;
    throw error;
  }
  return 'none';
}
