/** What the linter says of a policy. */

export type FindingCode =
  | 'GEN-1'
  | 'GEN-2'
  | 'GEN-3'
  | 'GEN-4'
  | 'HSH-1'
  | 'HSH-2'
  | 'HSH-3'
  | 'HSH-4'
  | 'HSH-5'
  | 'HSH-6'
  | 'TAB-1'
  | 'TAB-2';

export interface Finding {
  readonly code: FindingCode;
  /** A policy with an error does not activate. */
  readonly severity: 'error' | 'warning';
  /** Place in the policy file, counted from 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string;
}

/** What a rule of the linter says of a column, before it has a place. */
export interface Remark {
  readonly code: FindingCode;
  readonly message: string;
  readonly hint: string;
}
