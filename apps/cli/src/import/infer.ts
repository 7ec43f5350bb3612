/**
 * Types of columns from all of their values: the narrowest type that every value has.
 *
 * Numbers with leading zeros are codes (ZIP, account), and stay text: a number would lose the zeros.
 */

import {
  type ColumnDefinition,
  type ColumnType,
  type TableDefinition,
  checkTableDefinition,
  parseValue,
} from '@veritydb/types';

import { CliError } from '../error.ts';

/** Name of the key that is made where a file has none. */
export const ROW_NUMBER_COLUMN = 'row_id';

/** In the order of preference; text, which takes everything, is what is left when all have failed. */
const CANDIDATES = [
  'uuid',
  'date',
  'timestamp',
  'boolean',
  'integer',
  'bigint',
  'decimal',
] as const satisfies readonly ColumnType[];

const WHOLE = /^(?:0|-?[1-9][0-9]*)$/;

const SHAPES: Readonly<Record<(typeof CANDIDATES)[number], RegExp>> = {
  uuid: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  date: /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/,
  timestamp: /Z$/,
  boolean: /^(?:true|false)$/,
  integer: WHOLE,
  bigint: WHOLE,
  decimal: /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/,
};

/**
 * What one column may still be. The first value leaves one type, or integer, bigint and decimal, each of
 * which holds all values of the one before: so that the first of the list speaks for the others.
 */
class ColumnGuess {
  #candidates: readonly (typeof CANDIDATES)[number][] | null = null;

  see(text: string): void {
    const [first] = this.#candidates ?? [];
    if (first !== undefined && isOfType(first, text)) return;
    this.#candidates = (this.#candidates ?? CANDIDATES).filter((type) => isOfType(type, text));
  }

  get type(): ColumnType {
    return this.#candidates?.[0] ?? 'text';
  }
}

function isOfType(type: (typeof CANDIDATES)[number], text: string): boolean {
  if (!SHAPES[type].test(text)) return false;
  try {
    parseValue(type, text);
    return true;
  } catch {
    return false;
  }
}

/** Watches all rows of a file and says what table they would make. */
export class TableGuess {
  readonly #columns: readonly string[];
  readonly #guesses: readonly ColumnGuess[];
  readonly #keyIndex: number;
  /** Values of the key's column; null when it cannot be a key, for a value is missing or there twice. */
  #keys: Set<string> | null;

  constructor(columns: readonly string[]) {
    this.#columns = columns;
    this.#guesses = columns.map(() => new ColumnGuess());
    const idIndex = columns.indexOf('id');
    this.#keyIndex = idIndex === -1 ? columns.indexOf(ROW_NUMBER_COLUMN) : idIndex;
    this.#keys = this.#keyIndex === -1 ? null : new Set();
  }

  see(fields: readonly (string | null)[]): void {
    for (const [index, text] of fields.entries()) {
      if (text !== null) (this.#guesses[index] as ColumnGuess).see(text);
    }
    if (this.#keys === null) return;
    const key = fields[this.#keyIndex] ?? null;
    if (key === null || this.#keys.has(key)) this.#keys = null;
    else this.#keys.add(key);
  }

  /**
   * The table: keyed by a unique `id`, or else by a number for each row.
   *
   * @throws {CliError} ERR_CLI_SCHEMA when no table can be made of it
   */
  definition(name: string): TableDefinition {
    const key = this.#keys === null ? null : (this.#columns[this.#keyIndex] as string);
    const columns: ColumnDefinition[] = this.#columns.map((column, index) => ({
      name: column,
      type: (this.#guesses[index] as ColumnGuess).type,
      notNull: column === key,
      dataClass: null,
      ladder: null,
    }));
    if (key === null) {
      const rowNumber = { name: ROW_NUMBER_COLUMN, type: 'integer', notNull: true } as const;
      columns.unshift({ ...rowNumber, dataClass: null, ladder: null });
    }
    const definition = {
      name,
      columns,
      primaryKey: [key ?? ROW_NUMBER_COLUMN],
      subject: null,
    };
    try {
      checkTableDefinition(definition);
    } catch (error) {
      const reason = error instanceof Error ? error.message : '';
      throw new CliError(
        'format',
        'ERR_CLI_SCHEMA',
        `no table can be made for ${name}: ${reason}`,
        {
          hint: 'Declare the table in a file of CREATE TABLE statements, and name it with --schema.',
        },
      );
    }
    return definition;
  }
}

/** The statement that creates a table without classes, ladders or subject: what inference makes. */
export function formatCreateTable(definition: TableDefinition): string {
  const columns = definition.columns.map(
    ({ name, type, notNull }) => `"${name}" ${type.toUpperCase()}${notNull ? ' NOT NULL' : ''}`,
  );
  const key = definition.primaryKey.map((name) => `"${name}"`).join(', ');
  return `CREATE TABLE "${definition.name}" (${[...columns, `PRIMARY KEY (${key})`].join(', ')})`;
}
