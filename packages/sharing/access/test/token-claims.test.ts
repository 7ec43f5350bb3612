import type { JsonValue } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { TOKEN_ACTIONS, formatScope } from '../src/index.ts';
import { checkTokenClaims, toVerifiedToken } from '../src/token-claims.ts';
import { NOW, claims, detail } from './fixtures.ts';

const check = (changes: Record<string, unknown>): unknown =>
  checkTokenClaims({ ...claims(), ...changes } as unknown as JsonValue);
const refused: unknown = expect.objectContaining({
  code: 'ERR_ACCESS_TOKEN_CLAIMS',
  kind: 'denied',
});
const withDetail = (changes: Record<string, unknown>): Record<string, unknown> => ({
  authorization_details: [{ ...detail, ...changes }],
});

describe('claims of a token', () => {
  it('become a grant in our words', () => {
    expect(toVerifiedToken(claims())).toStrictEqual({
      tokenId: 'AAECAwQFBgcICQoLDA0ODw',
      issuer: 'https://clinic.example',
      audience: 'https://clinic.example/mcp',
      recipient: 'research-lab',
      clientId: 'research-lab',
      issuedAtSeconds: NOW,
      notBeforeSeconds: NOW,
      expiresAtSeconds: NOW + 3600,
      actions: new Set(['schema', 'query']),
      tenant: 1,
      tables: new Map([['patients', '*']]),
      purpose: 'dpv:ScientificResearch',
      policyName: 'research',
      rowsMax: 100,
      exportsMax: null,
      queriesMax: null,
      rows: new Map(),
      period: { from: null, before: null },
      cut: { columns: new Map(), period: false },
      asOf: null,
      answers: 'rows',
      keyThumbprint: null,
    });
  });

  it.each<[string, Record<string, unknown>]>([
    ['unknown claim', { admin: true }],
    ['confirmation claim', { cnf: { jkt: 'x' } }],
    ['aud as a list', { aud: ['https://clinic.example/mcp'] }],
    ['empty aud', { aud: '' }],
    ['empty sub', { sub: '' }],
    ['sub with a control', { sub: 'lab\u0000' }],
    ['sub with a line break', { sub: 'lab\nx' }],
    ['sub with a bidi override', { sub: 'lab\u202e' }],
    ['long sub', { sub: 'x'.repeat(256) }],
    ['exp 1e300', { exp: 1e300 }],
    ['exp in the year 10000', { exp: 253_402_300_800 }],
    ['exp with a fraction', { exp: NOW + 0.5 }],
    ['exp as text', { exp: String(NOW + 60) }],
    ['exp null', { exp: null }],
    ['negative iat', { iat: -1 }],
    ['exp before iat', { exp: NOW - 1 }],
    ['nbf after exp', { nbf: NOW + 3601 }],
    ['jti as a list', { jti: ['AAECAwQFBgcICQoLDA0ODw'] }],
    ['short jti', { jti: 'short' }],
    ['long jti', { jti: 'x'.repeat(65) }],
    ['jti with a path', { jti: '../../../../etc/passwd' }],
    ['empty scope', { scope: '' }],
    ['scope *', { scope: '*' }],
    ['unknown scope', { scope: 'verity:query verity:admin' }],
    ['scope twice', { scope: 'verity:query verity:query' }],
    ['scope out of order', { scope: 'verity:query verity:schema' }],
    ['scope with two spaces', { scope: 'verity:schema  verity:query' }],
    ['scope with a space behind', { scope: 'verity:schema ' }],
    ['scope as a list', { scope: ['verity:query'] }],
    ['no details', { authorization_details: [] }],
    ['two details', { authorization_details: [detail, detail] }],
    ['details as an object', { authorization_details: detail }],
    ['unknown type', withDetail({ type: 'other' })],
    ['unknown member of the detail', withDetail({ actions: ['admin'] })],
    ['tenant 0', withDetail({ tenant: 0 })],
    ['tenant as text', withDetail({ tenant: '1' })],
    ['tenant as a list', withDetail({ tenant: [1] })],
    ['no tables', withDetail({ tables: {} })],
    ['tables *', withDetail({ tables: '*' })],
    ['table *', withDetail({ tables: { '*': '*' } })],
    ['reserved table', withDetail({ tables: { verity_tokens: '*' } })],
    ['table in capitals', withDetail({ tables: { Patients: '*' } })],
    ['no columns', withDetail({ tables: { patients: [] } })],
    ['column twice', withDetail({ tables: { patients: ['id', 'id'] } })],
    ['column * in a list', withDetail({ tables: { patients: ['*'] } })],
    ['columns as text', withDetail({ tables: { patients: 'id' } })],
    [
      '65 tables',
      withDetail({
        tables: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`t${index}`, '*'])),
      }),
    ],
    ['purpose with a space', withDetail({ purpose: 'any thing' })],
    ['policy with a member more', withDetail({ policy: { name: 'research', version: 1 } })],
    ['policy as text', withDetail({ policy: 'research' })],
    ['no limit', withDetail({ limits: {} })],
    ['max_rows 0', withDetail({ limits: { max_rows: 0 } })],
    ['max_rows null', withDetail({ limits: { max_rows: null } })],
    ['max_exports 0', withDetail({ limits: { max_rows: 1, max_exports: 0 } })],
    ['unknown limit', withDetail({ limits: { max_rows: 1, rpm: 5 } })],
  ])('are refused: %s', (_, changes) => {
    expect(() => check(changes)).toThrow(refused);
  });

  it('are refused when any is missing', () => {
    for (const name of Object.keys(claims())) {
      const rest = Object.fromEntries(Object.entries(claims()).filter(([other]) => other !== name));
      expect(() => checkTokenClaims(rest as JsonValue)).toThrow(refused);
    }
  });

  it('are refused with a member that a parser would lose', () => {
    const tables = JSON.parse('{"patients":"*","__proto__":["ssn"]}') as JsonValue;
    expect(() => check(withDetail({ tables }))).toThrow(refused);
    const json = JSON.parse(JSON.stringify(claims()).replace('{', '{"__proto__":1,')) as JsonValue;
    expect(() => checkTokenClaims(json)).toThrow(refused);
  });

  it('never meet JSON that they do not refuse by code', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        expect(() => checkTokenClaims(json as JsonValue)).toThrow(refused);
      }),
    );
  });

  it('have one spelling of each scope', () => {
    fc.assert(
      fc.property(fc.subarray([...TOKEN_ACTIONS], { minLength: 1 }), (actions) => {
        const scope = formatScope(actions.toReversed());
        expect(toVerifiedToken(claims({ scope })).actions).toStrictEqual(new Set(actions));
        expect(() => check({ scope })).not.toThrow();
      }),
    );
  });
});
