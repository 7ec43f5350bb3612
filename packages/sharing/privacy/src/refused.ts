/** The two ways in which a rule says no. */

import type { ColumnDefinition } from '@veritydb/types';

import { PrivacyError } from './error.ts';

/** A value that cannot be transformed. Names the column, never the value. */
export function refused(column: ColumnDefinition, what: string): PrivacyError {
  return new PrivacyError('ERR_PRIVACY_VALUE', `column ${column.name} cannot leave: ${what}`, {
    hint: 'Correct the value with a later write, or drop the column in the policy.',
  });
}

/** A rule that does not fit its column. */
export function misfit(column: ColumnDefinition, what: string, hint: string): PrivacyError {
  return new PrivacyError('ERR_PRIVACY_RULE', `rule does not fit column ${column.name}: ${what}`, {
    hint,
  });
}
