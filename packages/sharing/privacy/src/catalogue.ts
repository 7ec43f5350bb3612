/** What each transform is worth: its declaration, for policies, linters, notices and documentation. */

import type { ColumnType } from '@veritydb/types';

import type { TransformName } from './rule.ts';

/**
 * Who can check a transformed field against the log.
 *
 * - `public`: anybody, by the field's own commitment or that of a ladder level.
 * - `recipient`: who holds the recipient's key.
 * - `auditor`: only who is given the controller's keys or vault.
 */
export type ProofClass = 'public' | 'recipient' | 'auditor';

/** The classes that the transforms of today give. */
export type FieldProof = Exclude<ProofClass, 'recipient'>;

/** What a WHERE, ORDER BY or aggregate may do with the transformed column. */
export type TransformOperations = 'all' | 'equality' | 'none';

export interface TransformDeclaration {
  readonly name: TransformName;
  /** Raised when the same input would give another output. */
  readonly version: number;
  /** By what the original can be had again. */
  readonly reversible: 'never' | 'vault' | 'key' | 'recipient';
  /** The same value always gives the same output, within one domain. */
  readonly deterministic: boolean;
  /** Equal values stay equal and different ones different, so that tables can be joined. */
  readonly joinable: boolean;
  /** The best class it gives: `public` needs a ladder on the column where there is a coarser value. */
  readonly proof: ProofClass;
  readonly operations: TransformOperations;
  /** Type of the output; `same` is the column's own. */
  readonly output: ColumnType | 'same';
}

type Terms = Omit<TransformDeclaration, 'name' | 'version'>;

function declare(name: TransformName, terms: Terms): TransformDeclaration {
  return { name, version: 1, ...terms };
}

/** Coarser, deterministic, lost for good. */
const COARSER: Terms = {
  reversible: 'never',
  deterministic: true,
  joinable: false,
  proof: 'auditor',
  operations: 'all',
  output: 'text',
};

/** Nothing of the value is left. */
const HIDDEN: Terms = { ...COARSER, operations: 'none' };

/** A code that stands for the value. */
const CODE: Terms = { ...COARSER, joinable: true, operations: 'equality' };

export const TRANSFORMS: Readonly<Record<TransformName, TransformDeclaration>> = {
  keep: declare('keep', { ...COARSER, joinable: true, proof: 'public', output: 'same' }),
  drop: declare('drop', { ...HIDDEN, output: 'same' }),
  null: declare('null', { ...HIDDEN, output: 'same' }),
  ladder: declare('ladder', { ...COARSER, proof: 'public' }),
  'date-part': declare('date-part', { ...COARSER, proof: 'public' }),
  zip3: declare('zip3', { ...COARSER, proof: 'public' }),
  age: declare('age', { ...COARSER, output: 'integer' }),
  truncate: declare('truncate', COARSER),
  mask: declare('mask', HIDDEN),
  fixed: declare('fixed', HIDDEN),
  surrogate: declare('surrogate', { ...CODE, reversible: 'vault' }),
  token: declare('token', CODE),
  'partial-mask': declare('partial-mask', HIDDEN),
  'truncate-pan': declare('truncate-pan', { ...COARSER, operations: 'equality' }),
  band: declare('band', COARSER),
  round: declare('round', { ...COARSER, output: 'same' }),
  'geo-round': declare('geo-round', { ...COARSER, output: 'same' }),
  hierarchy: declare('hierarchy', COARSER),
  'ip-prefix': declare('ip-prefix', COARSER),
  deterministic: declare('deterministic', { ...CODE, reversible: 'key' }),
  fpe: declare('fpe', { ...CODE, reversible: 'key' }),
  'date-shift': declare('date-shift', { ...COARSER, reversible: 'key', output: 'same' }),
  'detect-redact': declare('detect-redact', HIDDEN),
  encrypt: declare('encrypt', { ...HIDDEN, reversible: 'recipient', deterministic: false }),
};
