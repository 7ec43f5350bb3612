import { readFileSync } from 'node:fs';

import { nativeCrypto } from '@veritydb/crypto/native';
import { TRANSFORMS } from '@veritydb/privacy';
import { type JsonValue, canonicalJson, hexToBytes } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import {
  type TokenClaims,
  type TokenKeySet,
  createSigningKey,
  issueToken,
  publicKeySet,
  verifyToken,
} from '../src/index.ts';

const page = (name: string): string =>
  readFileSync(new URL(`../../../../docs/formats/${name}`, import.meta.url), 'utf8');

/** The text of the fenced block of a kind. */
function block(text: string, kind: string): string {
  const match = new RegExp(`^\`\`\`${kind}\\n([^]*?)\\n\`\`\`$`, 'm').exec(text);
  return match?.[1] ?? '';
}

// S128: the model is written down, and its example is a real token.
describe('docs/formats/token.md', () => {
  const text = page('token.md');
  const token = block(text, 'token');
  const claims = JSON.parse(block(text, 'claims')) as TokenClaims;

  it('has a token that verifies with the keys beside it', async () => {
    const verified = await verifyToken(token, {
      keys: JSON.parse(block(text, 'jwks')) as TokenKeySet,
      issuer: claims.iss,
      audience: claims.aud,
      nowSeconds: claims.iat,
      lifetimeSecondsMax: claims.exp - claims.iat,
    });
    expect(verified).toMatchObject({ recipient: 'research-lab', exportsMax: 1 });
  });

  it('has a token that is issued again, to the letter, from its seed and claims', async () => {
    const seed = hexToBytes(block(text, 'seed'));
    const signingKey = await createSigningKey(nativeCrypto, seed);
    expect(await issueToken({ signingKey, claims })).toBe(token);
    expect(canonicalJson(publicKeySet(nativeCrypto, [seed]))).toBe(block(text, 'jwks'));
    expect(canonicalJson(claims as unknown as JsonValue)).toBe(block(text, 'claims'));
  });
});

it('docs/formats/policy.md names every transform and every finding', () => {
  const text = page('policy.md');
  for (const name of Object.keys(TRANSFORMS))
    expect(text).toMatch(new RegExp(`^\\| \`${name}\` +\\|`, 'm'));
  for (const code of ['GEN-1', 'GEN-4', 'HSH-1', 'HSH-6', 'TAB-1', 'TAB-2']) {
    expect(text).toMatch(new RegExp(`^\\| ${code} +\\|`, 'm'));
  }
});
