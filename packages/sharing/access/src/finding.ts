/** What the linter says of a policy. */

export const FINDING_CODES = [
  'GDPR-1',
  'GDPR-2',
  'GDPR-3',
  'GDPR-4',
  'GDPR-5',
  'GEN-1',
  'GEN-2',
  'GEN-3',
  'GEN-4',
  'GEN-5',
  'GEN-6',
  'GEN-7',
  'GEN-8',
  'HSH-1',
  'HSH-2',
  'HSH-3',
  'HSH-4',
  'HSH-5',
  'HSH-6',
  'LDS-1',
  'LDS-2',
  'P2-1',
  'P2-2',
  'P2-3',
  'PCI-1',
  'PCI-2',
  'PCI-3',
  'RES-1',
  'RES-2',
  'RES-3',
  'RES-4',
  'RES-5',
  'TAB-1',
  'TAB-2',
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

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
  /** An error, unless it says otherwise. */
  readonly severity?: Finding['severity'];
  readonly message: string;
  readonly hint: string;
}
