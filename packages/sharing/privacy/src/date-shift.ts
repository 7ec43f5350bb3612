/**
 * Dates moved, all of a data subject by the same number of whole days: order and intervals are kept, the
 * days are not. The number is HMAC(key of tenant and domain, subject) mod (2 · span + 1) − span, so that
 * the same subject's dates move alike in every table of a domain.
 */

import type { Crypto } from '@veritydb/crypto';
import { type ColumnDefinition, type Value, isValueOf } from '@veritydb/types';

import { pseudonymMac } from './pseudonym.ts';
import { misfit, refused } from './refused.ts';
import type { DateShiftRule } from './rule.ts';

export const SPAN_DAYS_MAX = 3650;
const MICROSECONDS_PER_DAY = 86_400_000_000n;
/** Bytes of the MAC: 2^48 over 7,301 offsets leaves no bias that could be seen. */
const OFFSET_SIZE = 6;
/** Subjects whose offset is kept: rows of one subject often stand together. */
const OFFSETS_COUNT_MAX = 4096;

/** @throws {PrivacyError} ERR_PRIVACY_RULE */
export function spanDays(rule: DateShiftRule, column: ColumnDefinition): number {
  if (column.type !== 'date' && column.type !== 'timestamp') {
    throw misfit(column, 'date-shift takes a date or a timestamp', 'Use drop, or change its type.');
  }
  const days = Number(/^P([1-9][0-9]{0,3})D$/.exec(rule.span)?.[1] ?? 0);
  if (days < 1 || days > SPAN_DAYS_MAX) {
    throw misfit(column, `span is P1D to P${SPAN_DAYS_MAX}D`, 'Give days: P180D.');
  }
  return days;
}

/** Subject to days, the same for all columns of a domain. */
export function offsetsOf(
  crypto: Crypto,
  key: Uint8Array,
  subject: ColumnDefinition,
  span: number,
): (value: NonNullable<Value>) => number {
  const known = new Map<Value, number>();
  return (value) => {
    const found = known.get(value);
    if (found !== undefined) return found;
    const mac = pseudonymMac(crypto, key, subject.type, value);
    let drawn = 0;
    for (let index = 0; index < OFFSET_SIZE; index += 1)
      drawn = drawn * 256 + (mac[index] as number);
    const offset = (drawn % (2 * span + 1)) - span;
    if (typeof value !== 'object' && known.size < OFFSETS_COUNT_MAX) known.set(value, offset);
    return offset;
  };
}

/** A date or timestamp moved by whole days. */
export function moveDays(column: ColumnDefinition, value: Value, days: number): Value {
  const moved =
    column.type === 'date'
      ? (value as number) + days
      : (value as bigint) + BigInt(days) * MICROSECONDS_PER_DAY;
  if (!isValueOf(column.type, moved)) throw refused(column, 'moved, it is beyond the calendar');
  return moved;
}
