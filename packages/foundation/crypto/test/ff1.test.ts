import { FF1 as nobleFf1 } from '@noble/ciphers/ff1.js';
import { FF1_DOMAIN_MIN, Ff1 } from '@veritydb/crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hasShared, sharedJson } from '../../types/test/shared-vectors.ts';
import { bytes } from './providers.ts';

const KEY_128 = '2b7e151628aed2a6abf7158809cf4f3c';
const KEY_256 = `${KEY_128}ef4359d8d580aa4f7f036d6f04fc6a94`;
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyz';

function numeralsOf(text: string, alphabet: string): Uint8Array {
  return Uint8Array.from(text, (sign) => alphabet.indexOf(sign));
}

function textOf(numerals: Uint8Array, alphabet: string): string {
  return Array.from(numerals, (numeral) => alphabet[numeral]).join('');
}

// NIST, "FF1samples", samples 1, 2, 3, 7 and 9.
it.each([
  [KEY_128, 10, '', '0123456789', '2433477484'],
  [KEY_128, 10, '39383736353433323130', '0123456789', '6124200773'],
  [KEY_128, 36, '3737373770717273373737', '0123456789abcdefghi', 'a9tv40mll9kdu509eum'],
  [KEY_256, 10, '', '0123456789', '6657667009'],
  [KEY_256, 36, '3737373770717273373737', '0123456789abcdefghi', 'xs8a0azh2avyalyzuwd'],
])('%s, radix %i, tweak %j: %s is %s', (key, radix, tweak, plain, sealed) => {
  const ff1 = new Ff1(bytes(key), radix, bytes(tweak));
  const numerals = numeralsOf(plain, ALPHABET);
  ff1.encrypt(numerals);
  expect(textOf(numerals, ALPHABET)).toBe(sealed);
  ff1.decrypt(numerals);
  expect(textOf(numerals, ALPHABET)).toBe(plain);
});

it('agrees with another implementation, and comes back, at every length', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(2, 10, 26, 36, 62, 95, 256),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.nat(255), { minLength: 3, maxLength: 60 }),
      (radix, key, tweak, drawn) => {
        const numerals = Uint8Array.from(drawn, (numeral) => numeral % radix);
        fc.pre(radix ** numerals.length >= FF1_DOMAIN_MIN);
        const ff1 = new Ff1(key, radix, tweak);
        const sealed = numerals.slice();
        ff1.encrypt(sealed);
        expect([...sealed]).toEqual(nobleFf1(radix, key, tweak).encrypt([...numerals]));
        ff1.decrypt(sealed);
        expect(sealed).toEqual(numerals);
      },
    ),
    { numRuns: 200 },
  );
});

it('refuses a domain below a million, a wrong key, and a numeral beyond the radix', () => {
  const none = new Uint8Array(0);
  const ff1 = new Ff1(bytes(KEY_256), 10, none);
  expect([5, 6, 4096, 4097].map((length) => ff1.takes(length))).toEqual([false, true, true, false]);
  expect(() => {
    ff1.encrypt(new Uint8Array(5));
  }).toThrow('million');
  expect(() => {
    ff1.encrypt(new Uint8Array(6).fill(10));
  }).toThrow('radix');
  expect(() => new Ff1(new Uint8Array(20), 10, none)).toThrow('key');
});

interface Group {
  readonly radix: number;
  readonly tests: readonly {
    readonly key: string;
    readonly tweak: string;
    readonly msg: readonly number[];
    readonly ct: readonly number[];
    readonly result: string;
  }[];
}

describe.runIf(hasShared('vectors/wycheproof'))('Wycheproof', () => {
  it('radix 10, list of numerals', () => {
    const { testGroups } = sharedJson('vectors/wycheproof/aes_ff1_radix10_test.json') as {
      testGroups: Group[];
    };
    let valid = 0;
    for (const { radix, tests } of testGroups) {
      for (const { key, tweak, msg, ct, result } of tests) {
        const run = (): number[] => {
          const numerals = Uint8Array.from(msg);
          if (!msg.every((numeral) => numeral >= 0 && numeral < radix)) throw new Error('numeral');
          new Ff1(bytes(key), radix, bytes(tweak)).encrypt(numerals);
          return [...numerals];
        };
        // Shorter ones were good before the revision.
        if (result === 'valid' && radix ** msg.length >= FF1_DOMAIN_MIN) {
          valid += 1;
          expect(run()).toEqual(ct);
        } else {
          expect(run).toThrow();
        }
      }
    }
    expect(valid).toBeGreaterThan(3000);
  });
});
