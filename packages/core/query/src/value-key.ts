/** A text for a value: the same for values that are equal, and for no others of its type. NULL is one. */

import {
  type ColumnType,
  type Decimal,
  type Value,
  assert,
  bytesToHex,
  formatDecimal,
} from '@veritydb/types';

export function valueKey(type: ColumnType, value: Value): string {
  if (value === null) return '';
  if (value instanceof Uint8Array) return `=${bytesToHex(value)}`;
  if (typeof value !== 'object') return `=${value}`;
  assert(type === 'decimal', 'an object that is no decimal');
  return `=${formatDecimal(withoutZeros(value))}`;
}

/** A value as the one that stands for all that are equal to it. */
export function plainValue(value: Value): Value {
  const isPlain = value === null || typeof value !== 'object' || value instanceof Uint8Array;
  return isPlain ? value : withoutZeros(value);
}

/** 1.50 is 1.5, and 0.0 is 0. */
function withoutZeros({ unscaled, scale }: Decimal): Decimal {
  let digits = unscaled;
  let left = scale;
  while (left > 0 && digits % 10n === 0n) {
    digits /= 10n;
    left -= 1;
  }
  return { unscaled: digits, scale: left };
}

/** The key of several values, in which none can pass for two. */
export function rowKey(types: readonly ColumnType[], values: readonly Value[]): string {
  if (types.length === 1) return valueKey(types[0] as ColumnType, values[0] as Value);
  return JSON.stringify(types.map((type, index) => valueKey(type, values[index] as Value)));
}
