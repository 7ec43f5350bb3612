import { nativeCrypto } from '@veritydb/crypto/native';
import { emptyRoot, formatVerifierKey, parseVerifierKey } from '@veritydb/merkle';
import { expect, test } from 'vitest';

import { welcomeText } from '../src/witness-process.ts';

// A signed note allows all controls from 0x7f on in names: who hands a key over has chosen its name.
test('the name of a log cannot repaint the terminal of its witness', () => {
  const key = formatVerifierKey(
    nativeCrypto,
    'log.example/\u009b2J\u202ea',
    nativeCrypto.ed25519PublicKey(new Uint8Array(32).fill(1)),
  );
  const { name: origin } = parseVerifierKey(nativeCrypto, key);
  const seen = [{ origin, size: 7, root: emptyRoot(nativeCrypto) }];
  const text = welcomeText('http://127.0.0.1:1', 1, { seen, verifierKey: 'w' });
  expect(text).toContain('log.example/\\u{9b}2J\\u{202e}a, size 7');
  expect(text).not.toMatch(/[\p{Cf}\u007f-\u009f]/u);
});
