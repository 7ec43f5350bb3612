/**
 * A line of data/<table>.ndjson: one RFC 8785 object whose members are the columns, each a value in the
 * JSON of its type. As the members are known and every value is a scalar, the one right spelling is
 * written from the values and compared, which refuses duplicates, other orders and other spellings.
 */

import {
  type ColumnType,
  type JsonValue,
  type Value,
  isJsonObject,
  utf8Decode,
  valueFromJson,
  valueToJson,
} from '@veritydb/types';

import { compareNames } from './entry-name.ts';
import { BundleError } from './error.ts';

export interface DataColumn {
  readonly name: string;
  readonly type: ColumnType;
}

export class DataLineCodec {
  readonly #columns: readonly DataColumn[];
  /** Columns in the order of their names, with the text that stands before each value. */
  readonly #members: readonly { readonly index: number; readonly before: string }[];

  /** Requires columns of distinct names, and at least one. */
  constructor(columns: readonly DataColumn[]) {
    this.#columns = columns;
    this.#members = columns
      .map(({ name }, index) => ({ name, index }))
      .toSorted((a, b) => compareNames(a.name, b.name))
      .map(({ name, index }, place) => ({
        index,
        before: `${place === 0 ? '{' : ','}${JSON.stringify(name)}:`,
      }));
  }

  /** The line, with the line feed that ends it. Requires a value of its type for each column. */
  format(values: readonly Value[]): string {
    const json = this.#columns.map(({ type }, index) => valueToJson(type, values[index] as Value));
    return `${this.#write(json)}\n`;
  }

  #write(json: readonly JsonValue[]): string {
    let text = '';
    for (const { index, before } of this.#members) text += before + JSON.stringify(json[index]);
    return `${text}}`;
  }

  /**
   * Values of a line, in the order of the columns. The line comes without its line feed.
   *
   * @throws {BundleError} ERR_BUNDLE_LINE
   */
  parse(line: Uint8Array): readonly Value[] {
    // Attacker-controlled: any bytes.
    let text: string;
    let object: JsonValue;
    try {
      text = utf8Decode(line);
      object = JSON.parse(text) as JsonValue;
    } catch {
      throw new BundleError('ERR_BUNDLE_LINE', 'the line is not JSON in UTF-8');
    }
    if (!isJsonObject(object)) throw new BundleError('ERR_BUNDLE_LINE', 'the line is no object');
    const json: JsonValue[] = [];
    const values: Value[] = [];
    for (const { name, type } of this.#columns) {
      const member = Object.hasOwn(object, name) ? object[name] : undefined;
      if (member === undefined) throw new BundleError('ERR_BUNDLE_LINE', `${name} is missing`);
      try {
        values.push(valueFromJson(type, member));
      } catch {
        throw new BundleError('ERR_BUNDLE_LINE', `${name} holds no value of type ${type}`);
      }
      json.push(member);
    }
    if (this.#write(json) !== text) {
      throw new BundleError('ERR_BUNDLE_LINE', 'the line is not in its one canonical spelling');
    }
    return values;
  }
}
