import { createHash } from 'node:crypto';

import { nativeCrypto } from '@veritydb/crypto/native';
import { describe, expect, it } from 'vitest';

import { parsePolicy } from '../src/index.ts';
import { policyHead, policyOf } from './fixtures.ts';

const TABLES =
  '  patients: { columns: { id: { class: direct-id, use: surrogate, of: patient } } }\n';
const parse = (yaml: string): unknown => parsePolicy(nativeCrypto, yaml);

describe('a policy', () => {
  it('is typed, with the place of each rule', () => {
    const policy = policyOf(TABLES);
    expect(policy).toMatchObject({
      name: 'research',
      version: 3,
      owner: null,
      reviewed: null,
      profile: 'general',
      place: { line: 5, column: 1 },
      purposes: ['dpv:ScientificResearch'],
      legalBasis: null,
      tokenLifetimeSecondsMax: 3600,
      oneTime: false,
      keyDomain: '{recipient}',
      rowsMax: 50,
      notice: null,
    });
    expect(policy.tables.get('patients')).toStrictEqual({
      name: 'patients',
      subject: null,
      release: null,
      noise: null,
      rows: null,
      period: null,
      place: { line: 12, column: 3 },
      columns: new Map([
        [
          'id',
          {
            name: 'id',
            dataClass: 'direct-id',
            rule: { use: 'surrogate', of: 'patient' },
            place: { line: 12, column: 26 },
          },
        ],
      ]),
    });
  });

  it('has the hash of its canonical text, whatever its layout', () => {
    const policy = policyOf(TABLES);
    expect(policy.canonical.startsWith('{"apiVersion":"veritydb.dev/policy/v1","defaults":')).toBe(
      true,
    );
    expect(policy.sha256).toBe(createHash('sha256').update(policy.canonical).digest('hex'));
    expect(policy.sha256).toBe('1ad9b1d3f1a35dc71682eb59754e1c3611c41e56202c5af36da551c72bbfbda7');
    const again = policyOf(`# a comment\n${TABLES}`);
    expect(again.sha256).toBe(policy.sha256);
    expect(parsePolicy(nativeCrypto, policy.canonical).sha256).toBe(policy.sha256);
    expect(policyOf(TABLES.replace('surrogate', 'token')).sha256).not.toBe(policy.sha256);
  });

  it('takes everything that may be said', () => {
    const head = policyHead
      .replace('version: 3 }', 'version: 3, owner: Data office, reviewed: 2026-11-22 }')
      .replace('maxTtl: PT1H } }', 'maxTtl: PT1H }, oneTime: true }')
      .replace('maxRows: 50 }', 'maxRows: 50, formats: [ndjson], notice: Do not share. }')
      .replace('profile: general', 'profile: general\nlegalBasis: eu-gdpr:A6-1-a');
    const policy = policyOf(
      `  t:
    subject: a
    columns:
      a: { class: direct-id, use: keep }
      b: { class: sensitive, use: drop }
      c: { class: sensitive, use: 'null' }
      d: { class: quasi-id, use: ladder, level: year }
      e: { class: quasi-id, use: date-part, part: month, ageOver89: aggregate }
      f: { class: quasi-id, use: zip3, table: census-2020, otherwise: '000' }
      g: { class: quasi-id, use: age, top: 90 }
      h: { class: chd, use: truncate, length: 6 }
      i: { class: special-category, use: mask }
      j: { class: free-text, use: fixed, value: hidden }
      k: { class: direct-id, use: surrogate }
      l: { class: direct-id, use: token, of: key, alg: hmac-sha256, bits: 128 }
`,
      head,
    );
    expect(policy).toMatchObject({
      owner: 'Data office',
      reviewed: '2026-11-22',
      legalBasis: 'eu-gdpr:A6-1-a',
      oneTime: true,
      notice: 'Do not share.',
    });
    expect([...(policy.tables.get('t')?.columns.keys() ?? [])].join('')).toBe('abcdefghijkl');
  });

  it.each<[string, string, string, string, number]>([
    ['unknown member', 'profile: general', 'profile: general\nbypass: true', 'bypass', 6],
    ['unknown member below', 'version: 3 }', 'version: 3, by: x }', 'metadata.by', 4],
    ['another apiVersion', 'policy/v1', 'policy/v2', 'apiVersion', 2],
    ['unknown profile', 'profile: general', 'profile: hipaa', 'profile', 5],
    ['version 0', 'version: 3', 'version: 0', 'metadata.version', 4],
    ['version as text', 'version: 3', "version: '3'", 'metadata.version', 4],
    ['version too large', 'version: 3', 'version: 9007199254740993', 'metadata.version', 4],
    ['name with a space', 'name: research', 'name: Re search', 'metadata.name', 4],
    ['no purpose', '[dpv:ScientificResearch]', '[]', 'purpose', 6],
    ['purpose twice', '[dpv:ScientificResearch]', '[a, a]', 'purpose', 6],
    ['purpose *', '[dpv:ScientificResearch]', "['*']", 'purpose.0', 6],
    ['endless tokens', 'PT1H', 'P32D', 'requires.token.maxTtl', 7],
    ['tokens of no time', 'PT1H', 'PT0S', 'requires.token.maxTtl', 7],
    ['tokens of a month', 'PT1H', 'P1M', 'requires.token.maxTtl', 7],
    ['unlisted: keep', 'unlisted: drop', 'unlisted: keep', 'defaults.unlisted', 8],
    ['onError: skip', 'onError: raise', 'onError: skip', 'defaults.onError', 8],
    ['one domain for all', "'{recipient}'", 'clinic', 'keys.domain', 9],
    ['no rows', 'maxRows: 50', 'maxRows: 0', 'output.maxRows', 10],
    ['format', 'maxRows: 50', 'maxRows: 50, formats: [xlsx]', 'output.formats.0', 10],
  ])('refuses %s, with its place', (_, from, to, member, line) => {
    expect(policyHead).toContain(from);
    expect(() => policyOf(TABLES, policyHead.replace(from, to))).toThrow(
      expect.objectContaining({
        code: 'ERR_ACCESS_POLICY',
        message: expect.stringMatching(
          new RegExp(`^policy, line ${line}, column \\d+: ${member.replaceAll('.', '\\.')}: `),
        ) as string,
      }),
    );
  });

  it.each([
    ['no tables', '  {}'],
    ['no columns', '  t: { columns: {} }'],
    ['table *', "  '*': { columns: { a: { class: sensitive, use: keep } } }"],
    ['reserved table', '  verity_tokens: { columns: { a: { class: sensitive, use: keep } } }'],
    ['__proto__ as a table', '  __proto__: { columns: { a: { class: sensitive, use: keep } } }'],
    ['__proto__ as a column', '  t: { columns: { __proto__: { class: sensitive, use: keep } } }'],
    ['column in capitals', '  t: { columns: { SSN: { class: sensitive, use: keep } } }'],
    ['unknown class', '  t: { columns: { a: { class: secret, use: keep } } }'],
    ['no use', '  t: { columns: { a: { class: sensitive } } }'],
    ['unknown use', '  t: { columns: { a: { class: sensitive, use: hash } } }'],
    ['use as a list', '  t: { columns: { a: { class: sensitive, use: [keep] } } }'],
    ['NULL for null', '  t: { columns: { a: { class: sensitive, use: null } } }'],
    [
      'parameter of another',
      '  t: { columns: { a: { class: sensitive, use: keep, part: year } } }',
    ],
    ['missing parameter', '  t: { columns: { a: { class: sensitive, use: date-part } } }'],
    ['unquoted 000', '  t: { columns: { a: { class: sensitive, use: zip3, otherwise: 000 } } }'],
    [
      'another census',
      '  t: { columns: { a: { class: sensitive, use: zip3, table: census-2000 } } }',
    ],
    ['length 0', '  t: { columns: { a: { class: sensitive, use: truncate, length: 0 } } }'],
    ['top 0', '  t: { columns: { a: { class: sensitive, use: age, top: 0 } } }'],
    ['top with a fraction', '  t: { columns: { a: { class: sensitive, use: age, top: 89.5 } } }'],
    ['empty fixed', "  t: { columns: { a: { class: sensitive, use: fixed, value: '' } } }"],
    ['row filter', '  t: { rows: all, columns: { a: { class: sensitive, use: keep } } }'],
  ])('refuses %s', (_, tables) => {
    expect(() => policyOf(`${tables}\n`)).toThrow(
      expect.objectContaining({
        code: 'ERR_ACCESS_POLICY',
        message: expect.stringMatching(/^policy, line \d+, column \d+: /) as string,
      }),
    );
  });

  it.each(['[]', 'text', '1', 'null', '{}'])('is not %s', (yaml) => {
    expect(() => parse(yaml)).toThrow(expect.objectContaining({ code: 'ERR_ACCESS_POLICY' }));
  });
});
