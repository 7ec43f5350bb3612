/** What a policy must say as a whole, by the law that it promises to keep; and columns side by side. */

import { unreachable } from '@veritydb/types';

import type { Remark } from './finding.ts';
import { HIDING } from './lint-general.ts';
import { DERIVED_CODES, isCard } from './lint-laws.ts';
import { lintNoise } from './lint-noise.ts';
import { lintReleaseTable } from './lint-release.ts';
import type { Policy, PolicyColumn } from './policy.ts';

const BREAK_GLASS_SECONDS_MAX = 4 * 3600;
/** The notice that must go with each disclosure, 42 CFR 2.32. */
const PART_2_NOTICE = /42 CFR part 2/i;

export function* lintWhole(policy: Policy): Generator<Remark> {
  const columns = [...policy.tables.values()].flatMap((table) =>
    Array.from(table.columns.values()),
  );
  yield* lintSubjects(policy);
  for (const table of policy.tables.values()) {
    yield* lintReleaseTable(policy, table);
    yield* lintNoise(policy, table);
  }
  if (policy.breakGlass && policy.tokenLifetimeSecondsMax > BREAK_GLASS_SECONDS_MAX) {
    yield {
      code: 'GEN-6',
      message: 'a token for an emergency lives longer than four hours',
      hint: 'Set requires.token.maxTtl to PT4H or less.',
    };
  }
  switch (policy.profile) {
    case 'hipaa-limited-data-set':
      yield* lintAgreement(policy);
      break;
    case 'gdpr-pseudonymisation':
      yield* lintGdpr(policy, columns);
      break;
    case 'pci-dss-4':
      yield* lintCards(columns);
      break;
    case '42-cfr-part-2':
      yield* lintPart2(policy);
      break;
    case 'research-release':
      yield* lintRelease(policy);
      break;
    case 'general':
    case 'hipaa-safe-harbor':
      break;
    default:
      unreachable(policy.profile);
  }
}

function* lintSubjects(policy: Policy): Generator<Remark> {
  const uses = new Set(
    [...policy.tables.values()].flatMap(({ subject, columns }) => {
      const use = subject === null ? undefined : columns.get(subject)?.rule.use;
      return use === undefined || HIDING.has(use) ? [] : [use];
    }),
  );
  if (uses.has('keep') && uses.size > 1) {
    yield {
      code: 'GEN-5',
      message: 'the data subject leaves as it is in one table and as a code in another',
      hint: 'Use the same code in all: rows that are joined would tell what each code stands for.',
    };
  }
  if (policy.consent === null) return;
  for (const { name, subject, columns } of policy.tables.values()) {
    const isPersonal = [...columns.values()].some(({ dataClass }) => dataClass !== 'non-personal');
    if (subject !== null || !isPersonal) continue;
    yield {
      code: 'GEN-7',
      message: `consent is demanded, and ${name} names no data subject`,
      hint: 'Name the column that says whom a row is about: without one no row leaves.',
    };
  }
}

function* lintAgreement({ recipients, notice }: Policy): Generator<Remark> {
  if (recipients !== null && notice !== null) return;
  yield {
    code: 'LDS-2',
    message: 'no recipients are named, or no terms accompany the data',
    hint: 'A limited data set needs a data use agreement (164.514(e)(4)): recipients and output.notice.',
  };
}

function* lintGdpr(policy: Policy, columns: readonly PolicyColumn[]): Generator<Remark> {
  const { consent, keyDomain, legalBasis, notice, retention } = policy;
  if (keyDomain === '{purpose}') {
    yield {
      code: 'GDPR-1',
      message: 'recipients of one purpose get the same pseudonyms',
      hint: 'Set keys.domain to {recipient}/{purpose}: a domain of its own for each (EDPB 01/2025).',
    };
  }
  const special = columns.some(
    ({ dataClass, rule }) => dataClass === 'special-category' && !HIDING.has(rule.use),
  );
  if (special && !(legalBasis ?? '').startsWith('eu-gdpr:A9-2-')) {
    yield {
      code: 'GDPR-2',
      message: 'special categories leave without a basis of Article 9(2)',
      hint: 'Name it as legalBasis, such as eu-gdpr:A9-2-j, or drop the columns.',
    };
  }
  if (retention === null || notice === null) {
    yield {
      code: 'GDPR-3',
      message: 'nothing says how long the data may be kept, or no notice goes with it',
      hint: 'Give retention, such as P90D, and output.notice (Articles 5(1)(e) and 13).',
    };
  }
  const byConsent = legalBasis === 'eu-gdpr:A6-1-a' || legalBasis === 'eu-gdpr:A9-2-a';
  if (byConsent && consent === null) {
    yield {
      code: 'GDPR-4',
      message: 'the basis is consent, and nobody’s consent is asked',
      hint: 'Set requires.consent to per-subject (Article 7(1)).',
    };
  }
}

function* lintCards(columns: readonly PolicyColumn[]): Generator<Remark> {
  const cards = columns.filter(isCard);
  const truncated = cards.some(({ rule }) => rule.use === 'truncate-pan');
  const derived = cards.some(({ rule }) => DERIVED_CODES.has(rule.use));
  if (!truncated || !derived) return;
  yield {
    code: 'PCI-2',
    message: 'a card number leaves truncated beside a code that is made of it',
    hint: 'Use one of both: together they give the number back (3.5.1.1). A surrogate is no such code.',
  };
}

function* lintPart2({ consent, notice, recipients }: Policy): Generator<Remark> {
  if (!PART_2_NOTICE.test(notice ?? '')) {
    yield {
      code: 'P2-1',
      message: 'the notice of 42 CFR 2.32 does not go with the data',
      hint: 'Set output.notice: 42 CFR part 2 prohibits unauthorized use or disclosure of these records.',
    };
  }
  if (consent === null) {
    yield {
      code: 'P2-2',
      message: 'nobody’s written consent is asked',
      hint: 'Set requires.consent to per-subject (2.31).',
    };
  }
  if (recipients === null) {
    yield {
      code: 'P2-3',
      message: 'no recipients are named',
      hint: 'Name them, as the consents do (2.31(a)(4)).',
    };
  }
}

function* lintRelease({ answers, tables }: Policy): Generator<Remark> {
  const columns = [...tables.values()].flatMap((table) =>
    table.release === null ? Array.from(table.columns.values()) : [],
  );
  const sensitive = columns.some(({ dataClass, rule }) => {
    const isSensitive = dataClass === 'sensitive' || dataClass === 'special-category';
    return isSensitive && !HIDING.has(rule.use);
  });
  if (answers === 'aggregate' || !sensitive) return;
  yield {
    code: 'RES-3',
    severity: 'warning',
    message: 'rows are released one by one, and no rule looks at how many are alike',
    hint: 'Release the table under a model (release), or set output.answers to aggregate.',
  };
}
