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
import { type ColumnMapping, valuesOf } from './mapping.ts';
import type { Source, SourceRow } from './source.ts';

/** Complaints that are told; the others are counted. */
const COMPLAINTS_COUNT_MAX = 20;

/** A row that does not fit: where it stands, and why. Never what stands there. */
export interface Reject {
  readonly place: string;
  readonly reason: string;
}

/** Where each key of a table was seen first, over all files: one there twice would stop the load midway. */
export type SeenKeys = Map<string, string>;

export class RowCheck {
  readonly #placeOf: Source['placeOf'];
  readonly #mappings: readonly ColumnMapping[];
  readonly #keyIndexes: readonly number[];
  readonly #seen: SeenKeys;
  readonly rejects: Reject[] = [];
  #rowCount = 0;

  constructor(
    placeOf: Source['placeOf'],
    table: TableDefinition,
    mappings: readonly ColumnMapping[],
    seen: SeenKeys,
  ) {
    this.#placeOf = placeOf;
    this.#mappings = mappings;
    this.#seen = seen;
    const keys = table.primaryKey.map((key) =>
      mappings.findIndex(({ column }) => column.name === key),
    );
    const isNumbered = keys.some((index) => mappings[index]?.source === 'row-number');
    this.#keyIndexes = isNumbered ? [] : keys;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  see(row: SourceRow): void {
    this.#rowCount += 1;
    const texts = valuesOf(row, this.#rowCount, this.#mappings);
    const values = texts.map((text, index) =>
      this.#parse(row.line, text, (this.#mappings[index] as ColumnMapping).column),
    );
    this.#checkKey(row.line, values);
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
    const first = this.#seen.get(key);
    if (first === undefined) this.#seen.set(key, this.#placeOf(line));
    else this.#complain(line, `the key is that of ${first}`);
  }

  #complain(line: number, reason: string): void {
    this.rejects.push({ place: this.#placeOf(line), reason });
  }
}

/** @throws {CliError} ERR_CLI_ROWS when any row was bad */
export function assertNoRejects(rejects: readonly Reject[], file: string | null): void {
  if (rejects.length === 0) return;
  const told = rejects.slice(0, COMPLAINTS_COUNT_MAX);
  const lines = told.map(({ place, reason }) => `${place}: ${reason}`);
  const more = rejects.length - told.length;
  if (more > 0) lines.push(`and ${more} more`);
  const all =
    file === null ? 'All of them go into a file with --rejects FILE.' : `All are in ${file}.`;
  throw new CliError(
    'format',
    'ERR_CLI_ROWS',
    `rows do not fit their table:\n  ${lines.join('\n  ')}`,
    {
      hint: `Nothing was loaded. ${all} Correct the file or the schema, then run the import again.`,
    },
  );
}

function expectationOf(type: string): string {
  if (type === 'date') return 'date (YYYY-MM-DD)';
  if (type === 'timestamp') return 'timestamp (YYYY-MM-DDThh:mm:ssZ)';
  return type;
}
