/** DSSE envelopes: the vector of the protocol, other people's verifiers, and every bit of one. */

import { type KeyObject, createPublicKey, verify } from 'node:crypto';

import { nativeCrypto } from '@veritydb/crypto/native';
import { utf8Decode, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { preAuthenticationEncoding, signEnvelope, verifyEnvelope } from '../src/dsse.ts';
import { MerkleError } from '../src/error.ts';
import { verifierKeyOf } from '../src/signed-note.ts';

const SIGNER = { name: 'log.example/1', seed: new Uint8Array(32).fill(9) };
const KEY = verifierKeyOf(nativeCrypto, SIGNER, 'note');
const HELLO = {
  payloadType: 'http://example.com/HelloWorld',
  payload: utf8Encode('hello world'),
};

function opensslKey(): KeyObject {
  const x = Buffer.from(KEY.publicKey).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

it('signs what the protocol says (protocol.md, test vectors)', () => {
  expect(utf8Decode(preAuthenticationEncoding(HELLO))).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  );
});

it('counts bytes, not characters', () => {
  const payload = utf8Encode('é');
  expect(utf8Decode(preAuthenticationEncoding({ payloadType: 'ü', payload }))).toBe(
    'DSSEv1 2 ü 2 é',
  );
});

it('is verified by OpenSSL, over bytes that are put together by hand', () => {
  const envelope = JSON.parse(signEnvelope(nativeCrypto, HELLO, SIGNER)) as {
    payload: string;
    payloadType: string;
    signatures: readonly { keyid: string; sig: string }[];
  };
  const payload = Buffer.from(envelope.payload, 'base64');
  const message = Buffer.concat([
    Buffer.from(`DSSEv1 ${envelope.payloadType.length} ${envelope.payloadType} `),
    Buffer.from(`${payload.length} `),
    payload,
  ]);
  const signature = Buffer.from(envelope.signatures[0]?.sig ?? '', 'base64');
  expect(verify(null, message, opensslKey(), signature)).toBe(true);
  expect(envelope.signatures[0]?.keyid).toBe(
    `log.example/1+${Buffer.from(KEY.keyId).toString('hex')}`,
  );
});

it('gives back what was signed, and refuses it with any bit changed', () => {
  const text = signEnvelope(nativeCrypto, HELLO, SIGNER);
  expect(verifyEnvelope(nativeCrypto, text, KEY)).toEqual(HELLO);
  const bytes = utf8Encode(text);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const copy = bytes.slice();
    copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
    const changed = Buffer.from(copy).toString('utf8');
    expect(() => verifyEnvelope(nativeCrypto, changed, KEY), `bit ${bit}`).toThrow(MerkleError);
  }
});

it('refuses another key, another form, and any text', () => {
  const text = signEnvelope(nativeCrypto, HELLO, SIGNER);
  const other = verifierKeyOf(nativeCrypto, { ...SIGNER, seed: new Uint8Array(32) }, 'note');
  const refused = (code: string): object => expect.objectContaining({ code }) as object;
  expect(() => verifyEnvelope(nativeCrypto, text, other)).toThrow(refused('ERR_MERKLE_ENVELOPE'));
  const twice = JSON.parse(text) as { signatures: unknown[] };
  twice.signatures.push(twice.signatures[0]);
  expect(() => verifyEnvelope(nativeCrypto, JSON.stringify(twice), KEY)).toThrow(
    refused('ERR_MERKLE_ENVELOPE'),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.constant('{"signatures":[]}')), (any) => {
      expect(() => verifyEnvelope(nativeCrypto, any, KEY)).toThrow(MerkleError);
    }),
  );
});
