import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { nativeCrypto } from '@veritydb/crypto/native';
import { bytesToHex } from '@veritydb/types';
import * as fc from 'fast-check';
import { CompactSign, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';

import {
  type AccessError,
  type TokenExpectations,
  createSigningKey,
  issueToken,
  publicKeySet,
  verifyToken,
} from '../src/index.ts';
import { NOW, claims, detail, expectations, keys, seed, signingKey } from './fixtures.ts';

const token = await issueToken({ signingKey, claims: claims() });
const [HEADER, PAYLOAD, SIGNATURE] = token.split('.') as [string, string, string];
const header = { alg: 'EdDSA', typ: 'at+jwt', kid: signingKey.keyId };
const encode = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url');

/** Signs any header and payload with our key, as an attacker never could: what stands behind it is tried. */
function signed(headerText: string, payload: string | Uint8Array): string {
  const input = `${encode(headerText)}.${encode(payload)}`;
  return `${input}.${encode(nativeCrypto.ed25519Sign(seed, Buffer.from(input)))}`;
}

async function codeOf(text: string, changes: Partial<TokenExpectations> = {}): Promise<string> {
  try {
    await verifyToken(text, { ...expectations, ...changes });
    return 'taken';
  } catch (error) {
    const { code, kind, hint } = error as Partial<AccessError>;
    const told = kind === 'denied' && typeof hint === 'string';
    return told && code !== undefined
      ? code.replace('ERR_ACCESS_TOKEN_', '')
      : `not told: ${String(error)}`;
  }
}

describe('a token', () => {
  it('is verified, and says what it was issued with', async () => {
    const verified = await verifyToken(token, expectations);
    expect(verified).toMatchObject({ recipient: 'research-lab', tenant: 1, rowsMax: 100 });
  });

  it('is the same text each time', async () => {
    expect(await issueToken({ signingKey, claims: claims() })).toBe(token);
    expect(signed(JSON.stringify(header), Buffer.from(PAYLOAD, 'base64url'))).toBe(token);
  });

  it('is not issued with claims that would be refused, or too large', async () => {
    await expect(
      issueToken({ signingKey, claims: claims({ exp: NOW - 1 }) }),
    ).rejects.toMatchObject({ code: 'ERR_ACCESS_TOKEN_CLAIMS' });
    const names = Array.from({ length: 250 }, (_, index) => `a_rather_long_column_name_${index}`);
    const tables = { patients: names };
    await expect(
      issueToken({
        signingKey,
        claims: claims({ authorization_details: [{ ...detail, tables }] }),
      }),
    ).rejects.toMatchObject({ code: 'ERR_ACCESS_TOKEN_MALFORMED' });
  });

  it.each<[string, Partial<TokenExpectations>, string]>([
    ['another issuer', { issuer: 'https://other.example' }, 'ISSUER'],
    ['another audience', { audience: 'https://clinic.example/mcp/' }, 'AUDIENCE'],
    ['a shorter life', { lifetimeSecondsMax: 3599 }, 'LIFETIME'],
    ['its exact life', { lifetimeSecondsMax: 3600 }, 'taken'],
    ['5 seconds before', { nowSeconds: NOW - 5 }, 'taken'],
    ['6 seconds before', { nowSeconds: NOW - 6 }, 'NOT_YET'],
    ['its last second', { nowSeconds: NOW + 3600 + 4 }, 'taken'],
    ['5 seconds after', { nowSeconds: NOW + 3600 + 5 }, 'EXPIRED'],
    ['years later', { nowSeconds: NOW + 1e9 }, 'EXPIRED'],
    ['no keys', { keys: { keys: [] } }, 'KEY'],
    ['other keys', { keys: publicKeySet(nativeCrypto, [new Uint8Array(32)]) }, 'KEY'],
    ['more keys', { keys: publicKeySet(nativeCrypto, [new Uint8Array(32), seed]) }, 'taken'],
  ])('meets %s', async (_, changes, code) => {
    expect(await codeOf(token, changes)).toBe(code);
  });

  it('that begins later than it is issued waits', async () => {
    const later = await issueToken({ signingKey, claims: claims({ nbf: NOW + 600 }) });
    expect(await codeOf(later)).toBe('NOT_YET');
    expect(await codeOf(later, { nowSeconds: NOW + 600 })).toBe('taken');
  });
});

describe('attacks on the text', () => {
  const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const respelled = Array.from(last, (character) => token.slice(0, -1) + character).filter(
    (text) => text !== token,
  );

  it.each([
    ['empty', ''],
    ['dots', '..'],
    ['two parts', `${HEADER}.${PAYLOAD}`],
    ['no signature', `${HEADER}.${PAYLOAD}.`],
    ['four parts', `${token}.`],
    ['five parts (JWE)', `${token}.a.b`],
    ['space behind', `${token} `],
    ['space before', ` ${token}`],
    ['newline behind', `${token}\n`],
    ['newline in the signature', `${token.slice(0, -9)}\n${token.slice(-9)}`],
    ['NUL behind', `${token}\0`],
    ['padding', `${token}==`],
    ['padding of the header', `${HEADER}=.${PAYLOAD}.${SIGNATURE}`],
    ['standard alphabet', token.replaceAll('_', '/').replaceAll('-', '+').replace('.', './')],
    ['Bearer', `Bearer ${token}`],
    ['signature of 85', token.slice(0, -1)],
    ['signature of 87', `${token}A`],
    ['oversized', `${token}${'A'.repeat(4096)}`],
    ['oversized payload', `${HEADER}.${'A'.repeat(4000)}.${SIGNATURE}`],
    ['JSON serialisation', JSON.stringify({ protected: HEADER, payload: PAYLOAD })],
    ['byte-order mark', `\ufeff${token}`],
    ['full-width dots', token.replaceAll('.', '．')],
  ])('%s', async (_, text) => {
    expect(await codeOf(text)).toBe('MALFORMED');
  });

  it('no other spelling of the last character is taken', async () => {
    const codes = await Promise.all(respelled.map(async (text) => codeOf(text)));
    // 15 spell the same bytes; the 48 others spell another signature, of which 3 are canonical.
    expect(codes.filter((code) => code === 'MALFORMED')).toHaveLength(60);
    expect(codes.filter((code) => code === 'SIGNATURE')).toHaveLength(3);
  });

  it('no bit of it can be turned', async () => {
    const bytes = Buffer.from(token);
    const runs = fc.asyncProperty(
      fc.nat(bytes.length - 1),
      fc.integer({ min: 0, max: 6 }),
      async (at, bit) => {
        const turned = Buffer.from(bytes);
        turned[at] = (turned[at] as number) ^ (1 << bit);
        expect(await codeOf(turned.toString('latin1'))).toMatch(/^[A-Z_]+$/);
      },
    );
    await fc.assert(runs, { numRuns: 300 });
  });

  it('no text at all is met with anything but a code', async () => {
    const part = fc.string({ unit: fc.constantFrom(...Array.from(last)), maxLength: 90 });
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.tuple(part, part, part).map((parts) => parts.join('.')),
      fc.jsonValue().map((json) => signed(JSON.stringify(json), '{}')),
      fc.jsonValue().map((json) => signed(JSON.stringify(header), JSON.stringify(json))),
      fc.uint8Array().map((payload) => signed(JSON.stringify(header), payload)),
    );
    await fc.assert(
      fc.asyncProperty(text, async (input) => {
        expect(await codeOf(input)).toMatch(/^[A-Z_]+$/);
      }),
      { numRuns: 200 },
    );
  });
});

describe('attacks on the header', () => {
  const payload = Buffer.from(PAYLOAD, 'base64url');
  const [publicKey] = keys.keys;

  it.each<[string, string]>([
    ['alg none', JSON.stringify({ ...header, alg: 'none' })],
    ['alg None', JSON.stringify({ ...header, alg: 'None' })],
    ['alg HS256', JSON.stringify({ ...header, alg: 'HS256' })],
    ['alg Ed25519', JSON.stringify({ ...header, alg: 'Ed25519' })],
    ['alg eddsa', JSON.stringify({ ...header, alg: 'eddsa' })],
    ['alg as a list', JSON.stringify({ ...header, alg: ['EdDSA'] })],
    ['no alg', JSON.stringify({ typ: header.typ, kid: header.kid })],
    ['no kid', JSON.stringify({ alg: header.alg, typ: header.typ })],
    ['no typ', JSON.stringify({ alg: header.alg, kid: header.kid })],
    ['typ JWT', JSON.stringify({ ...header, typ: 'JWT' })],
    ['typ AT+JWT', JSON.stringify({ ...header, typ: 'AT+JWT' })],
    ['typ application/at+jwt', JSON.stringify({ ...header, typ: 'application/at+jwt' })],
    ['embedded jwk', JSON.stringify({ ...header, jwk: publicKey })],
    ['jku', JSON.stringify({ ...header, jku: 'https://evil.example/jwks.json' })],
    ['x5u', JSON.stringify({ ...header, x5u: 'https://evil.example/cert' })],
    ['x5c', JSON.stringify({ ...header, x5c: ['MIIB'] })],
    ['crit', JSON.stringify({ ...header, crit: ['exp'], exp: 1 })],
    ['crit empty', JSON.stringify({ ...header, crit: [] })],
    ['b64 without crit', JSON.stringify({ ...header, b64: true })],
    ['b64 false', JSON.stringify({ ...header, b64: false, crit: ['b64'] })],
    ['zip', JSON.stringify({ ...header, zip: 'DEF' })],
    ['cty', JSON.stringify({ ...header, cty: 'JWT' })],
    ['a list', '["EdDSA"]'],
    ['a text', '"EdDSA"'],
    ['null', 'null'],
    ['no JSON', '{alg:EdDSA}'],
    ['member twice', `{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"${header.kid}"}`],
    [
      'member twice, escaped',
      `{"\\u0061lg":"none","alg":"EdDSA","typ":"at+jwt","kid":"${header.kid}"}`,
    ],
    ['byte-order mark', `\ufeff${JSON.stringify(header)}`],
    ['__proto__', `{"__proto__":{"alg":"EdDSA"},"typ":"at+jwt","kid":"${header.kid}"}`],
  ])('%s', async (_, text) => {
    expect(await codeOf(signed(text, payload))).toBe('MALFORMED');
  });

  it.each<[string, unknown]>([
    ['of another key', publicKeySet(nativeCrypto, [new Uint8Array(32)]).keys[0]?.kid],
    ['as a path', '../../../../dev/null'],
    ['as a list', [header.kid]],
    ['null', null],
    ['empty', ''],
    ['__proto__', '__proto__'],
  ])('kid %s', async (_, kid) => {
    expect(await codeOf(signed(JSON.stringify({ ...header, kid }), payload))).toBe('KEY');
  });

  it('HS256 with the public key as its secret', async () => {
    const secret = Buffer.from(publicKey?.x as string, 'base64url');
    const forged = await new SignJWT({ ...claims() })
      .setProtectedHeader({ ...header, alg: 'HS256' })
      .sign(secret);
    expect(await codeOf(forged)).toBe('MALFORMED');
  });

  it('another key under our kid', async () => {
    const other = await createSigningKey(nativeCrypto, new Uint8Array(32).fill(9));
    const forged = await new CompactSign(payload).setProtectedHeader(header).sign(other.key);
    expect(await codeOf(forged)).toBe('SIGNATURE');
  });

  it('a signature over another header or payload', async () => {
    const other = await issueToken({ signingKey, claims: claims({ sub: 'somebody-else' }) });
    expect(await codeOf(`${HEADER}.${other.split('.')[1]}.${SIGNATURE}`)).toBe('SIGNATURE');
  });

  it('a signature with S + L (RFC 8032 §5.1.7), and one of zeros', async () => {
    const order = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n;
    const bytes = Buffer.from(SIGNATURE, 'base64url');
    const s = BigInt(`0x${bytesToHex(bytes.subarray(32).toReversed())}`) + order;
    const shifted = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').toReversed();
    const malleated = encode(Buffer.concat([bytes.subarray(0, 32), shifted]));
    expect(await codeOf(`${HEADER}.${PAYLOAD}.${malleated}`)).toBe('SIGNATURE');
    expect(await codeOf(`${HEADER}.${PAYLOAD}.${encode(Buffer.alloc(64))}`)).toBe('SIGNATURE');
  });
});

describe('claims under a good signature', () => {
  const text = JSON.stringify(claims());

  it.each<[string, string | Uint8Array, string]>([
    ['as they are', text, 'taken'],
    ['member twice', text.replace('{', '{"sub":"admin",'), 'MALFORMED'],
    ['member twice, deep', text.replace('"tenant":1', '"tenant":2,"tenant":1'), 'MALFORMED'],
    ['byte-order mark', `\ufeff${text}`, 'MALFORMED'],
    ['broken UTF-8', Buffer.from(text.replace('research-lab', 'lab\u00ff'), 'latin1'), 'MALFORMED'],
    ['lone surrogate', text.replace('research-lab', String.raw`lab\ud800`), 'MALFORMED'],
    ['a list', `[${text}]`, 'MALFORMED'],
    ['a number', '1', 'MALFORMED'],
    ['deep', `${'['.repeat(900)}${']'.repeat(900)}`, 'MALFORMED'],
    ['empty object', '{}', 'CLAIMS'],
    ['exp 1e300', text.replace(`"exp":${NOW + 3600}`, '"exp":1e300'), 'CLAIMS'],
    ['exp 1e999', text.replace(`"exp":${NOW + 3600}`, '"exp":1e999'), 'MALFORMED'],
    ['no exp', text.replace(`"exp":${NOW + 3600},`, ''), 'CLAIMS'],
    ['unknown member', text.replace('{', '{"act":{"sub":"x"},'), 'CLAIMS'],
    ['__proto__', text.replace('{', '{"__proto__":{},'), 'CLAIMS'],
  ])('%s', async (_, payload, code) => {
    expect(await codeOf(signed(JSON.stringify(header), payload))).toBe(code);
  });
});

const wycheproof = `${process.env['VERITYDB_SHARED'] ?? fileURLToPath(new URL('../../../../../shared', import.meta.url))}/vectors/wycheproof/json_web_signature_test.json`;
const present = existsSync(wycheproof);
if (!present) console.log('wycheproof JWS vectors are skipped: no shared folder');

describe.skipIf(!present)('wycheproof json_web_signature', () => {
  it('no JWS of another algorithm, key or spelling is a token', async () => {
    const { testGroups } = JSON.parse(readFileSync(wycheproof, 'utf8')) as {
      testGroups: { tests: { tcId: number; jws: unknown }[] }[];
    };
    const tests = testGroups.flatMap((group) => group.tests);
    expect(tests.length).toBeGreaterThan(300);
    for (const { jws } of tests) {
      const text = typeof jws === 'string' ? jws : JSON.stringify(jws);
      expect(await codeOf(text)).toBe('MALFORMED');
    }
  });
});
