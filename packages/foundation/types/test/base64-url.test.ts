import { utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeBase64Url, encodeBase64Url } from '../src/base64-url.ts';

const refused: unknown = expect.objectContaining({ code: 'ERR_TYPES_VALUE' });

describe('base64url', () => {
  it.each([
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ])('RFC 4648 §10 without padding: %j', (text, encoded) => {
    expect(encodeBase64Url(utf8Encode(text))).toBe(encoded);
    expect(decodeBase64Url(encoded)).toStrictEqual(utf8Encode(text));
  });

  it('gives back what went in, in one spelling', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = encodeBase64Url(bytes);
        expect(text).toBe(Buffer.from(bytes).toString('base64url'));
        expect(decodeBase64Url(text)).toStrictEqual(bytes);
      }),
    );
  });

  it.each(['Zh', 'Zm9', 'A', 'Zm9vA', 'Zg==', 'Z g', 'Zm8\n', '*'])('refuses %j', (text) => {
    expect(() => decodeBase64Url(text)).toThrow(refused);
  });
});
