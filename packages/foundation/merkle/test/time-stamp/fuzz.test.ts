/** Damaged and invented time stamps: refused with a code of ours, or nothing that was signed is touched. */

import { nativeCrypto } from '@veritydb/crypto/native';
import {
  MerkleError,
  type TimeStamp,
  buildTimeStampRequest,
  parseCertificates,
  verifyTimeStamp,
} from '@veritydb/merkle';
import { codeOf } from '@veritydb/testkit';
import { concatBytes, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseCertificate } from '../../src/time-stamp/certificate.ts';
import { parseTimeStampResponse } from '../../src/time-stamp/response.ts';
import { parseStampInfo } from '../../src/time-stamp/stamp-info.ts';
import {
  AUTHORITY_EXTENSIONS,
  STAMP_EXTENSIONS,
  attribute,
  contextConstructed,
  der,
  issue,
  issueBy,
  pemOf,
  respond,
} from './authority.ts';

const stamped = utf8Encode('a signed checkpoint\n');
const nonce = Uint8Array.of(0x9a, 1, 2, 3, 4, 5, 6, 7);
const root = issue({ name: 'Root', serial: 1, extensions: AUTHORITY_EXTENSIONS });
const signer = issueBy(root, { name: 'Stamps', serial: 2, extensions: STAMP_EXTENSIONS });
const stranger = issue({ name: 'Stranger', serial: 8, extensions: STAMP_EXTENSIONS });
const unsigned = der(
  contextConstructed(1),
  attribute('1.2.3.4', der(0x0c, utf8Encode('said by nobody'))),
);
const response = respond({
  stamped,
  nonce,
  signer,
  certificates: [stranger.certificate, signer.certificate],
  unsigned,
});
const roots = parseCertificates(pemOf(root));

function verify(bytes: Uint8Array): TimeStamp {
  return verifyTimeStamp(nativeCrypto, { stamped, nonce, response: bytes }, roots);
}

function placeOf(part: Uint8Array): { readonly start: number; readonly end: number } {
  const start = Buffer.from(response).indexOf(part);
  expect(start).toBeGreaterThan(0);
  return { start, end: start + part.length };
}

/** Anything but a code of this room fails the test. */
function expectRefusal(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(MerkleError);
  }
}

describe('a changed byte', () => {
  // Which of two things nobody signed may say: a certificate that is not the signer's, attributes that
  // are not signed, and whether the stamp was granted as asked or with modifications, which it shows.
  const untold = [placeOf(stranger.certificate), placeOf(unsigned)];
  const statusAt = 8;

  test.each([0x01, 0x80, 0xff])(
    'flipped by %i is refused, or nothing signed is changed',
    (mask) => {
      const original = verify(response);
      const taken: number[] = [];
      for (const index of response.keys()) {
        const changed = response.slice();
        changed[index] = (changed[index] as number) ^ mask;
        let stamp: TimeStamp;
        try {
          stamp = verify(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(MerkleError);
          continue;
        }
        taken.push(index);
        expect(stamp).toEqual(original);
      }
      expect(response[statusAt]).toBe(0);
      const elsewhere = taken.filter(
        (index) =>
          index !== statusAt && !untold.some(({ start, end }) => index >= start && index < end),
      );
      expect(elsewhere).toEqual([]);
    },
  );

  test('any number of bytes less or more are refused', () => {
    for (const size of response.keys()) {
      expect(codeOf(() => verify(response.subarray(0, size)))).toBe('ERR_MERKLE_DER');
    }
    for (const tail of [Uint8Array.of(0), Uint8Array.of(0, 0), response]) {
      expect(codeOf(() => verify(concatBytes(response, tail)))).toBe('ERR_MERKLE_DER');
    }
  });
});

describe('bytes of any kind', () => {
  const parsers: readonly ((bytes: Uint8Array) => unknown)[] = [
    parseTimeStampResponse,
    parseStampInfo,
    parseCertificate,
    verify,
  ];
  const pieces = [
    response,
    signer.certificate,
    buildTimeStampRequest(nativeCrypto, stamped, nonce),
  ];

  test('end in a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const parse of parsers) expectRefusal(() => parse(bytes));
      }),
      { numRuns: 500 },
    );
  });

  test('and so do pieces of true ones, put together anew', () => {
    const piece = fc
      .tuple(fc.constantFrom(...pieces), fc.nat(), fc.nat({ max: 300 }))
      .map(([bytes, at, size]) => bytes.subarray(at % bytes.length, (at % bytes.length) + size));
    const change = fc.tuple(fc.nat(), fc.nat({ max: 8 }), piece);
    fc.assert(
      fc.property(
        fc.constantFrom(...pieces),
        fc.array(change, { maxLength: 3 }),
        (bytes, changes) => {
          let changed = bytes;
          for (const [place, gone, inserted] of changes) {
            const at = place % changed.length;
            changed = concatBytes(changed.subarray(0, at), inserted, changed.subarray(at + gone));
          }
          for (const parse of parsers) expectRefusal(() => parse(changed));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('PEM of any kind', () => {
    const pem = pemOf(root, signer);
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc
        .tuple(fc.nat({ max: pem.length }), fc.string({ maxLength: 3 }))
        .map(([at, inserted]) => pem.slice(0, at) + inserted + pem.slice(at + 1)),
    );
    fc.assert(
      fc.property(text, (one) => {
        expectRefusal(() => parseCertificates(one));
      }),
      { numRuns: 500 },
    );
  });

  test('more than a mebibyte, and more certificates than anybody has, are not looked at', () => {
    expect(codeOf(() => verify(new Uint8Array((1 << 20) + 1)))).toBe('ERR_MERKLE_DER');
    const many = Array.from({ length: 33 }, () => signer.certificate);
    const bytes = respond({ stamped, nonce, signer, certificates: many });
    expect(codeOf(() => verify(bytes))).toBe('ERR_MERKLE_TIME_STAMP');
    const pem = pemOf(root).repeat(513);
    expect(codeOf(() => parseCertificates(pem))).toBe('ERR_MERKLE_CERTIFICATE');
    expect(codeOf(() => parseCertificates(' '.repeat(4_000_001)))).toBe('ERR_MERKLE_CERTIFICATE');
  });
});
