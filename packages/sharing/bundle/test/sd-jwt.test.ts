/** Rows as SD-JWT: the vectors of RFC 9901, what a holder may leave out, and what nobody may change. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { type VerifierKey, verifierKeyOf, formatVerifierKey } from '@veritydb/merkle';
import { type JsonObject, encodeBase64Url, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BundleError } from '../src/error.ts';
import {
  type RowStatement,
  disclosureDigest,
  issueRow,
  parseDisclosure,
  rowOf,
  verifyRow,
} from '../src/sd-jwt.ts';
import { exportPatients } from './export-fixture.ts';

const SIGNER = { name: 'log.example/1', seed: new Uint8Array(32).fill(9) };
const KEY: VerifierKey = verifierKeyOf(nativeCrypto, SIGNER, 'note');
const VERIFIER_KEY = formatVerifierKey(nativeCrypto, KEY.name, KEY.publicKey);

function salts(): () => Uint8Array {
  let made = 0;
  return () => new Uint8Array(16).fill((made += 1));
}

const STATEMENT: RowStatement = {
  exportId: 'e1',
  issuedAt: 1_700_000_000,
  line: 2,
  manifestSha256: '00'.repeat(32),
  origin: 'log.example/1',
  row: { iss: 'a column of this name', zip: '100**', age: 41, known: true, note: null },
  table: 'patients',
};

function issue(row: JsonObject = STATEMENT.row): string {
  return issueRow(nativeCrypto, { ...STATEMENT, row }, { salt: salts(), signer: SIGNER });
}

function codeOf(text: string, key = VERIFIER_KEY): string {
  try {
    verifyRow(nativeCrypto, text, key);
    return 'taken';
  } catch (error) {
    if (error instanceof BundleError) return error.code;
    throw error;
  }
}

describe('disclosures', () => {
  // RFC 9901 §4.2.1 and §4.2.3.
  const mobius = 'WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0';

  it('are read and hashed as RFC 9901 shows', () => {
    expect(parseDisclosure(mobius)).toEqual({
      salt: '_26bc4LT-ac6q2KI6cBW5es',
      name: 'family_name',
      value: 'Möbius',
    });
    expect(disclosureDigest(nativeCrypto, mobius)).toBe(
      'X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0',
    );
  });

  it('of an element of a list (RFC 9901 §4.2.2), and any text, are refused', () => {
    expect(() => parseDisclosure('WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0')).toThrow(
      BundleError,
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => encodeBase64Url(utf8Encode(json))),
        ),
        (text) => {
          try {
            expect(parseDisclosure(text).salt).toBeTypeOf('string');
          } catch (error) {
            expect(error).toBeInstanceOf(BundleError);
          }
        },
      ),
    );
  });
});

describe('a row', () => {
  it('comes back with what it was issued with, and nothing in the open', () => {
    const text = issue();
    expect(verifyRow(nativeCrypto, text, VERIFIER_KEY)).toEqual(STATEMENT);
    const payload = JSON.parse(
      Buffer.from(text.split('.')[1] as string, 'base64url').toString(),
    ) as { row: { _sd: string[] } };
    expect(payload).toMatchObject({ _sd_alg: 'sha-256', iat: 1_700_000_000, iss: 'log.example/1' });
    expect(payload.row._sd).toHaveLength(5);
    expect(payload.row._sd).toEqual(payload.row._sd.toSorted());
  });

  it('is shown in any part', () => {
    const [jws, ...disclosures] = issue().split('~').slice(0, -1);
    fc.assert(
      fc.property(fc.subarray(disclosures), (shown) => {
        const text = [jws, ...shown, ''].join('~');
        const names = shown.map((each) => parseDisclosure(each).name);
        const { row } = verifyRow(nativeCrypto, text, VERIFIER_KEY);
        expect(Object.keys(row).toSorted()).toEqual(names.toSorted());
        for (const name of names) expect(row[name]).toEqual(STATEMENT.row[name]);
      }),
    );
  });

  it('counts with every bit of it', () => {
    const bytes = Buffer.from(issue({ zip: '100**' }));
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(codeOf(changed.toString('utf8')), `bit ${bit}`).not.toBe('taken');
    }
  });

  const [jws = '', first = ''] = issue().split('~');
  const [header = '', body = '', signature = ''] = jws.split('.');
  const none = encodeBase64Url(utf8Encode('{"alg":"none"}'));
  const foreign = encodeBase64Url(utf8Encode('["c2FsdA","zip","10001"]'));
  it.each([
    ['a value that was not signed', `${jws}~${foreign}~`, 'ERR_BUNDLE_COMMITMENT'],
    ['a value twice', `${jws}~${first}~${first}~`, 'ERR_BUNDLE_PROOF'],
    ['no end', `${jws}~${first}`, 'ERR_BUNDLE_PROOF'],
    ['a key binding', `${jws}~${first}~${jws}`, 'ERR_BUNDLE_PROOF'],
    ['another algorithm', `${none}.${body}.~`, 'ERR_BUNDLE_SIGNATURE'],
    ['a signature of nothing', `${header}.${body}.~`, 'ERR_BUNDLE_SIGNATURE'],
    ['four parts', `${header}.${body}.${signature}.~`, 'ERR_BUNDLE_PROOF'],
    ['nothing', '', 'ERR_BUNDLE_PROOF'],
  ])('with %s is refused', (_what, text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('is refused under another key, and of another kind', () => {
    const other = verifierKeyOf(nativeCrypto, { ...SIGNER, seed: new Uint8Array(32) }, 'note');
    const otherKey = formatVerifierKey(nativeCrypto, other.name, other.publicKey);
    expect(codeOf(issue(), otherKey)).toBe('ERR_BUNDLE_SIGNATURE');
    expect(codeOf(issue(), 'no key')).toBe('ERR_BUNDLE_KEY');
    const payload = encodeBase64Url(utf8Encode('{"iss":"log.example/1"}'));
    const signed = `${header}.${payload}`;
    const by = nativeCrypto.ed25519Sign(SIGNER.seed, utf8Encode(signed));
    expect(codeOf(`${signed}.${encodeBase64Url(by)}~`)).toBe('ERR_BUNDLE_PROOF');
  });

  it('of a column named as no claim may be is not issued', () => {
    expect(() => issue({ _sd: 1 })).toThrow(
      expect.objectContaining({ code: 'ERR_BUNDLE_CONTENT' }),
    );
  });
});

it('is taken from the data by its line, from 1', () => {
  const { content } = exportPatients();
  const table = content.manifest.tables[0] as { readonly name: string; readonly rows: number };
  const lines = Array.from({ length: table.rows }, (_, index) =>
    rowOf(content, table.name, index + 1),
  );
  expect(lines.every((row) => row !== null)).toBe(true);
  for (const line of [0, -1, table.rows + 1]) expect(rowOf(content, table.name, line)).toBeNull();
  expect(rowOf(content, 'no_table', 1)).toBeNull();
});
