/**
 * ALTER TABLE: another definition for the rows that come. Those that are there stay as they were written,
 * and are read as the table is from then on (`altered-schema.ts` in types).
 */

import { type Crypto, schemaDigest } from '@veritydb/crypto';
import { QueryError, compileChecks } from '@veritydb/query';
import {
  type ColumnDefinition,
  type JsonValue,
  type Row,
  type TableDefinition,
  type TableSchema,
  type Value,
  alterSchema,
  assert,
  canonicalJson,
  checkTableDefinition,
  formatTableDefinition,
  isValueOf,
  parseCanonicalJson,
  parseTableDefinition,
  toTableId,
  unreachable,
  valueFromJson,
  valueToJson,
} from '@veritydb/types';

import { refuseProjected } from './apply-projection.ts';
import { formatRules } from './apply-table.ts';
import { checkWritable } from './apply-write.ts';
import { unknownTable, withTable } from './catalogue.ts';
import type { Command, TableChange } from './command.ts';
import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import { insertInto, readNamed, updateIn } from './reserved-row.ts';
import type { KernelState, RowReader } from './state.ts';

/**
 * @throws {KernelError} ERR_KERNEL_TABLE_UNKNOWN, ERR_KERNEL_RESERVED, ERR_KERNEL_COLUMN_EXISTS,
 *   ERR_KERNEL_COLUMN_UNKNOWN, ERR_KERNEL_COLUMN_IN_USE, ERR_KERNEL_NOT_NULL, ERR_KERNEL_ROW,
 *   ERR_KERNEL_PROJECTED
 */
export function alterTable(
  state: KernelState,
  { table: name, change }: Extract<Command, { kind: 'alter-table' }>,
  context: { readonly crypto: Crypto; readonly rows: RowReader },
): readonly RowChange[] {
  const table = state.tablesByName.get(name);
  if (table === undefined) throw unknownTable();
  checkWritable(table);
  refuseProjected(state, table);
  const definition = changed(table, change);
  checkTableDefinition(definition);
  const added = change.kind === 'add-column' ? change.fallback : null;
  const digest = schemaDigest(context.crypto, definition);
  const next = alterSchema(table, { id: toTableId(state.nextTableId), definition, digest, added });
  const kept = change.kind === 'add-column' ? table.rules.defaults : null;
  const defaults = kept === null ? next.rules.defaults : [...kept, added];
  const rules = formatRules(definition, { ...next.rules, defaults });
  const made = insertInto(state, 'verity_definitions', {
    definition_id: BigInt(next.definitionId),
    table_id: BigInt(table.id),
    definition: formatTableDefinition(definition),
    added: change.kind === 'add-column' ? formatAdded(change.column, added) : null,
  });
  if (rules === formatRules(table.definition, table.rules)) return [made];
  const stored = readNamed(state, 'verity_rules', [BigInt(table.id)], context);
  if (stored !== undefined) return [made, updateIn(state, 'verity_rules', stored, { rules })];
  return [made, insertInto(state, 'verity_rules', { table_id: BigInt(table.id), rules })];
}

/** The definition after a change, unless what the table is for forbids it. */
function changed(table: TableSchema, change: TableChange): TableDefinition {
  const { definition } = table;
  switch (change.kind) {
    case 'add-column': {
      checkAdded(table, change.column, change.fallback);
      return { ...definition, columns: [...definition.columns, change.column] };
    }
    case 'drop-column': {
      checkDropped(table, change.column);
      const columns = definition.columns.filter(({ name }) => name !== change.column);
      return { ...definition, columns };
    }
    default:
      return unreachable(change);
  }
}

function checkAdded(
  { definition, earlier }: TableSchema,
  column: ColumnDefinition,
  value: Value,
): void {
  const has = ({ columns }: TableDefinition): boolean =>
    columns.some(({ name }) => name === column.name);
  if (has(definition)) {
    throw new KernelError(
      'conflict',
      'ERR_KERNEL_COLUMN_EXISTS',
      `${definition.name} has a column ${column.name}`,
      { hint: 'choose another name' },
    );
  }
  // Policies, tokens and exports name columns: they would mean another one.
  if (earlier.some(({ schema }) => has(schema.definition))) {
    throw new KernelError(
      'conflict',
      'ERR_KERNEL_COLUMN_EXISTS',
      `${definition.name} had a column ${column.name}, and names are not used again`,
      { hint: 'choose another name' },
    );
  }
  if (column.notNull && value === null) {
    throw new KernelError(
      'format',
      'ERR_KERNEL_NOT_NULL',
      `${definition.name}.${column.name} would be null in the rows that are there`,
      { hint: 'give it a DEFAULT, or leave NOT NULL out' },
    );
  }
  if (isValueOf(column.type, value)) return;
  throw new KernelError(
    'format',
    'ERR_KERNEL_ROW',
    `the default of ${definition.name}.${column.name} is no ${column.type}`,
    { hint: `give a value of type ${column.type} within its range` },
  );
}

function checkDropped(table: TableSchema, column: string): void {
  const { columns, name, primaryKey, subject } = table.definition;
  const place = columns.findIndex((each) => each.name === column);
  if (place < 0) {
    throw new KernelError(
      'format',
      'ERR_KERNEL_COLUMN_UNKNOWN',
      `${name} has no column ${column}`,
      { hint: 'check the name' },
    );
  }
  if (primaryKey.includes(column)) {
    throw inUse(table, column, 'part of its primary key', 'make another table with another key');
  }
  if (subject === column) {
    throw inUse(table, column, 'its data subject', 'erasure and consent stand on it: keep it');
  }
  const index = table.indexes.find((each) => each.columns.includes(place));
  if (index !== undefined) {
    throw inUse(table, column, `in the index ${index.name}`, `DROP INDEX ${index.name} first`);
  }
  const check = table.rules.checks.find((each) => names(table, each, column));
  if (check !== undefined) {
    throw inUse(
      table,
      column,
      `in the check ${check.name}`,
      'make another table without the check',
    );
  }
}

function inUse(
  { definition }: TableSchema,
  column: string,
  what: string,
  hint: string,
): KernelError {
  return new KernelError(
    'conflict',
    'ERR_KERNEL_COLUMN_IN_USE',
    `${definition.name}.${column} is ${what}`,
    { hint },
  );
}

/** Whether a check names a column: it does not fit the table without it. */
function names(
  table: TableSchema,
  check: TableSchema['rules']['checks'][number],
  column: string,
): boolean {
  const columns = table.definition.columns.filter(({ name }) => name !== column);
  const without = { ...table, definition: { ...table.definition, columns } };
  try {
    compileChecks({ ...without, rules: { ...table.rules, checks: [check] } });
    return false;
  } catch (error) {
    if (error instanceof QueryError) return true;
    throw error;
  }
}

/** The value that a new column reads in the rows that are there, as the catalogue keeps it. */
function formatAdded({ type }: ColumnDefinition, value: Value): string | null {
  return value === null ? null : canonicalJson([valueToJson(type, value)]);
}

function parseAdded({ columns }: TableDefinition, text: Value): Value {
  const column = columns.at(-1);
  assert(column !== undefined, 'a definition has no column');
  if (text === null) return null;
  const [value] = parseCanonicalJson(text as string) as readonly JsonValue[];
  assert(value !== undefined, 'an added value is missing');
  return valueFromJson(column.type, value);
}

/** Moves the state on by a row of `verity_definitions`: at a change, and when the store is opened. */
export function evolveDefinition(state: KernelState, values: Row, crypto: Crypto): KernelState {
  const [id, tableId, text, added] = values;
  const definitionId = toTableId(Number(id));
  const table = state.tablesById.get(toTableId(Number(tableId)));
  assert(table !== undefined, 'a definition of no table');
  const definition = parseTableDefinition(parseCanonicalJson(text as string));
  const next = alterSchema(table, {
    id: definitionId,
    definition,
    digest: schemaDigest(crypto, definition),
    added: parseAdded(definition, added ?? null),
  });
  return {
    ...withTable(state, next),
    definitions: new Map(state.definitions).set(definitionId, table.id),
    nextTableId: Math.max(state.nextTableId, definitionId + 1),
    schemaVersion: state.schemaVersion + 1,
  };
}
