import { portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import {
  MerkleError,
  formatVerifierKey,
  parseNote,
  parseVerifierKey,
  signNote,
  verifyNote,
} from '@veritydb/merkle';
import { codeOf } from '@veritydb/testkit';
import { base64ToBytes, bytesToBase64, bytesToHex, hexToBytes } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hasShared, sharedJson } from '../../types/test/shared-vectors.ts';

/** The example of C2SP signed-note, and the one of golang.org/x/mod/sumdb/note with its private key. */
const EXAMPLE_KEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const EXAMPLE =
  'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
const NEUMANN_KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const NEUMANN = {
  name: 'PeterNeumann',
  seed: base64ToBytes('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz').slice(1),
};
const NEUMANN_NOTE =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

const verify = (note: string, ...keys: readonly string[]) =>
  verifyNote(
    nativeCrypto,
    note,
    keys.map((key) => parseVerifierKey(nativeCrypto, key)),
  );

describe('typed notes', () => {
  test('the C2SP example verifies, by both providers', () => {
    for (const crypto of [nativeCrypto, portableCrypto]) {
      const key = parseVerifierKey(crypto, EXAMPLE_KEY);
      const { note, signers } = verifyNote(crypto, EXAMPLE, [key]);
      expect(note.text).toBe('This is an example message.\n');
      expect(signers).toEqual([key]);
      expect(formatVerifierKey(crypto, key.name, key.publicKey)).toBe(EXAMPLE_KEY);
    }
  });

  test('signing gives the same bytes as the Go package', () => {
    const text = NEUMANN_NOTE.slice(0, NEUMANN_NOTE.indexOf('\n\n') + 1);
    expect(signNote(nativeCrypto, text, NEUMANN)).toBe(NEUMANN_NOTE);
    const publicKey = nativeCrypto.ed25519PublicKey(NEUMANN.seed);
    expect(formatVerifierKey(nativeCrypto, NEUMANN.name, publicKey)).toBe(NEUMANN_KEY);
  });

  test('signatures of unknown keys are passed over, one of a known key must be good', () => {
    const [, line = ''] = NEUMANN_NOTE.split('\n\n');
    const both = EXAMPLE + line;
    expect(verify(both, EXAMPLE_KEY).signers.map(({ name }) => name)).toEqual(['example.com/foo']);
    // The text is not what Neumann signed: fatal once his key is known, whatever else is good.
    expect(codeOf(() => verify(both, EXAMPLE_KEY, NEUMANN_KEY))).toBe('ERR_MERKLE_SIGNATURE');
    expect(codeOf(() => verify(EXAMPLE, NEUMANN_KEY))).toBe('ERR_MERKLE_SIGNATURE');
    expect(codeOf(() => verify(EXAMPLE))).toBe('ERR_MERKLE_SIGNATURE');
  });

  test('a known name with another key id is unknown', () => {
    const other = formatVerifierKey(
      nativeCrypto,
      'example.com/foo',
      nativeCrypto.ed25519PublicKey(NEUMANN.seed),
    );
    expect(codeOf(() => verify(EXAMPLE, other))).toBe('ERR_MERKLE_SIGNATURE');
    expect(verify(EXAMPLE, other, EXAMPLE_KEY).signers).toHaveLength(1);
  });

  test('two signatures of one key count once', () => {
    const [, line = ''] = EXAMPLE.split('\n\n');
    expect(verify(EXAMPLE + line, EXAMPLE_KEY).signers).toHaveLength(1);
  });

  test('a text may hold empty lines: the last one parts it', () => {
    const text = 'one\n\n— two three\n\nfour\n';
    const signed = signNote(nativeCrypto, text, NEUMANN);
    expect(verify(signed, NEUMANN_KEY).note.text).toBe(text);
  });
});

describe('malformed notes', () => {
  const line = EXAMPLE.slice(EXAMPLE.indexOf('—'));
  const signature = line.slice(line.lastIndexOf(' ') + 1, -1);

  test.each([
    ['nothing', ''],
    ['no final newline', EXAMPLE.slice(0, -1)],
    ['no signature', 'text\n\n'],
    ['no empty line', `text\n${line}`],
    ['carriage returns', EXAMPLE.replaceAll('\n', '\r\n')],
    ['a control character in the text', `te\u0001xt\n\n${line}`],
    ['a control character in a name', `text\n\n— a\u0001b ${signature}\n`],
    ['a tab in a name', `text\n\n— a\tb ${signature}\n`],
    ['a lone surrogate', `te\ud800xt\n\n${line}`],
    ['a hyphen rather than an em dash', `text\n\n${line.replace('—', '-')}`],
    ['an empty name', `text\n\n—  ${signature}\n`],
    ['a plus in a name', `text\n\n— a+b ${signature}\n`],
    ['a no-break space in a name', `text\n\n— a\u00a0b ${signature}\n`],
    ['a next-line character in a name', `text\n\n— a\u0085b ${signature}\n`],
    ['a line after the signatures', `${EXAMPLE}more\n`],
    ['a third word', `text\n\n— a ${signature} b\n`],
    ['no base64', 'text\n\n— a ????\n'],
    ['base64 without padding', `text\n\n— a ${signature.replace('=', '')}\n`],
    ['base64 with unused bits', `text\n\n— a ${signature.replace('M=', 'N=')}\n`],
    ['a key id alone', `text\n\n— a ${bytesToBase64(new Uint8Array(4))}\n`],
    ['101 signatures', `text\n\n${line.repeat(101)}`],
    ['more than a million characters', `${'a'.repeat(1_000_000)}\n\n${line}`],
  ])('%s', (_, note) => {
    expect(codeOf(() => parseNote(note))).toBe('ERR_MERKLE_NOTE');
    expect(codeOf(() => verify(note, EXAMPLE_KEY))).toBe('ERR_MERKLE_NOTE');
  });

  test('at least sixteen signatures are taken', () => {
    expect(parseNote(`text\n\n${line.repeat(16)}`).signatures).toHaveLength(16);
  });

  test('what is signed must be well-formed', () => {
    for (const text of ['', 'no newline', 'a\tb\n', '\ud800\n']) {
      expect(codeOf(() => signNote(nativeCrypto, text, NEUMANN))).toBe('ERR_MERKLE_NOTE');
    }
    for (const name of ['', 'a b', 'a+b', 'a\nb', 'a\u0000b']) {
      const signer = { name, seed: NEUMANN.seed };
      expect(codeOf(() => signNote(nativeCrypto, 'a\n', signer))).toBe('ERR_ASSERTION');
      expect(codeOf(() => formatVerifierKey(nativeCrypto, name, NEUMANN.seed))).toBe(
        'ERR_ASSERTION',
      );
    }
  });
});

describe('verifier keys', () => {
  test.each([
    ['nothing', ''],
    ['two parts', 'example.com/foo+530d903a'],
    ['another key id', EXAMPLE_KEY.replace('530d903a', '530d903b')],
    ['upper case', EXAMPLE_KEY.replace('530d903a', '530D903A')],
    ['another name', EXAMPLE_KEY.replace('foo', 'fop')],
    ['a space in the name', EXAMPLE_KEY.replace('foo', 'f o')],
    ['an unknown algorithm', EXAMPLE_KEY.replace('+Aek', '+Bek')],
    ['no base64', EXAMPLE_KEY.replace('+Aek', '+!ek')],
    ['a short key', `example.com/foo+530d903a+${bytesToBase64(new Uint8Array([1, 2]))}`],
    ['a newline at the end', `${EXAMPLE_KEY}\n`],
  ])('%s is refused', (_, text) => {
    expect(codeOf(() => parseVerifierKey(nativeCrypto, text))).toBe('ERR_MERKLE_KEY');
  });

  test('the key id is the start of SHA-256(name, newline, 0x01, key)', () => {
    const publicKey = hexToBytes('11'.repeat(32));
    const preimage = Uint8Array.from([...new TextEncoder().encode('a.example\n'), 1, ...publicKey]);
    const id = bytesToHex(portableCrypto.sha256(preimage)).slice(0, 8);
    expect(formatVerifierKey(nativeCrypto, 'a.example', publicKey)).toBe(
      `a.example+${id}+${bytesToBase64(Uint8Array.from([1, ...publicKey]))}`,
    );
  });
});

function spoiled(text: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat(text.length), fc.nat(20), fc.string({ unit: 'binary', maxLength: 3 }))
    .map(([at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut));
}

describe('fuzzing', () => {
  test('no text makes a parser throw anything but its codes', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), spoiled(EXAMPLE), spoiled(NEUMANN_NOTE));
    fc.assert(
      fc.property(text, (note) => {
        expect(['none', 'ERR_MERKLE_NOTE']).toContain(codeOf(() => parseNote(note)));
      }),
      { numRuns: 500 },
    );
    const key = fc.oneof(fc.string(), spoiled(EXAMPLE_KEY));
    fc.assert(
      fc.property(key, (one) => {
        const code = codeOf(() => parseVerifierKey(nativeCrypto, one));
        expect(['none', 'ERR_MERKLE_KEY']).toContain(code);
      }),
      { numRuns: 500 },
    );
  });

  test('what verifies under the key is the text that was signed', () => {
    fc.assert(
      fc.property(spoiled(EXAMPLE), (note) => {
        try {
          expect(verify(note, EXAMPLE_KEY).note.text).toBe('This is an example message.\n');
        } catch (error) {
          if (!(error instanceof MerkleError)) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe.runIf(hasShared('vectors/c2sp'))('published notes', () => {
  const { notes, bad_vkeys: badKeys } = (
    hasShared('vectors/c2sp') ? sharedJson('vectors/c2sp/notes.json') : { notes: [], bad_vkeys: [] }
  ) as {
    notes: { src: string; vkey: string; skey?: string; note: string; accept: boolean }[];
    bad_vkeys: string[];
  };

  test.each(notes.map((one) => [one.src, one] as const))('%s', (_, { vkey, note, accept }) => {
    expect(codeOf(() => verify(note, vkey)) === 'none').toBe(accept);
  });

  test('notes that come with a private key are signed to the same bytes', () => {
    const signed = notes.flatMap(({ note, skey, vkey }) => {
      if (skey === undefined) return [];
      const encoded = skey.slice(skey.indexOf('+', 'PRIVATE+KEY+'.length + 1) + 10);
      const name = vkey.slice(0, vkey.indexOf('+'));
      const seed = base64ToBytes(encoded).slice(1);
      const { text } = parseNote(note);
      return [signNote(nativeCrypto, text, { name, seed }) === note];
    });
    expect(signed).toEqual([true, true]);
  });

  test('keys that must be refused', () => {
    for (const key of badKeys) {
      expect(codeOf(() => parseVerifierKey(nativeCrypto, key))).toBe('ERR_MERKLE_KEY');
    }
  });
});
