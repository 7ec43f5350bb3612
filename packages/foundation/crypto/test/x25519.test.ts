import { x25519PublicKey, x25519Secret } from '@veritydb/crypto';
import { codeOf } from '@veritydb/testkit';
import { bytesToHex } from '@veritydb/types';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { bytes } from './providers.ts';

// RFC 7748 §6.1 and RFC 8037, appendix A.6.
it('RFC 7748 and 8037', () => {
  const alice = '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a';
  const bob = 'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f';
  expect(bytesToHex(x25519Secret(bytes(alice), bytes(bob)))).toBe(
    '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  );
});

it('refuses a public key of small order', () => {
  expect(codeOf(() => x25519Secret(new Uint8Array(32).fill(7), new Uint8Array(32)))).toBe(
    'ERR_CRYPTO_OPEN',
  );
});

it('both sides agree', () => {
  const secret = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(secret, secret, (a, b) => {
      expect(x25519Secret(a, x25519PublicKey(b))).toEqual(x25519Secret(b, x25519PublicKey(a)));
    }),
    { numRuns: 5 },
  );
});
