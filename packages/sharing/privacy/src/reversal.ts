/**
 * The way back, for the controller who holds the tenant's key: from what left to the value. Only for
 * transforms that declare `reversible: key`; a token or a mask has no way back.
 */

import { openSiv } from '@veritydb/crypto';
import {
  CanonicalReader,
  type ColumnDefinition,
  type Value,
  VerityError,
  assert,
  decodeBase64Url,
  isValueOf,
  readValue,
  unreachable,
} from '@veritydb/types';

import { formatCipherOf, shiftOf, sivKeyOf } from './compile-keyed.ts';
import { moveDays } from './date-shift.ts';
import { PrivacyError } from './error.ts';
import type { DateShiftRule, DeterministicRule, FpeRule } from './rule.ts';
import type { RowContext, TransformContext } from './transform-context.ts';

export type ReversibleRule = DeterministicRule | FpeRule | DateShiftRule;

/**
 * Compiles the reversal of a rule. What it is given must be what the rule made of a value of this column,
 * in this table, for this domain.
 *
 * @returns a function that throws ERR_PRIVACY_VALUE for anything else, as far as that can be told:
 *   AES-SIV tells always, FF1 and shifted dates only where the form is wrong
 */
export function compileReversal(
  rule: ReversibleRule,
  column: ColumnDefinition,
  context: TransformContext,
): (value: Value, row?: RowContext) => Value {
  switch (rule.use) {
    case 'deterministic': {
      const key = sivKeyOf(rule, column, context);
      return (value) => (value === null ? null : openTyped(key, column, value));
    }
    case 'fpe': {
      const cipher = formatCipherOf(rule, column, context);
      return (value) => (typeof value === 'string' ? cipher.open(value) : null);
    }
    case 'date-shift': {
      const offset = shiftOf(rule, column, context);
      return (value, row) => {
        if (value === null) return null;
        if (!isValueOf(column.type, value)) throw notOurs(column);
        return moveDays(column, value, -offset(row ?? { missing: [] }));
      };
    }
    default:
      return unreachable(rule);
  }
}

// Attacker-controlled: text that somebody hands back.
function openTyped(key: Uint8Array, column: ColumnDefinition, sealed: Value): Value {
  if (typeof sealed !== 'string') throw notOurs(column);
  let typed: Uint8Array;
  try {
    typed = openSiv(key, [], decodeBase64Url(sealed));
  } catch (error) {
    if (!(error instanceof VerityError)) throw error;
    throw notOurs(column);
  }
  const reader = new CanonicalReader(typed);
  reader.array();
  assert(reader.text() === column.type, 'a sealed value is of another type than its column');
  return readValue(reader, column.type);
}

function notOurs(column: ColumnDefinition): PrivacyError {
  return new PrivacyError(
    'ERR_PRIVACY_VALUE',
    `it was not made of column ${column.name} for this domain`,
    { hint: 'Give the value as it left, and the recipient and purpose that it left for.' },
  );
}
