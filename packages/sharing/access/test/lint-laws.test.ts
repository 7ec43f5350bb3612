/** A failing fixture for each rule of a law, and the nearest policy that keeps it. */

import { readFileSync } from 'node:fs';

import { nativeCrypto } from '@veritydb/crypto/native';
import { expectCode } from '@veritydb/testkit';
import { describe, expect, it } from 'vitest';

import { FINDING_CODES, type Policy, lintPolicy, parsePolicy } from '../src/index.ts';
import { policyHead, policyOf } from './fixtures.ts';

/** A policy of a profile, with members more at its head, and one table of these columns. */
function policyWith(profile: string, members: string, columns: string, subject = 'id'): Policy {
  const [requires = '', output = '', ...rest] = members.split(' | ');
  const head = policyHead
    .replace('profile: general', `profile: ${profile}`)
    .replace(
      'token: { maxTtl: PT1H }',
      `token: { maxTtl: PT1H }${requires === '' ? '' : `, ${requires}`}`,
    )
    .replace('maxRows: 50', `maxRows: 50${output === '' ? '' : `, ${output}`}`);
  const subjectLine = subject === '' ? '' : `    subject: ${subject}\n`;
  const lines = columns.split('; ').map((each) => `      ${each}\n`);
  return policyOf(
    `  t:\n${subjectLine}    columns:\n${lines.join('')}`,
    head + rest.map((each) => `${each}\n`).join(''),
  );
}

function codesOf(policy: Policy): string {
  return [...new Set(lintPolicy(policy).map(({ code }) => code))].toSorted().join(' ');
}

const ID = 'id: { class: direct-id, use: surrogate }';
const GDPR_REST = 'retention: P90D';
const GDPR_OUT = 'notice: keep it apart';

describe('a limited data set (45 CFR 164.514(e))', () => {
  const good = ' | notice: under the agreement | recipients: [Northfield]';
  it.each([
    ['', good, 'city: { class: quasi-id, use: keep }'],
    ['', good, 'visited_on: { class: quasi-id, use: keep }'],
    ['', good, 'zip: { class: quasi-id, use: keep }'],
    ['LDS-1', good, 'email: { class: sensitive, use: keep }'],
    ['LDS-1', good, 'street: { class: quasi-id, use: keep }'],
    ['LDS-1', good, 'a: { class: direct-id, use: truncate, length: 4 }'],
    ['LDS-1', good, 'notes: { class: free-text, use: detect-redact }'],
    ['LDS-2', ' | notice: under the agreement', 'city: { class: quasi-id, use: keep }'],
    ['LDS-2', ' |  | recipients: [Northfield]', 'city: { class: quasi-id, use: keep }'],
  ])('%s: %s %s', (codes, members, column) => {
    expect(codesOf(policyWith('hipaa-limited-data-set', members, `${ID}; ${column}`))).toBe(codes);
  });
});

describe('pseudonymisation (GDPR, Article 4(5))', () => {
  const good = ` | ${GDPR_OUT} | ${GDPR_REST} | legalBasis: eu-gdpr:A6-1-f`;
  it.each([
    ['', good, 'visits: { class: sensitive, use: keep }'],
    ['GDPR-2', good, 'health: { class: special-category, use: keep }'],
    ['', good.replace('A6-1-f', 'A9-2-j'), 'health: { class: special-category, use: keep }'],
    ['', good, 'health: { class: special-category, use: drop }'],
    ['GDPR-3', ' | notice: n | legalBasis: eu-gdpr:A6-1-f', 'a: { class: sensitive, use: keep }'],
    [
      'GDPR-3',
      ' |  | retention: P90D | legalBasis: eu-gdpr:A6-1-f',
      'a: { class: sensitive, use: keep }',
    ],
    ['GDPR-4', good.replace('A6-1-f', 'A6-1-a'), 'a: { class: sensitive, use: keep }'],
    [
      '',
      `consent: per-subject${good.replace('A6-1-f', 'A6-1-a')}`,
      'a: { class: sensitive, use: keep }',
    ],
    ['GDPR-5', good, 'email: { class: sensitive, use: keep }'],
    ['GDPR-5', good, 'a: { class: direct-id, use: partial-mask, show: 4 }'],
    ['', good, 'email: { class: direct-id, use: deterministic }'],
  ])('%s: %s %s', (codes, members, column) => {
    expect(codesOf(policyWith('gdpr-pseudonymisation', members, `${ID}; ${column}`))).toBe(codes);
  });

  it('GDPR-1: one domain for all recipients of a purpose', () => {
    const { canonical } = policyWith('gdpr-pseudonymisation', good, ID);
    const shared = canonical.replace('"domain":"{recipient}"', '"domain":"{purpose}"');
    expect(codesOf(parsePolicy(nativeCrypto, shared))).toBe('GDPR-1');
  });
});

describe('card data (PCI DSS 4.0.1)', () => {
  it.each([
    ['', 'pan: { class: chd, use: truncate-pan }'],
    ['', 'pan: { class: chd, use: fpe, alphabet: digits }; token: { class: chd, use: token }'],
    ['', 'pan: { class: chd, use: truncate-pan }; card_number: { class: chd, use: surrogate }'],
    ['PCI-1', 'cvv: { class: sad, use: mask }'],
    ['PCI-1', 'track2: { class: sensitive, use: keep }'],
    ['', 'cvv: { class: sad, use: drop }'],
    ['PCI-2', 'pan: { class: chd, use: truncate-pan }; card_token: { class: chd, use: token }'],
    [
      'PCI-2',
      'pan: { class: chd, use: truncate-pan }; b: { class: chd, use: fpe, alphabet: digits }',
    ],
    ['PCI-2', 'pan: { class: chd, use: truncate-pan }; b: { class: chd, use: deterministic }'],
    ['PCI-3', 'pan: { class: chd, use: keep }'],
    ['PCI-3', 'pan: { class: chd, use: truncate, length: 6 }'],
    ['PCI-3', 'pan: { class: chd, use: partial-mask, show: 4 }'],
    ['PCI-3', 'card_number: { class: sensitive, use: keep }'],
  ])('%s: %s', (codes, columns) => {
    expect(codesOf(policyWith('pci-dss-4', '', columns, ''))).toBe(codes);
  });
});

describe('substance use disorder records (42 CFR Part 2)', () => {
  const notice = 'notice: 42 CFR part 2 prohibits unauthorized use or disclosure of these records';
  it.each([
    ['', `consent: per-subject | ${notice} | recipients: [Northfield]`],
    ['P2-1', 'consent: per-subject | notice: confidential | recipients: [Northfield]'],
    ['P2-2', ` | ${notice} | recipients: [Northfield]`],
    ['P2-3', `consent: per-subject | ${notice}`],
  ])('%s: %s', (codes, members) => {
    expect(codesOf(policyWith('42-cfr-part-2', members, ID))).toBe(codes);
  });
});

describe('a release for research', () => {
  it.each([
    ['', '', 'sex: { class: quasi-id, use: hierarchy, groups: { any: [F, M] } }'],
    ['RES-1', '', 'name: { class: quasi-id, use: truncate, length: 1 }'],
    ['RES-1', '', 'a: { class: direct-id, use: token }'],
    ['RES-1', '', 'notes: { class: free-text, use: detect-redact }'],
    ['RES-2', '', `born: { class: quasi-id, use: encrypt, to: ${'A'.repeat(43)} }`],
    ['RES-2', '', 'sex: { class: quasi-id, use: keep }'],
    ['RES-2', '', 'sex: { class: quasi-id, use: surrogate }'],
    ['RES-3', '', 'diagnosis: { class: sensitive, use: keep }'],
    ['', ' | answers: aggregate', 'diagnosis: { class: sensitive, use: keep }'],
  ])('%s: %s %s', (codes, members, column) => {
    expect(codesOf(policyWith('research-release', members, `${ID}; ${column}`))).toBe(codes);
  });
});

describe('a table under a release model', () => {
  const SEX = 'sex: { class: quasi-id, use: keep }';
  const MODEL = "k: 11, suppressionLimit: '0.05', written: quasi-id";
  const released = (model: string, columns: string, output = ''): Policy =>
    policyOf(
      `  t: { subject: id, release: { ${model} }, columns: { ${columns.replaceAll(';', ',')} } }\n`,
      policyHead.replace('maxRows: 50', `maxRows: 50${output}`),
    );
  const DROP = 'id: { class: direct-id, use: drop }';
  const DIAGNOSIS = 'diagnosis: { class: sensitive, use: keep }';
  const DIVERSE = 'sensitive: diagnosis, diversity: { kind: distinct, l: 2 }';
  it.each([
    ['', `${MODEL}, levels: { sex: [{ use: mask }] }`, `${DROP}; ${SEX}`],
    ['', `${MODEL}, ${DIVERSE}, levels: {}`, `${DROP}; ${SEX}; ${DIAGNOSIS}`],
    ['RES-5', `${MODEL.replace('quasi-id', 'public')}, levels: {}`, `${DROP}; ${SEX}`],
    // A code in the place of a value, a code for each row, and free text tell rows apart.
    ['RES-4', `${MODEL}, levels: { sex: [{ use: token }] }`, `${DROP}; ${SEX}`],
    ['RES-4', `${MODEL}, levels: {}`, `id: { class: direct-id, use: surrogate }; ${SEX}`],
    ['RES-4', `${MODEL}, levels: {}`, DROP],
    ['RES-4', `${MODEL}, levels: { diagnosis: [{ use: mask }] }`, `${DROP}; ${SEX}; ${DIAGNOSIS}`],
    ['RES-4', `${MODEL}, sensitive: diagnosis, levels: {}`, `${DROP}; ${SEX}; ${DIAGNOSIS}`],
    ['RES-4', `${MODEL}, closeness: { t: '0.2' }, levels: {}`, `${DROP}; ${SEX}; ${DIAGNOSIS}`],
    ['RES-4', `${MODEL}, ${DIVERSE.replace('diagnosis', 'sex')}, levels: {}`, `${DROP}; ${SEX}`],
  ])('%s: %s %s', (codes, model, columns) => {
    expect(codesOf(released(model, columns))).toBe(codes);
  });

  it('RES-4: statistics of what is released, and more levels than are searched', () => {
    const model = `${MODEL}, levels: {}`;
    expect(codesOf(released(model, `${DROP}; ${SEX}`, ', answers: aggregate'))).toBe('RES-4');
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const columns = names.map((name) => `${name}: { class: quasi-id, use: keep }`).join('; ');
    const masks =
      '[{ use: mask }, { use: mask }, { use: mask }, { use: mask }, { use: mask }, { use: mask }]';
    const levels = names.map((name) => `${name}: ${masks}`).join(', ');
    expect(codesOf(released(`${MODEL}, levels: { ${levels} }`, `${DROP}; ${columns}`))).toBe(
      'RES-4',
    );
  });

  it('is refused where its numbers are none', () => {
    for (const wrong of ["'1.5'", "'-0.1'", '0.05']) {
      const model = MODEL.replace("'0.05'", wrong);
      expectCode(() => released(`${model}, levels: {}`, `${DROP}; ${SEX}`), 'ERR_ACCESS_POLICY');
    }
    const classed = 'levels: { sex: [{ class: sensitive, use: mask }] }';
    expectCode(() => released(`${MODEL}, ${classed}`, `${DROP}; ${SEX}`), 'ERR_ACCESS_POLICY');
  });
});

describe('statistics with noise', () => {
  const COLUMNS = 'id: { class: direct-id, use: drop }; sex: { class: quasi-id, use: keep }';
  const noisy = (
    terms: string,
    output = ', answers: aggregate',
    subject = 'subject: id, ',
  ): Policy =>
    policyOf(
      `  t: { ${subject}statistics: { model: dp, ${terms} }, columns: { ${COLUMNS.replaceAll(';', ',')} } }\n`,
      policyHead.replace('maxRows: 50', `maxRows: 50${output}`),
    );
  const TERMS = "budget: '0.5', cost: '0.02', rowsPerSubject: 1";
  it('GEN-8: hide somebody, and can be told', () => {
    expect(codesOf(noisy(`${TERMS}, domains: { sex: [F, M] }`))).toBe('');
    expect(codesOf(noisy(`${TERMS}, bounds: { sex: { lower: 0, upper: '1.5' } }`))).toBe('');
    const wrong: readonly Policy[] = [
      noisy(TERMS, ''),
      noisy(TERMS, ', answers: aggregate', ''),
      noisy("budget: '0.01', cost: '0.02', rowsPerSubject: 1"),
      noisy("budget: '0.0', cost: '0.0', rowsPerSubject: 1"),
      noisy("budget: 11, cost: '0.02', rowsPerSubject: 1"),
      noisy(`${TERMS}, bounds: { sex: { lower: 2, upper: 1 } }`),
      noisy(`${TERMS}, bounds: { id: { lower: 0, upper: 1 } }`),
      noisy(`${TERMS}, domains: { other: [F, M] }`),
    ];
    expect(wrong.map(codesOf)).toEqual(wrong.map(() => 'GEN-8'));
  });

  it('are refused where a number is none', () => {
    for (const terms of [
      TERMS.replace("'0.02'", "'-1'"),
      TERMS.replace('rowsPerSubject: 1', 'rowsPerSubject: 0'),
      TERMS.replace("'0.5'", "'0.0000000001'"),
      `${TERMS}, delta: '0.5'`,
      `${TERMS}, domains: { sex: [F, F] }`,
      TERMS.replace('budget', 'epsilon'),
    ]) {
      expectCode(() => noisy(terms), 'ERR_ACCESS_POLICY');
    }
  });
});

describe('every policy', () => {
  it('GEN-5: a data subject as it is here, and as a code there', () => {
    const tables = (use: string): string =>
      `  t: { subject: id, columns: { id: { class: direct-id, use: token, of: p } } }\n` +
      `  u: { subject: person, columns: { person: { class: direct-id, ${use} } } }\n`;
    expect(codesOf(policyOf(tables('use: keep')))).toBe('GEN-5');
    expect(codesOf(policyOf(tables('use: token, of: p')))).toBe('');
    expect(codesOf(policyOf(tables('use: drop')))).toBe('');
  });

  it('GEN-6: an emergency that lasts', () => {
    const policy = (ttl: string): Policy =>
      policyOf(
        `  t: { subject: id, columns: { ${ID} } }\n`,
        policyHead.replace(
          'token: { maxTtl: PT1H }',
          `token: { maxTtl: ${ttl} }, breakGlass: true`,
        ),
      );
    expect(codesOf(policy('PT4H'))).toBe('');
    expect(codesOf(policy('PT5H'))).toBe('GEN-6');
  });

  it('GEN-7: consent of nobody in particular', () => {
    const column = 'a: { class: sensitive, use: keep }';
    expect(codesOf(policyWith('general', 'consent: per-subject', column, ''))).toBe('GEN-7');
    expect(
      codesOf(
        policyWith('general', 'consent: per-subject', 'a: { class: non-personal, use: keep }', ''),
      ),
    ).toBe('');
    expect(codesOf(policyWith('general', '', column, ''))).toBe('');
  });
});

it('every code of the linter has a fixture here or beside', () => {
  const here = ['lint-laws.test.ts', 'lint.test.ts'].map((name) =>
    readFileSync(new URL(name, import.meta.url), 'utf8'),
  );
  for (const code of FINDING_CODES)
    expect(here.join(''), code).toMatch(new RegExp(`'${code}|'${code}'|${code}:`));
});
