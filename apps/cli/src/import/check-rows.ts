/**
 * Every row of a file against its table, before the first one is sent: types, NOT NULL, and that no key
 * is there twice. A complaint names line, column and expected type, never the value.
 */

import {
  type TableDefinition,
  type Value,
  VerityError,
  parseValue,
  valueToJson,
} from '@veritydb/types';

import { CliError } from '../error.ts';
import type { CsvRow } from './csv.ts';
import { type ColumnMapping, valuesOf } from './mapping.ts';

/** Complaints that are told; the others are counted. */
const COMPLAINTS_COUNT_MAX = 20;

export class RowCheck {
  readonly #fileName: string;
  readonly #mappings: readonly ColumnMapping[];
  readonly #keyIndexes: readonly number[];
  /** First line of each key. Held for the whole file: a key that is there twice would stop the load midway. */
  readonly #lineOfKey = new Map<string, number>();
  readonly #complaints: string[] = [];
  #complaintCount = 0;
  #rowCount = 0;

  constructor(fileName: string, table: TableDefinition, mappings: readonly ColumnMapping[]) {
    this.#fileName = fileName;
    this.#mappings = mappings;
    const keys = table.primaryKey.map((key) =>
      mappings.findIndex(({ column }) => column.name === key),
    );
    const isNumbered = keys.some((index) => mappings[index]?.source === 'row-number');
    this.#keyIndexes = isNumbered ? [] : keys;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  see(row: CsvRow): void {
    this.#rowCount += 1;
    const texts = valuesOf(row, this.#rowCount, this.#mappings);
    const values = texts.map((text, index) =>
      this.#parse(row.line, text, (this.#mappings[index] as ColumnMapping).column),
    );
    this.#checkKey(row.line, values);
  }

  /** @throws {CliError} ERR_CLI_ROWS when any row was bad */
  finish(): void {
    if (this.#complaintCount === 0) return;
    const more = this.#complaintCount - this.#complaints.length;
    const lines = more === 0 ? this.#complaints : [...this.#complaints, `and ${more} more`];
    const message = `${this.#fileName} does not fit its table:\n  ${lines.join('\n  ')}`;
    throw new CliError('format', 'ERR_CLI_ROWS', message, {
      hint: 'Nothing was loaded. Correct the file or the schema, then run the import again.',
    });
  }

  /** The value, or undefined where it is bad. */
  #parse(line: number, text: string | null, column: ColumnMapping['column']): Value | undefined {
    if (text === null) {
      if (column.notNull) this.#complain(line, `column ${column.name}: a value is missing`);
      return column.notNull ? undefined : null;
    }
    try {
      return parseValue(column.type, text);
    } catch (error) {
      if (!(error instanceof VerityError)) throw error;
      this.#complain(line, `column ${column.name}: expected ${expectationOf(column.type)}`);
      return undefined;
    }
  }

  #checkKey(line: number, values: readonly (Value | undefined)[]): void {
    if (this.#keyIndexes.length === 0) return;
    const parts = [];
    for (const index of this.#keyIndexes) {
      const value = values[index];
      // Told already: a bad or missing value is not a key.
      if (value === undefined) return;
      parts.push(valueToJson((this.#mappings[index] as ColumnMapping).column.type, value));
    }
    const key = JSON.stringify(parts);
    const first = this.#lineOfKey.get(key);
    if (first === undefined) this.#lineOfKey.set(key, line);
    else this.#complain(line, `the key is that of line ${first}`);
  }

  #complain(line: number, what: string): void {
    this.#complaintCount += 1;
    if (this.#complaints.length < COMPLAINTS_COUNT_MAX) {
      this.#complaints.push(`${this.#fileName}:${line}: ${what}`);
    }
  }
}

function expectationOf(type: string): string {
  if (type === 'date') return 'date (YYYY-MM-DD)';
  if (type === 'timestamp') return 'timestamp (YYYY-MM-DDThh:mm:ssZ)';
  return type;
}
