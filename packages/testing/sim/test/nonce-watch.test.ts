/** The watch is alive: what it is for, it finds. */

import type { RecordCipher } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { toGeneration, toOffset, utf8Encode } from '@veritydb/types';
import { expect, test } from 'vitest';

import { NonceWatch } from '../src/index.ts';

const KEY = new Uint8Array(32).fill(1);
const AT = { generation: toGeneration(1), offset: toOffset(5) };
const TWICE = 'seal two plaintexts';

test('a nonce that comes twice is found, the same again is not', () => {
  const { crypto } = new NonceWatch(nativeCrypto);
  const input = { key: KEY, nonce: new Uint8Array(12), associatedData: new Uint8Array(0) };
  const sealed = crypto.seal(input, new Uint8Array([1]));
  expect(crypto.seal(input, new Uint8Array([1]))).toEqual(sealed);
  expect(() => crypto.seal(input, new Uint8Array([2]))).toThrow(TWICE);
  const other = { ...input, associatedData: new Uint8Array(1) };
  expect(() => crypto.seal(other, new Uint8Array([1]))).toThrow(TWICE);
});

test('so is a place at which a key hides two rows or seals two payloads, by whatever cipher', () => {
  const watch = new NonceWatch(nativeCrypto);
  const cipher = () => watch.crypto.recordCipher(KEY);
  const { bytes } = cipher().hideRow(AT, 1, 2, utf8Encode('ann'));
  expect(cipher().showRow(AT, 1, bytes)).toEqual(utf8Encode('ann'));
  cipher().hideRow(AT, 1, 2, utf8Encode('ann'));
  cipher().hideRow(AT, 2, 2, utf8Encode('bob'));
  expect(() => cipher().hideRow(AT, 1, 2, utf8Encode('bob'))).toThrow(TWICE);
  const encrypt = (name: string, by: RecordCipher): void => {
    const { generation, offset } = AT;
    const payload = { offset, plaintext: utf8Encode(name), start: 0 };
    by.encrypt(generation, [payload], new Uint8Array(3));
  };
  encrypt('ann', cipher());
  encrypt('ann', cipher());
  expect(() => encrypt('bob', cipher())).toThrow(TWICE);
  encrypt('bob', watch.crypto.recordCipher(new Uint8Array(32)));
  expect(watch.count).toBe(4);
});
