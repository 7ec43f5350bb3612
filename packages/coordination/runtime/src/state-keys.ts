/** Ranges of keys of tables and indexes as people say them: values as text, of the first columns or of all. */

import type { KeyRange } from '@veritydb/merkle';
import { encodeKey, keyAfter } from '@veritydb/store';
import { type ColumnType, parseValue } from '@veritydb/types';

import { RuntimeError } from './error.ts';
import type { Snapshot } from './snapshot.ts';

/** Which keys: those with some first values, or those from some on and before others. */
export interface KeysAsked {
  readonly at?: readonly string[];
  readonly from?: readonly string[];
  readonly to?: readonly string[];
}

/**
 * The range of a table's keys, or of an index's by `table.index`.
 *
 * @throws {RuntimeError} ERR_RUNTIME_NO_ROOT for a name that there is not
 * @throws {TypesError} for a value that is none of its column's type
 */
export function keyRangeOf(snapshot: Snapshot, name: string, asked: KeysAsked): KeyRange {
  return rangeOfKeys(keyTypesOf(snapshot, name), asked);
}

/** The same by the types of the key's columns. */
export function rangeOfKeys(types: readonly ColumnType[], { at, from, to }: KeysAsked): KeyRange {
  const keyOf = (values: readonly string[]): Uint8Array => {
    if (values.length < 1 || values.length > types.length) throw valueCount(types.length);
    const used = types.slice(0, values.length);
    return encodeKey(
      used,
      used.map((type, index) => parseValue(type, values[index] as string)),
    );
  };
  if (at !== undefined) {
    const key = keyOf(at);
    const end = keyAfter(key);
    return end === undefined ? { from: key } : { from: key, to: end };
  }
  return {
    ...(from === undefined ? {} : { from: keyOf(from) }),
    ...(to === undefined ? {} : { to: keyOf(to) }),
  };
}

function keyTypesOf(snapshot: Snapshot, name: string): readonly ColumnType[] {
  const [tableName = '', indexName] = name.split('.');
  const table = snapshot.table(tableName);
  const index = table?.indexes.find((each) => each.name === indexName);
  if (table === undefined || (indexName !== undefined && index === undefined)) {
    throw new RuntimeError('expectation', 'ERR_RUNTIME_NO_ROOT', 'no such table or index', {
      hint: 'name a table, or an index as table.index',
    });
  }
  const places = [...(index?.columns ?? []), ...table.keyIndexes];
  return places.map((place) => table.definition.columns[place]?.type as ColumnType);
}

function valueCount(most: number): RuntimeError {
  return new RuntimeError(
    'format',
    'ERR_RUNTIME_NO_ROOT',
    `a key of 1 to ${most} values is expected`,
    { hint: 'give the values of the key’s columns in their order, of the first ones or of all' },
  );
}
