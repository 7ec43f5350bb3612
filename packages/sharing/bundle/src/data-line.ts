/**
 * Writes lines of data/<table>.ndjson: one RFC 8785 object a row, whose members are the columns, each a
 * value in the JSON of its type. They are read by canonical-value.ts.
 */

import { type ColumnType, type Value, valueToJson } from '@veritydb/types';

import { compareNames } from './entry-name.ts';

export interface DataColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** Columns in the order of their names, with the text that stands before each value. */
export function membersOf(
  columns: readonly DataColumn[],
): readonly { readonly index: number; readonly before: string }[] {
  return columns
    .map(({ name }, index) => ({ name, index }))
    .toSorted((a, b) => compareNames(a.name, b.name))
    .map(({ name, index }, place) => ({
      index,
      before: `${place === 0 ? '{' : ','}${JSON.stringify(name)}:`,
    }));
}

export class DataLineWriter {
  readonly #columns: readonly DataColumn[];
  readonly #members: ReturnType<typeof membersOf>;

  /** Requires columns of distinct names, and at least one. */
  constructor(columns: readonly DataColumn[]) {
    this.#columns = columns;
    this.#members = membersOf(columns);
  }

  /** The line, with the line feed that ends it. Requires a value of its type for each column. */
  format(values: readonly Value[]): string {
    let text = '';
    for (const { index, before } of this.#members) {
      const { type } = this.#columns[index] as DataColumn;
      text += before + JSON.stringify(valueToJson(type, values[index] as Value));
    }
    return `${text}}\n`;
  }
}
