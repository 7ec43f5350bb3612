/** The policies that ship: clean by their own law, and their cases hold. S243, S244, S245, S250. */

import { readFileSync, readdirSync } from 'node:fs';

import { nativeCrypto } from '@veritydb/crypto/native';
import { codeOf } from '@veritydb/testkit';
import { describe, expect, it } from 'vitest';

import { diffPolicies, lintPolicy, parsePolicy, testPolicy } from '../src/index.ts';

const FOLDER = new URL('../../../../policies/', import.meta.url);
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
const textOf = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');
const policyOf = (name: string) => parsePolicy(nativeCrypto, textOf(name));

describe('the policies that ship', () => {
  it('are these', () => {
    expect(names.map((name) => name.replace('.yaml', ''))).toEqual([
      'finance-aml-sharing',
      'gdpr-pseudonymised',
      'government-foi',
      'hipaa-limited-data-set',
      'hipaa-safe-harbor',
      'legal-hold-discovery',
      'llm-assistant',
      'pci-dss',
      'research-dp',
      'research-kanon',
      'research-statistics',
    ]);
    expect(readdirSync(new URL('tests/', FOLDER))).toEqual(names);
  });

  it.each(names)('%s has no finding, is named as its file, and its cases hold', (name) => {
    const policy = policyOf(name);
    expect(lintPolicy(policy)).toEqual([]);
    expect(`${policy.name}.yaml`).toBe(name);
    const results = testPolicy(nativeCrypto, policy, textOf(`tests/${name}`));
    expect(results.filter(({ problems }) => problems.length > 0)).toEqual([]);
    expect(results.length).toBeGreaterThan(0);
  });
});

describe('cases of a policy', () => {
  const policy = policyOf('pci-dss.yaml');
  const cases = textOf('tests/pci-dss.yaml');
  const problems = (from: string, to: string): readonly string[] => {
    expect(cases).toContain(from);
    return testPolicy(nativeCrypto, policy, cases.replace(from, to)).flatMap((one) => one.problems);
  };

  it('say what came out otherwise', () => {
    expect(problems('411111******1111', '4111****1111')).toEqual([
      'pan leaves as 411111******1111, not as 4111****1111',
    ]);
    expect(problems("amount: '10.50' }", 'cvv: 1 }')).toEqual([
      'cvv does not leave',
      'amount leaves as well',
    ]);
    expect(
      problems(
        "leaves: { id: p-1, customer: '{code}', pan: '411111******1111', amount: '10.50' }",
        'leaves: none',
      ),
    ).toEqual(['the row leaves']);
    expect(problems('customer: c-1\n', 'customer: null\n')).toEqual([
      'customer leaves as null, not as {code}',
    ]);
  });

  it('of another shape are refused', () => {
    for (const text of ['cases: []', 'date: 2026-11-22', cases.replace('decimal', 'money')]) {
      expect(codeOf(() => testPolicy(nativeCrypto, policy, text))).toBe('ERR_ACCESS_POLICY');
    }
  });
});

describe('the difference of two policies', () => {
  it('names members, and what begins to leave', () => {
    const before = policyOf('pci-dss.yaml');
    const text = textOf('pci-dss.yaml')
      .replace('version: 1', 'version: 2')
      .replace(
        'holder: { class: direct-id, use: drop }',
        'holder: { class: direct-id, use: token }',
      )
      .replace(
        'amount: { class: sensitive, use: keep }',
        "amount: { class: sensitive, use: 'null' }",
      );
    const after = parsePolicy(nativeCrypto, text);
    expect(diffPolicies(before, after)).toEqual({
      changes: [
        { path: 'metadata.version', before: '1', after: '2' },
        { path: 'tables.payments.columns.amount.use', before: '"keep"', after: '"null"' },
        { path: 'tables.payments.columns.holder.use', before: '"drop"', after: '"token"' },
      ],
      opened: ['payments.holder'],
      closed: ['payments.amount'],
    });
    expect(diffPolicies(before, before)).toEqual({ changes: [], opened: [], closed: [] });
  });
});
