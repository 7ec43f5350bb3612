import type { ColumnDefinition, TableDefinition } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { type Finding, lintPolicy } from '../src/index.ts';
import { policyHead, policyOf } from './fixtures.ts';

const SAFE_HARBOR = policyHead.replace('profile: general', 'profile: hipaa-safe-harbor');

function column(name: string, changes: Partial<ColumnDefinition> = {}): ColumnDefinition {
  return { name, type: 'text', notNull: false, dataClass: null, ladder: null, ...changes };
}

function definition(...columns: ColumnDefinition[]): TableDefinition {
  const key = column('key', { notNull: true });
  return { name: 't', columns: [key, ...columns], primaryKey: ['key'], subject: null };
}

/** Findings on one column of a table about somebody. */
function lint(
  rule: string,
  profile = SAFE_HARBOR,
  declared?: ColumnDefinition,
): readonly Finding[] {
  const policy = policyOf(
    `  t:\n    columns:\n      key: { class: direct-id, use: drop }\n      ${rule}\n`,
    profile,
  );
  return lintPolicy(policy, declared === undefined ? [] : [definition(declared)]);
}

const codesOf = (findings: readonly Finding[]): string =>
  findings.map(({ code }) => code).join(' ');

describe('rules for every policy', () => {
  it.each([
    ['GEN-1', 'a: { use: keep }'],
    ['GEN-1', 'a: { use: drop }'],
    ['GEN-2', 'a: { class: free-text, use: keep }'],
    ['GEN-2', 'a: { class: free-text, use: truncate, length: 3 }'],
    ['GEN-2', 'a: { class: free-text, use: token }'],
    ['GEN-3', 'a: { class: direct-id, use: token, alg: sha256 }'],
    ['GEN-3', 'a: { class: direct-id, use: token, alg: HMAC-SHA256 }'],
    ['GEN-4', 'a: { class: direct-id, use: token, bits: 64 }'],
    ['GEN-4', 'a: { class: direct-id, use: token, bits: 256 }'],
    ['GEN-3 GEN-4', 'a: { class: direct-id, use: token, alg: md5, bits: 32 }'],
    ['', 'a: { class: direct-id, use: keep }'],
    ['', 'a: { class: direct-id, use: token, alg: hmac-sha256, bits: 128 }'],
    ['', 'a: { class: free-text, use: mask }'],
    ['', 'zip: { class: quasi-id, use: keep }'],
  ])('%s: %s', (codes, rule) => {
    expect(codesOf(lint(rule, policyHead))).toBe(codes);
  });
});

describe('rules of Safe Harbor', () => {
  it.each([
    // Identifiers, by class and by name.
    ['HSH-1', 'a: { class: direct-id, use: keep }'],
    ['HSH-1', 'ssn: { class: sensitive, use: keep }'],
    ['HSH-1', 'last_name: { class: quasi-id, use: keep }'],
    ['HSH-1', 'home_phone: { class: non-personal, use: keep }'],
    ['HSH-1', 'email: { class: sensitive, use: keep }'],
    ['HSH-1', 'ip_address: { class: sensitive, use: keep }'],
    ['HSH-1', 'medical_record_number: { class: sensitive, use: keep }'],
    ['', 'a: { class: direct-id, use: surrogate }'],
    ['', 'ssn: { class: direct-id, use: drop }'],
    ['', 'ssn: { class: direct-id, use: mask }'],
    // Derived codes: HMAC, initials, last four.
    ['HSH-2', 'a: { class: direct-id, use: token }'],
    ['HSH-2', 'a: { class: quasi-id, use: token }'],
    ['HSH-2', 'first: { class: quasi-id, use: truncate, length: 1 }'],
    ['HSH-2', 'a: { class: direct-id, use: truncate, length: 4 }'],
    ['HSH-2', 'a: { class: sensitive, use: deterministic }'],
    ['HSH-2', 'a: { class: sensitive, use: fpe, alphabet: digits }'],
    ['HSH-2', 'a: { class: chd, use: truncate-pan }'],
    ['HSH-2', 'ssn: { class: quasi-id, use: partial-mask, show: 4 }'],
    ['HSH-1', 'a: { class: free-text, use: detect-redact }'],
    ['HSH-1', 'a: { class: sensitive, use: ip-prefix }'],
    ['HSH-1', `email: { class: sensitive, use: encrypt, to: ${'A'.repeat(43)} }`],
    ['HSH-1', 'last_name: { class: quasi-id, use: hierarchy, groups: { Smiths: [Smith] } }'],
    // Dates.
    ['HSH-3', 'a: { class: sensitive, use: date-shift, span: P30D }'],
    ['HSH-3', 'start: { class: sensitive, use: date-part, part: quarter }'],
    ['HSH-3', `start: { class: sensitive, use: encrypt, to: ${'A'.repeat(43)} }`],
    ['HSH-3', "start: { class: sensitive, use: hierarchy, groups: { May: ['2020-05-05'] } }"],
    ['HSH-3', 'admission_date: { class: quasi-id, use: keep }'],
    ['HSH-3', 'visited_on: { class: quasi-id, use: date-part, part: month }'],
    ['HSH-3', 'start: { class: quasi-id, use: ladder, level: day }'],
    ['HSH-3', 'start: { class: non-personal, use: ladder, level: month }'],
    ['HSH-3', 'deathdate: { class: quasi-id, use: truncate, length: 7 }'],
    ['', 'deathdate: { class: quasi-id, use: truncate, length: 4 }'],
    ['', 'start: { class: quasi-id, use: ladder, level: year }'],
    ['', 'created_at: { class: quasi-id, use: date-part, part: year }'],
    // Ages, and years that tell them.
    ['HSH-4', 'a: { class: quasi-id, use: age, top: 91 }'],
    ['HSH-4', 'age: { class: quasi-id, use: keep }'],
    ['HSH-4', 'birthdate: { class: quasi-id, use: date-part, part: year }'],
    ['HSH-4', 'dob: { class: quasi-id, use: ladder, level: year }'],
    ['HSH-4', 'birth_date: { class: quasi-id, use: truncate, length: 4 }'],
    ['', 'a: { class: quasi-id, use: age, top: 90 }'],
    ['', 'age: { class: quasi-id, use: ladder, level: band10 }'],
    ['', 'birthdate: { class: quasi-id, use: date-part, part: year, ageOver89: aggregate }'],
    ['', 'dob: { class: quasi-id, use: age, top: 90 }'],
    ['HSH-4', 'age: { class: quasi-id, use: band, size: 10 }'],
    ['HSH-4', 'age: { class: quasi-id, use: round, to: 5 }'],
    ['', 'age: { class: quasi-id, use: band, size: 10, top: 90 }'],
    // Places.
    ['HSH-6', 'a: { class: quasi-id, use: geo-round, digits: 1 }'],
    ['HSH-5', "zip: { class: quasi-id, use: hierarchy, groups: { East: ['02155'] } }"],
    ['HSH-5', 'zip: { class: quasi-id, use: keep }'],
    ['HSH-5', 'zip_code: { class: quasi-id, use: truncate, length: 3 }'],
    ['HSH-5', 'postcode: { class: quasi-id, use: ladder, level: zip3 }'],
    ['HSH-5', 'zip: { class: quasi-id, use: surrogate }'],
    ['HSH-5', 'home_address: { class: quasi-id, use: keep }'],
    ['HSH-5', 'birthplace: { class: quasi-id, use: keep }'],
    ['', 'zip: { class: quasi-id, use: zip3 }'],
    ['', 'zip: { class: quasi-id, use: ladder, level: zip3-safe-harbor }'],
    ['', 'state: { class: quasi-id, use: keep }'],
    ['HSH-6', 'lat: { class: quasi-id, use: keep }'],
    ['HSH-6', 'birth_city: { class: quasi-id, use: keep }'],
    ['HSH-6', 'county: { class: quasi-id, use: surrogate }'],
    ['', 'county: { class: quasi-id, use: drop }'],
    ['', 'capacity: { class: sensitive, use: keep }'],
    // Several at once.
    ['HSH-3', 'birthdate: { class: quasi-id, use: keep }'],
    ['HSH-3 HSH-4', 'birthdate: { class: quasi-id, use: date-part, part: month }'],
  ])('%s: %s', (codes, rule) => {
    expect(codesOf(lint(rule))).toBe(codes);
  });

  it('go by what a table declares, whatever the names', () => {
    const visit = column('visit', { type: 'timestamp' });
    expect(codesOf(lint('visit: { class: sensitive, use: keep }', SAFE_HARBOR, visit))).toBe(
      'HSH-3',
    );
    const area = column('area', { ladder: 'us-zip-2020' });
    expect(codesOf(lint('area: { class: sensitive, use: keep }', SAFE_HARBOR, area))).toBe('HSH-5');
    const tag = column('tag', { dataClass: 'direct-id' });
    expect(codesOf(lint('tag: { class: direct-id, use: keep }', SAFE_HARBOR, tag))).toBe('HSH-1');
    const start = column('start', { type: 'integer' });
    expect(codesOf(lint('start: { class: sensitive, use: keep }', SAFE_HARBOR, start))).toBe('');
  });

  it('leave tables about nobody alone, unless one column is about somebody', () => {
    const about = (rule: string): string =>
      codesOf(
        lintPolicy(
          policyOf(
            `  t:\n    columns:\n      name: { class: non-personal, use: keep }\n      ${rule}\n`,
            SAFE_HARBOR,
          ),
        ),
      );
    expect(about('opened_at: { class: non-personal, use: keep }')).toBe('');
    expect(about('visitor: { class: sensitive, use: keep }')).toBe('HSH-1');
    const subject = `  t:\n    subject: name\n    columns:\n      name: { class: non-personal, use: keep }\n`;
    expect(codesOf(lintPolicy(policyOf(subject, SAFE_HARBOR)))).toBe('HSH-1');
    const rule = '  t: { columns: { a: { class: non-personal, use: token } } }\n';
    const mislabelled = policyOf(rule, SAFE_HARBOR);
    const declared = definition(column('a'));
    expect(codesOf(lintPolicy(mislabelled, [declared]))).toBe('');
    expect(codesOf(lintPolicy(mislabelled, [{ ...declared, subject: 'key' }]))).toBe('HSH-2');
    const classified = definition(column('a'), column('b', { dataClass: 'sensitive' }));
    expect(codesOf(lintPolicy(mislabelled, [classified]))).toBe('HSH-2');
  });
});

describe('a policy against its tables', () => {
  it('warns of what is not there', () => {
    const findings = lint('a: { class: sensitive, use: keep }', policyHead, column('b'));
    expect(findings).toMatchObject([{ code: 'TAB-1', severity: 'warning' }]);
    const policy = policyOf('  u: { columns: { a: { class: sensitive, use: keep } } }\n');
    expect(lintPolicy(policy, [definition()])).toMatchObject([
      { code: 'TAB-1', severity: 'warning', line: 12, column: 3 },
    ]);
  });

  it('refuses rules that do not fit, and another subject', () => {
    const number = column('a', { type: 'integer' });
    expect(codesOf(lint('a: { class: sensitive, use: zip3 }', policyHead, number))).toBe('TAB-2');
    const rule = 'a: { class: sensitive, use: ladder, level: year }';
    expect(codesOf(lint(rule, policyHead, number))).toBe('TAB-2');
    const policy = policyOf(
      '  t: { subject: a, columns: { a: { class: sensitive, use: keep } } }\n',
    );
    expect(codesOf(lintPolicy(policy, [definition(number)]))).toBe('TAB-2');
  });

  it('refuses another class than the table declares', () => {
    const secret = column('a', { dataClass: 'special-category' });
    const rule = 'a: { class: non-personal, use: keep }';
    expect(codesOf(lint(rule, policyHead, secret))).toBe('GEN-1');
    const text = column('a', { dataClass: 'free-text' });
    expect(codesOf(lint(rule, policyHead, text))).toBe('GEN-1 GEN-2');
  });
});

it('findings have a place, a severity, what is wrong and what to do', () => {
  expect(lint('ssn: { class: direct-id, use: keep }')).toStrictEqual([
    {
      code: 'HSH-1',
      severity: 'error',
      line: 15,
      column: 7,
      message: 't.ssn: one of the 18 identifiers leaves by keep',
      hint: 'Use drop, or surrogate where rows must be told apart.',
    },
  ]);
});
