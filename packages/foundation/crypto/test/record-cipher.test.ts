/** What a data key does for records, against node:crypto by hand, and by both providers alike. */

import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';

import {
  type Position,
  type RecordCipher,
  SALT_SIZE,
  TAG_SIZE,
  portableCrypto,
} from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { codeOf } from '@veritydb/testkit';
import { hexToBytes, toGeneration, toOffset } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { PROVIDERS, ascii } from './providers.ts';

const DATA_KEY = Uint8Array.from({ length: 32 }, (_, index) => index);
const KEYS = new Uint8Array(hkdfSync('sha256', DATA_KEY, '', 'veritydb record v1', 64));
const AT: Position = { generation: toGeneration(3), offset: toOffset(2 ** 33 + 5) };
const ROW = 65_794;

const at = (offset: number, generation = 1): Position => ({
  generation: toGeneration(generation),
  offset: toOffset(offset),
});

/** Keystream of counter mode from a first counter block on. */
function keystream(counter: string, size: number): Uint8Array {
  const cipher = createCipheriv('aes-256-ctr', KEYS.subarray(0, 32), hexToBytes(counter));
  return new Uint8Array(cipher.update(new Uint8Array(size)));
}

function xored(one: Uint8Array, other: Uint8Array): Uint8Array {
  return one.map((byte, index) => byte ^ (other[index] ?? 0));
}

function seal(
  cipher: RecordCipher,
  place: Position,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  const sealed = new Uint8Array(plaintext.length + TAG_SIZE);
  const { generation, offset } = place;
  cipher.encrypt(generation, [{ offset, plaintext, start: 0 }], sealed);
  cipher.authenticate(associatedData, sealed, 0, plaintext.length);
  return sealed;
}

describe.each(PROVIDERS)('a record cipher of the $name provider', (crypto) => {
  const fresh = (): RecordCipher => crypto.recordCipher(DATA_KEY);

  // S019: nonces come from positions.
  test('makes salts of counter blocks: generation, offset, row, digest', () => {
    const first = '00000003000200000005010102000000';
    expect(fresh().salts(AT, ROW, 3)).toEqual(keystream(first, 3 * SALT_SIZE));
    expect(fresh().hideRow(AT, ROW, 3, ascii('x')).salts).toEqual(fresh().salts(AT, ROW, 3));
    expect(fresh().salts(AT, ROW, 0)).toHaveLength(0);
  });

  test('hides values of a row behind salts, eight zeros before them', () => {
    const values = ascii('values of a row, longer than a block');
    const clear = new Uint8Array(8 + values.length);
    clear.set(values, 8);
    const { bytes } = fresh().hideRow(AT, ROW, 5, values);
    const first = '00000003000200000005010102800000';
    expect(bytes).toEqual(xored(clear, keystream(first, clear.length)));
    expect(fresh().showRow(AT, ROW, bytes)).toEqual(values);
  });

  test('seals payloads: encrypt, then HMAC over associated data and ciphertext', () => {
    const header = ascii('a header');
    const plaintext = ascii('a payload that is longer than sixteen bytes');
    const sealed = seal(fresh(), AT, header, plaintext);
    const ciphertext = xored(
      plaintext,
      keystream('00000003000200000005ffffff000000', plaintext.length),
    );
    const mac = createHmac('sha256', KEYS.subarray(32)).update(header).update(ciphertext).digest();
    expect(sealed.subarray(0, -TAG_SIZE)).toEqual(ciphertext);
    expect(sealed.subarray(-TAG_SIZE)).toEqual(new Uint8Array(mac.subarray(0, TAG_SIZE)));
    expect(fresh().open(AT, header, sealed)).toEqual(plaintext);
  });

  test('opens nothing that was changed, moved or cut', () => {
    const header = ascii('header');
    const sealed = seal(fresh(), at(9), header, ascii('payload'));
    for (let index = 0; index < sealed.length; index += 1) {
      const changed = sealed.with(index, (sealed[index] as number) ^ 0x80);
      expect(codeOf(() => fresh().open(at(9), header, changed))).toBe('ERR_CRYPTO_OPEN');
      const cut = sealed.subarray(0, index);
      expect(codeOf(() => fresh().open(at(9), header, cut))).toBe('ERR_CRYPTO_OPEN');
    }
    const other = crypto.recordCipher(new Uint8Array(32));
    expect(codeOf(() => other.open(at(9), header, sealed))).toBe('ERR_CRYPTO_OPEN');
    expect(codeOf(() => fresh().open(at(9), ascii('headers'), sealed))).toBe('ERR_CRYPTO_OPEN');
  });

  test('shows no row under another key, place or row', () => {
    const { bytes } = fresh().hideRow(at(9), 1, 2, ascii('a name'));
    const other = crypto.recordCipher(new Uint8Array(32));
    expect(codeOf(() => other.showRow(at(9), 1, bytes))).toBe('ERR_CRYPTO_OPEN');
    for (const [place, row] of [
      [at(8), 1],
      [at(9, 2), 1],
      [at(9), 0],
    ] as const) {
      expect(codeOf(() => fresh().showRow(place, row, bytes))).toBe('ERR_CRYPTO_OPEN');
    }
    for (let size = 0; size < 8; size += 1) {
      const cut = bytes.subarray(0, size);
      expect(codeOf(() => fresh().showRow(at(9), 1, cut))).toBe('ERR_CRYPTO_OPEN');
    }
  });

  // S019, S066: what a restart brings back is watched over logs and tenants; within one life it is asserted.
  test('hides and seals at no place twice, and at none before the last', () => {
    const cipher = fresh();
    cipher.hideRow(at(9, 2), 1, 2, ascii('a'));
    cipher.hideRow(at(9, 2), 2, 2, ascii('b'));
    seal(cipher, at(9, 2), ascii('header'), ascii('a'));
    for (const [place, row] of [
      [at(9, 2), 2],
      [at(9, 2), 1],
      [at(8, 2), 3],
      [at(10, 1), 0],
    ] as const) {
      expect(codeOf(() => cipher.hideRow(place, row, 2, ascii('c')))).toBe('ERR_ASSERTION');
    }
    for (const place of [at(9, 2), at(8, 2), at(10, 1)]) {
      expect(codeOf(() => seal(cipher, place, ascii('header'), ascii('b')))).toBe('ERR_ASSERTION');
    }
    cipher.hideRow(at(0, 3), 0, 2, ascii('d'));
    seal(cipher, at(0, 3), ascii('header'), ascii('d'));
  });

  // S136: the key schedule is made once for all records under a key, however short they are.
  test('seals records one after the other as a fresh one seals each', () => {
    const cipher = fresh();
    for (let offset = 1; offset <= 50; offset += 1) {
      const plaintext = ascii(`record ${offset}`.repeat(offset % 7));
      const sealed = seal(cipher, at(offset), ascii('header'), plaintext);
      expect(sealed).toEqual(seal(fresh(), at(offset), ascii('header'), plaintext));
    }
  });

  test('does nothing once it is cleared, and needs its key no more once it is made', () => {
    const key = DATA_KEY.slice();
    const cipher = crypto.recordCipher(key);
    key.fill(0);
    expect(cipher.salts(at(1), 0, 1)).toEqual(fresh().salts(at(1), 0, 1));
    cipher.clear();
    expect(codeOf(() => cipher.salts(at(1), 0, 1))).toBe('ERR_ASSERTION');
  });

  test('takes no row, offset or count that a counter block cannot hold', () => {
    const cipher = fresh();
    for (const call of [
      () => cipher.salts(at(1), 2 ** 24 - 1, 1),
      () => cipher.salts(at(1), -1, 1),
      () => cipher.salts(at(2 ** 48), 0, 1),
      () => cipher.salts(at(1), 0, 2 ** 23),
      () => cipher.hideRow(at(1), 2 ** 24 - 1, 1, ascii('a')),
    ]) {
      expect(codeOf(call)).toBe('ERR_ASSERTION');
    }
  });
});

test('payloads of one write are sealed as each by itself, wherever they lie and however long they are', () => {
  const header = ascii('a header');
  const sizes = fc.oneof(fc.nat(40), fc.integer({ min: 1000, max: 1050 }), fc.nat(5000));
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 1, maxLength: 5 }), fc.nat(9), (all, gap) => {
      const plaintexts = all.map((size, index) => new Uint8Array(size).fill(index + 1));
      const ends = plaintexts.map((_, index) =>
        all.slice(0, index + 1).reduce((sum, size) => sum + gap + size + TAG_SIZE, 0),
      );
      const place = (index: number): Position => at(5 + index);
      for (const crypto of PROVIDERS) {
        const together = crypto.recordCipher(DATA_KEY);
        const target = new Uint8Array(ends.at(-1) ?? 0).fill(0xff);
        const placed = plaintexts.map((plaintext, index) => ({
          offset: place(index).offset,
          plaintext,
          start: (ends[index] as number) - TAG_SIZE - plaintext.length,
        }));
        together.encrypt(toGeneration(1), placed, target);
        for (const [index, { plaintext, start }] of placed.entries()) {
          const end = start + plaintext.length;
          together.authenticate(header, target, start, end);
          const alone = seal(
            portableCrypto.recordCipher(DATA_KEY),
            place(index),
            header,
            plaintext,
          );
          expect(target.subarray(start, end + TAG_SIZE)).toEqual(alone);
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('the providers agree', () => {
  const bytes = fc.uint8Array({ maxLength: 100 });
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(
      key,
      fc.integer({ min: 1, max: 2 ** 31 }),
      fc.nat(2 ** 40),
      fc.nat(2 ** 24 - 2),
      fc.nat(40),
      bytes,
      bytes,
      (dataKey, generation, offset, row, digests, header, plaintext) => {
        const [native, portable] = [nativeCrypto, portableCrypto].map((crypto) => {
          const cipher = crypto.recordCipher(dataKey);
          const place = at(offset, generation);
          return [
            cipher.hideRow(place, row, digests, plaintext),
            seal(cipher, place, header, plaintext),
          ];
        });
        expect(native).toEqual(portable);
      },
    ),
    { numRuns: 100 },
  );
});
