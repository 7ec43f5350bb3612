/**
 * What laws and standards ask of each column that leaves, by the profile that a policy promises.
 *
 * LDS-*: limited data set, 45 CFR 164.514(e)(2). GDPR-*: Regulation (EU) 2016/679, Articles 4(5), 5, 7, 9,
 * and EDPB guidelines 01/2025. PCI-*: PCI DSS 4.0.1, 3.3.1, 3.5.1 and 3.5.1.1. P2-*: 42 CFR Part 2.
 * RES-*: a release to the public, where nobody answers for what is done with it.
 */

import type { TransformName } from '@veritydb/privacy';
import type { ColumnDefinition, DataClass } from '@veritydb/types';

import type { Remark } from './finding.ts';
import { HIDING } from './lint-general.ts';
import { IDENTIFIERS, STREETS } from './lint-safe-harbor.ts';
import type { PolicyProfile } from './policy-schema.ts';
import type { PolicyColumn } from './policy.ts';

/** A code in the place of a value. */
export const CODES: ReadonlySet<TransformName> = new Set<TransformName>([
  'surrogate',
  'token',
  'deterministic',
  'fpe',
]);
/** Codes that are made of the value: of a card number they complete its truncation. */
export const DERIVED_CODES: ReadonlySet<TransformName> = new Set<TransformName>([
  'token',
  'deterministic',
  'fpe',
]);
/** A value that is still one. */
const PLAIN: ReadonlySet<TransformName> = new Set<TransformName>(['keep', 'date-shift', 'encrypt']);

/** PCI DSS 3.3.1: sensitive authentication data, by name. */
const AUTHENTICATION = /(^|_)(cvv2?|cvc2?|cav2?|cid|pin|pin_?block|track[12]?|magstripe)(_|$)/;
const CARDS = /(^|_)(pan|card_?(number|no)|cc_?(number|num))(_|$)/;

interface Linted {
  readonly column: PolicyColumn;
  readonly classes: ReadonlySet<DataClass>;
}

/** Remarks on a column under the profile of its policy. */
export function* lintLaws(
  profile: PolicyProfile,
  column: PolicyColumn,
  declared: ColumnDefinition | undefined,
): Generator<Remark> {
  const classes = new Set(
    [column.dataClass, declared?.dataClass ?? null].flatMap((one) => one ?? []),
  );
  const linted = { column, classes };
  if (profile === 'pci-dss-4') yield* lintCard(linted);
  if (HIDING.has(column.rule.use)) return;
  if (profile === 'hipaa-limited-data-set') yield* lintLimited(linted);
  if (profile === 'gdpr-pseudonymisation') yield* lintPseudonymised(linted);
  if (profile === 'research-release') yield* lintRelease(linted);
}

/** Whether a column holds card numbers, by class or by name. */
export function isCard({ dataClass, name }: PolicyColumn): boolean {
  return dataClass === 'chd' || CARDS.test(name);
}

function* lintLimited({ column, classes }: Linted): Generator<Remark> {
  const { name, rule } = column;
  const identifier = classes.has('direct-id') || IDENTIFIERS.test(name) || STREETS.test(name);
  // What is not found in free text leaves: a probability is no removal.
  if ((identifier && !CODES.has(rule.use)) || rule.use === 'detect-redact') {
    yield {
      code: 'LDS-1',
      message: `one of the 16 direct identifiers leaves by ${rule.use}`,
      hint: 'Use drop, or surrogate where rows must be told apart (164.514(e)(2)).',
    };
  }
}

function* lintPseudonymised({ column, classes }: Linted): Generator<Remark> {
  const { rule, name } = column;
  const identifier = classes.has('direct-id') || IDENTIFIERS.test(name);
  if (identifier && !CODES.has(rule.use) && rule.use !== 'encrypt') {
    yield {
      code: 'GDPR-5',
      message: `an identifier leaves by ${rule.use}`,
      hint: 'Use token, deterministic, surrogate, encrypt or drop (Article 4(5)).',
    };
  }
}

function* lintCard({ column, classes }: Linted): Generator<Remark> {
  const { name, rule } = column;
  if ((classes.has('sad') || AUTHENTICATION.test(name)) && rule.use !== 'drop') {
    yield {
      code: 'PCI-1',
      message: `authentication data leaves by ${rule.use}`,
      hint: 'It must not be kept after authorization (3.3.1): use drop, and delete it.',
    };
  }
  const allowed =
    HIDING.has(rule.use) ||
    CODES.has(rule.use) ||
    rule.use === 'truncate-pan' ||
    rule.use === 'encrypt';
  if ((classes.has('chd') || CARDS.test(name)) && !allowed) {
    yield {
      code: 'PCI-3',
      message: `a card number leaves by ${rule.use}`,
      hint: 'Use truncate-pan, or a code, or drop: no other cut of it is allowed (3.5.1).',
    };
  }
}

function* lintRelease({ column, classes }: Linted): Generator<Remark> {
  const { name, rule } = column;
  const identifier = classes.has('direct-id') || IDENTIFIERS.test(name);
  if ((identifier && rule.use !== 'surrogate') || rule.use === 'detect-redact') {
    yield {
      code: 'RES-1',
      message: `an identifier is released by ${rule.use}`,
      hint: 'Use drop, or surrogate where rows must be told apart.',
    };
  }
  if (classes.has('quasi-id') && (PLAIN.has(rule.use) || CODES.has(rule.use))) {
    yield {
      code: 'RES-2',
      message: `what people can be found by is released by ${rule.use}`,
      hint: 'Make it coarser: band, hierarchy, ladder, date-part, zip3, round, or drop.',
    };
  }
}
