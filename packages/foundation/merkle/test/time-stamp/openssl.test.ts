/** Against `openssl ts`: it reads our requests, we take its answers, and of damaged ones both say no. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { buildTimeStampRequest, parseCertificates, verifyTimeStamp } from '@veritydb/merkle';
import {
  type TimeStampAuthority,
  codeOf,
  createTimeStampAuthority,
  requireOpenssl,
} from '@veritydb/testkit';
import { bytesToHex, utf8Encode } from '@veritydb/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const stamped = utf8Encode('a signed checkpoint\n');
const nonce = Uint8Array.of(0, 0x9a, 1, 2, 3, 4, 5, 6, 7);
const keys: readonly (readonly string[])[] = [
  ['-newkey', 'rsa:2048'],
  ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
];

// S206: what an authority of openssl attests is taken, and nothing else.
describe.runIf(requireOpenssl('time stamps against openssl')).each(keys)('%s %s', (...newKey) => {
  let folder: string;
  let authority: TimeStampAuthority;
  let response: Uint8Array;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'verity-tsa-'));
    authority = createTimeStampAuthority(folder, newKey);
    response = authority.reply(buildTimeStampRequest(nativeCrypto, stamped, nonce));
    writeFileSync(join(folder, 'data'), stamped);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function opensslTakes(bytes: Uint8Array): boolean {
    writeFileSync(join(folder, 'changed.tsr'), bytes);
    const roots = ['-CAfile', authority.rootFile];
    return authority.run('ts', '-verify', '-queryfile', 'query.tsq', '-in', 'changed.tsr', ...roots)
      .ok;
  }

  function weTake(bytes: Uint8Array): string {
    const roots = parseCertificates(authority.rootPem);
    return codeOf(() => verifyTimeStamp(nativeCrypto, { stamped, nonce, response: bytes }, roots));
  }

  test('openssl reads our request, and would write the same but for its parameters', () => {
    const { output } = authority.run('ts', '-query', '-in', 'query.tsq', '-text');
    expect(output).toContain('Hash Algorithm: sha256');
    expect(output).toContain('Nonce: 0x9A01020304050607');
    expect(output).toContain('Certificate required: yes');
    const options = ['-sha256', '-no_nonce', '-cert', '-out', 'theirs.tsq'];
    authority.run('ts', '-query', '-data', 'data', ...options);
    const imprint = bytesToHex(nativeCrypto.sha256(stamped));
    expect(bytesToHex(readFileSync(join(folder, 'theirs.tsq')))).toContain(imprint);
    expect(bytesToHex(buildTimeStampRequest(nativeCrypto, stamped, nonce))).toContain(imprint);
  });

  test('we take its answer, on both providers', () => {
    const roots = parseCertificates(authority.rootPem);
    for (const crypto of [nativeCrypto, portableCrypto]) {
      expect(verifyTimeStamp(crypto, { stamped, nonce, response }, roots)).toMatchObject({
        policy: '1.2.3.4.1',
        accuracyMicroseconds: 1_500_000,
        ordering: true,
        authority: 'CN=Stamps,O=Test',
      });
    }
    expect(opensslTakes(response)).toBe(true);
  });

  test('where openssl refuses a damaged answer, so do we', () => {
    const differences: string[] = [];
    for (let index = 0; index < response.length; index += 37) {
      const changed = response.slice();
      changed[index] = (changed[index] as number) ^ 1;
      const theirs = opensslTakes(changed);
      const ours = weTake(changed);
      if (!theirs) expect([index, ours]).not.toEqual([index, 'none']);
      // Stricter we may be: openssl does not look at what it does not use.
      if (theirs && ours !== 'none') differences.push(`${index} ${ours}`);
    }
    for (const difference of differences) expect(difference).toMatch(/^\d+ ERR_MERKLE_/);
  });

  test('openssl refuses a request for SHA-1, and we the answer that says so', () => {
    authority.run('ts', '-query', '-data', 'data', '-sha1', '-out', 'sha1.tsq');
    const query = new Uint8Array(readFileSync(join(folder, 'sha1.tsq')));
    const refused = authority.reply(query);
    expect(weTake(refused)).toBe('ERR_MERKLE_TIME_STAMP_STATUS');
  });
});
