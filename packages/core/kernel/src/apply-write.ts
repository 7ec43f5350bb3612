/** Writes of rows to user tables: types, NOT NULL, keys, and who saw the newest version. */

import { compileChecks } from '@veritydb/query';
import {
  CanonicalWriter,
  type Row,
  type TableSchema,
  type Value,
  isValueOf,
  writeValue,
} from '@veritydb/types';

import { definitionOf } from './catalogue.ts';
import type { RowWrite } from './command.ts';
import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import { USER_TABLE_ID_MIN } from './reserved.ts';
import type { KernelState, TableReader } from './state.ts';
import { checkUniques } from './unique.ts';

/** Most rows that one command may write: a command is one record, and a record is one write. */
export const ROWS_PER_COMMAND_MAX = 10_000;

/**
 * Checks every write and turns it into a change.
 *
 * @throws {KernelError} at the first write that is refused; none was made
 */
export function applyWrites(
  state: KernelState,
  writes: readonly RowWrite[],
  context: { readonly rows: TableReader },
): readonly RowChange[] {
  if (writes.length > ROWS_PER_COMMAND_MAX) {
    throw new KernelError(
      'format',
      'ERR_KERNEL_ROW',
      `${writes.length} rows in one command, more than ${ROWS_PER_COMMAND_MAX}`,
      { hint: 'write in smaller batches' },
    );
  }
  const touched: Touched | null = writes.length > 1 ? new Map() : null;
  const changes = writes.map((write) => {
    const table = definitionOf(state, write.table);
    if (table === undefined || state.tablesByName.get(table.definition.name) !== table) {
      if (isAltered(state, table)) throw altered(table);
      throw new KernelError('format', 'ERR_KERNEL_TABLE_UNKNOWN', 'no such table', {
        hint: 'check the name; the table may have been dropped',
      });
    }
    checkWritable(table);
    return applyWrite(table, write, touched, context.rows);
  });
  checkUniques(changes, context.rows);
  return changes;
}

function isAltered(state: KernelState, table: TableSchema | undefined): table is TableSchema {
  return table !== undefined && state.tablesByName.get(table.definition.name)?.id === table.id;
}

function altered({ definition }: TableSchema): KernelError {
  return new KernelError(
    'conflict',
    'ERR_KERNEL_TABLE_ALTERED',
    `table ${definition.name} was altered since its rows were made`,
    { hint: 'read its columns again and repeat the write' },
  );
}

/**
 * Keys that a command has touched already, and whether they stand: the reader shows only the state before
 * the command. One write alone needs none.
 */
type Touched = Map<string, boolean>;

/** @throws {KernelError} ERR_KERNEL_RESERVED for a table whose rows only the kernel's own commands write */
export function checkWritable(table: TableSchema): void {
  if (table.id >= USER_TABLE_ID_MIN) return;
  throw new KernelError('denied', 'ERR_KERNEL_RESERVED', 'the table belongs to the database', {
    hint: 'its rows change by commands of their own: tokens, policies, consents, exports',
  });
}

function applyWrite(
  table: TableSchema,
  write: RowWrite,
  touched: Touched | null,
  rows: TableReader,
): RowChange {
  if (write.event === 'delete') checkRow(table, write.values);
  else checkNewRow(table, write.values);
  const key = table.keyIndexes.map((index) => write.values[index] as Value);
  const name = touched === null ? '' : keyName(table, key);
  const earlier = touched?.get(name);
  if (write.event === 'insert') {
    if (earlier ?? rows.get(table, key) !== undefined) {
      throw keyExists(table);
    }
    touched?.set(name, true);
    return { table, event: 'insert', values: write.values, previous: null };
  }
  const stored = earlier === undefined ? rows.get(table, key) : undefined;
  if (stored?.offset !== write.expected) {
    throw new KernelError(
      'conflict',
      'ERR_KERNEL_ROW_MOVED',
      `a row of ${table.definition.name} has changed since it was read`,
      { hint: 'read it again and repeat the statement' },
    );
  }
  touched?.set(name, write.event === 'update');
  const previous =
    table.subjectIndex === null ? null : { offset: stored.offset, row: stored.rowIndex };
  if (write.event === 'update') return { table, event: 'update', values: write.values, previous };
  return {
    table,
    event: 'delete',
    previous,
    values: write.values.map((value, index) =>
      table.keyIndexes.includes(index) || index === table.subjectIndex ? value : null,
    ),
  };
}

/**
 * Checks a row by itself: types, NOT NULL, and the checks of its table.
 *
 * @throws {KernelError} ERR_KERNEL_ROW, ERR_KERNEL_NOT_NULL, ERR_KERNEL_CHECK
 */
export function checkNewRow(table: TableSchema, values: Row): void {
  checkRow(table, values);
  checkRules(table, values);
}

export function keyExists({ definition }: TableSchema): KernelError {
  return new KernelError(
    'conflict',
    'ERR_KERNEL_KEY_EXISTS',
    `a row of ${definition.name} has this primary key`,
    { hint: 'update the row, or insert under another key' },
  );
}

function checkRow(table: TableSchema, values: Row): void {
  const { columns, name } = table.definition;
  if (values.length !== columns.length) {
    throw new KernelError(
      'format',
      'ERR_KERNEL_ROW',
      `a row of ${name} has ${columns.length} values, not ${values.length}`,
    );
  }
  for (let index = 0; index < columns.length; index += 1) {
    const column = columns[index] as (typeof columns)[number];
    const value = values[index] as Value;
    if (value === null) {
      if (!column.notNull) continue;
      throw new KernelError('format', 'ERR_KERNEL_NOT_NULL', `${name}.${column.name} is null`, {
        hint: 'give it a value',
      });
    }
    if (!isValueOf(column.type, value)) {
      throw new KernelError(
        'format',
        'ERR_KERNEL_ROW',
        `${name}.${column.name} is no ${column.type}`,
        {
          hint: `give a value of type ${column.type} within its range`,
        },
      );
    }
  }
}

const checksOf = new WeakMap<TableSchema, ReturnType<typeof compileChecks>>();

function checkRules(table: TableSchema, values: Row): void {
  if (table.rules.checks.length === 0) return;
  let failing = checksOf.get(table);
  if (failing === undefined) {
    failing = compileChecks(table);
    checksOf.set(table, failing);
  }
  const name = failing(values);
  if (name === null) return;
  throw new KernelError(
    'format',
    'ERR_KERNEL_CHECK',
    `a row of ${table.definition.name} fails the check ${name}`,
    { hint: 'write values that the check allows' },
  );
}

const writer = new CanonicalWriter(256);

function keyName(table: TableSchema, key: Row): string {
  writer.reset().integer(table.id);
  for (const [position, index] of table.keyIndexes.entries()) {
    const column = table.definition.columns[index];
    if (column !== undefined) writeValue(writer, column.type, key[position] as Value);
  }
  let name = '';
  for (const byte of writer.view()) name += String.fromCharCode(byte);
  return name;
}
