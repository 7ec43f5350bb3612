/** DER: one spelling for each value (ITU-T X.690), and requests byte for byte. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { buildTimeStampRequest } from '@veritydb/merkle';
import { codeOf } from '@veritydb/testkit';
import { bytesToHex, hexToBytes, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  type DerReader,
  OCTET_STRING,
  der,
  derIdentifier,
  derUnsigned,
  readDer,
} from '../../src/time-stamp/der.ts';
import { nameText } from '../../src/time-stamp/name.ts';

const REFUSED = 'ERR_MERKLE_DER';

function codeOfReading(hex: string, read: (reader: DerReader) => unknown): string {
  return codeOf(() => readDer(hexToBytes(hex), read));
}

describe('object identifiers', () => {
  test.each([
    ['1.2.840.113549', '06062a864886f70d'], // X.690 §8.19 as in RFC 3161's registrations
    ['2.999.3', '0603883703'], // X.690 §8.19.5, its example
    ['2.16.840.1.101.3.4.2.1', '0609608648016503040201'], // RFC 5754 §2.2
    ['0.9.2342.19200300.100.1.25', '060a0992268993f22c640119'], // RFC 4519 §2.4
  ])('%s', (text, hex) => {
    expect(bytesToHex(derIdentifier(text))).toBe(hex);
    expect(readDer(hexToBytes(hex), (reader) => reader.identifier())).toBe(text);
  });

  test.each(['0600', '060180', '06028001', '060281', `0641${'01'.repeat(65)}`])(
    '%s is refused',
    (hex) => {
      expect(codeOfReading(hex, (reader) => reader.identifier())).toBe(REFUSED);
    },
  );
});

describe('lengths', () => {
  test.each([
    ['indefinite', '048000000000'],
    ['two bytes for 127', '04817f'],
    ['three bytes for 255', '048200ff'],
    ['four bytes', '048400000000'],
    ['over the end', '0402ff'],
    ['none', '04'],
    ['bytes behind the end', '0401ff00'],
    ['a tag of more than one byte', '1f0401ff'],
  ])('%s is refused', (_, hex) => {
    expect(codeOfReading(hex, (reader) => reader.any())).toBe(REFUSED);
  });

  test('all of any size come back', () => {
    for (const size of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const bytes = der(OCTET_STRING, new Uint8Array(size).fill(7));
      expect(readDer(bytes, (reader) => reader.octets()).length).toBe(size);
    }
  });
});

describe('integers, booleans, bits', () => {
  test('what is not negative comes back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), (value) => {
        const digits = value.toString(16);
        const bytes = hexToBytes(digits.padStart(digits.length + (digits.length % 2), '0'));
        const read = readDer(derUnsigned(bytes), (reader) => reader.unsigned());
        expect(BigInt(`0x${bytesToHex(read)}`)).toBe(value);
      }),
    );
  });

  test.each(['0200', '02020001', '0201ff', '02028000'])('integer %s is refused', (hex) => {
    expect(codeOfReading(hex, (reader) => reader.unsigned())).toBe(REFUSED);
  });

  test('small integers end at 31 bits', () => {
    expect(readDer(hexToBytes('02047fffffff'), (reader) => reader.small())).toBe(2 ** 31 - 1);
    for (const hex of ['02050080000000', '02050100000000']) {
      expect(codeOfReading(hex, (reader) => reader.small())).toBe(REFUSED);
    }
  });

  test.each(['0100', '010101', '01020000'])('boolean %s is refused', (hex) => {
    expect(codeOfReading(hex, (reader) => reader.boolean())).toBe(REFUSED);
  });

  test.each(['0300', '030108', '030101', '03020101'])('bit string %s is refused', (hex) => {
    expect(codeOfReading(hex, (reader) => reader.bits())).toBe(REFUSED);
  });

  test('whole bytes are asked for of keys and signatures', () => {
    expect(codeOfReading('03020780', (reader) => reader.bits())).toBe('none');
    expect(codeOfReading('03020780', (reader) => reader.wholeBits())).toBe(REFUSED);
  });
});

describe('times', () => {
  const timeOf = (tag: number, text: string): string => {
    try {
      const nanoseconds = readDer(der(tag, utf8Encode(text)), (reader) => reader.time());
      return String(nanoseconds);
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  test.each([
    [0x17, '700101000000Z', '0'],
    [0x17, '491231235959Z', '2524607999000000000'],
    [0x17, '500101000000Z', '-631152000000000000'],
    [0x18, '20240229120000Z', '1709208000000000000'],
    [0x18, '20240229120000.123456789Z', '1709208000123456789'],
    [0x18, '20240229120000.1Z', '1709208000100000000'],
    [0x18, '99991231235959Z', '253402300799000000000'],
    [0x18, '20230229120000Z', REFUSED],
    [0x18, '20241301000000Z', REFUSED],
    [0x18, '20240001000000Z', REFUSED],
    [0x18, '20240100000000Z', REFUSED],
    [0x18, '20240101240000Z', REFUSED],
    [0x18, '20240101006000Z', REFUSED],
    [0x18, '20240101000060Z', REFUSED],
    [0x18, '20240229120000.10Z', REFUSED],
    [0x18, '20240229120000.Z', REFUSED],
    [0x18, '20240229120000.1234567891Z', REFUSED],
    [0x18, '20240229120000', REFUSED],
    [0x18, '202402291200Z', REFUSED],
    [0x18, `20240229120000Z${'x'.repeat(100)}`, REFUSED],
    [0x17, '20240229120000Z', REFUSED],
    [0x0c, '20240229120000Z', REFUSED],
  ])('tag %i %s', (tag, text, expected) => {
    expect(timeOf(tag, text)).toBe(expected);
  });
});

describe('names', () => {
  const one = (tag: number, value: Uint8Array): string =>
    nameText(der(0x30, der(0x31, der(0x30, derIdentifier('2.5.4.3'), der(tag, value)))));
  test.each([
    ['plain', 'CN=plain'],
    ['a, b+c=d', String.raw`CN=a\, b\+c=d`],
    [' #x ', String.raw`CN=\ #x\ `],
    [String.raw`a\b"c"`, String.raw`CN=a\\b\"c\"`],
    ['x\0y', String.raw`CN=x\00y`],
  ])('%j', (value, text) => {
    expect(one(0x0c, utf8Encode(value))).toBe(text);
  });

  test('what is no text is hexadecimal', () => {
    expect(one(0x0c, Uint8Array.of(0xff))).toBe('CN=#0c01ff');
    expect(one(0x1e, Uint8Array.of(0, 0x41))).toBe('CN=#1e020041');
  });
});

describe('requests', () => {
  const stamped = utf8Encode('hello\n');
  test('byte for byte (RFC 3161 §2.4.1)', () => {
    const nonce = hexToBytes('8001020304050607');
    expect(bytesToHex(buildTimeStampRequest(nativeCrypto, stamped, nonce))).toBe(
      '3042' +
        '020101' +
        '302f300b0609608648016503040201' +
        '04205891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03' +
        '0209008001020304050607' +
        '0101ff',
    );
  });

  test('a nonce too short to be unique is a bug of the caller', () => {
    const build = (): unknown => buildTimeStampRequest(nativeCrypto, stamped, new Uint8Array(7));
    expect(codeOf(build)).toBe('ERR_ASSERTION');
  });
});
