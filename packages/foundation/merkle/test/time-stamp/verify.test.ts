/** Time stamps are taken or refused, each refusal for its own reason. */

import { generateKeyPairSync } from 'node:crypto';

import { portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { type TimeStamp, parseCertificates, verifyTimeStamp } from '@veritydb/merkle';
import { codeOf } from '@veritydb/testkit';
import { formatTimestamp, utf8Encode } from '@veritydb/types';
import { describe, expect, test } from 'vitest';

import {
  AUTHORITY_EXTENSIONS,
  CODE_SIGNING,
  type Holder,
  OCTET_STRING,
  SEQUENCE,
  STAMP_EXTENSIONS,
  type Stamp,
  TIME_STAMPING,
  algorithm,
  attribute,
  constraints,
  context,
  contextConstructed,
  der,
  derIdentifier,
  digestOf,
  empty,
  extension,
  issue,
  issueBy,
  nameOf,
  pemOf,
  purposes,
  respond,
  signatureAlgorithm,
  signingCertificate,
  small,
  usage,
} from './authority.ts';

const stamped = utf8Encode('a signed checkpoint\n');
const nonce = Uint8Array.of(0, 0x9a, 1, 2, 3, 4, 5, 6);
const root = issue({ name: 'Root', serial: 1, extensions: AUTHORITY_EXTENSIONS });
const signer = issueBy(root, { name: 'Stamps', serial: 2, extensions: STAMP_EXTENSIONS });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });

function stamp(change: Partial<Stamp> = {}): Uint8Array {
  return respond({ stamped, nonce, signer, ...change });
}

function verify(
  response: Uint8Array,
  options: { readonly nonce?: Uint8Array | null; readonly roots?: readonly Holder[] } = {},
): TimeStamp {
  const request = { stamped, nonce: options.nonce === undefined ? nonce : options.nonce, response };
  const roots = parseCertificates(pemOf(...(options.roots ?? [root])));
  return verifyTimeStamp(nativeCrypto, request, roots);
}

function verdict(response: Uint8Array, roots?: readonly Holder[]): string {
  return codeOf(() => verify(response, roots === undefined ? {} : { roots }));
}

describe('what is right is taken', () => {
  test('with all that it says', () => {
    const response = stamp({
      beforeNonce: Uint8Array.from([
        ...der(
          SEQUENCE,
          small(2),
          der(context(0), Uint8Array.of(1, 0xf4)),
          der(context(1), Uint8Array.of(9)),
        ),
        ...der(0x01, Uint8Array.of(0xff)),
      ]),
      afterNonce: der(contextConstructed(0), der(contextConstructed(4), nameOf('Stamps'))),
    });
    const { time, ...rest } = verify(response);
    expect(formatTimestamp(time / 1000n)).toBe('2026-06-01T12:00:00.250000Z');
    expect(rest).toEqual({
      accuracyMicroseconds: 2_500_009,
      ordering: true,
      serial: '07',
      policy: '1.2.3.4.1',
      authority: 'CN=Stamps',
    });
    const request = { stamped, nonce, response };
    const roots = parseCertificates(pemOf(root));
    expect(verifyTimeStamp(portableCrypto, request, roots)).toEqual({ time, ...rest });
  });

  test('without what it may leave out', () => {
    expect(verify(stamp({ nonce: null }), { nonce: null })).toMatchObject({
      accuracyMicroseconds: null,
      ordering: false,
    });
  });

  test.each(['sha256', 'sha384', 'sha512'] as const)('RSA and ECDSA with %s', (hash) => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    for (const key of [rsa, p384]) {
      const top = issue({ name: 'Top', serial: 1, key, extensions: AUTHORITY_EXTENSIONS, hash });
      const by = { name: 'S', serial: 3, key, extensions: STAMP_EXTENSIONS, hash };
      const response = stamp({ signer: issueBy(top, by), hash });
      expect(verdict(response, [top])).toBe('none');
    }
  });

  test('RSA that names its hash in another place (RFC 5652 §10.1.2)', () => {
    const by = issueBy(root, { name: 'S', serial: 3, key: rsa, extensions: STAMP_EXTENSIONS });
    const response = stamp({ signer: by, signatureAlgorithm: algorithm('1.2.840.113549.1.1.1') });
    expect(verdict(response)).toBe('none');
  });

  test('a certificate named by its key, or by a hash, issuer and number', () => {
    const identifier = Uint8Array.of(1, 2, 3);
    const named = issueBy(root, {
      name: 'S',
      serial: 5,
      extensions: [
        ...STAMP_EXTENSIONS,
        extension('2.5.29.14', der(OCTET_STRING, identifier), false),
      ],
    });
    const byKey = { signer: named, signerVersion: 3, signerName: der(context(0), identifier) };
    expect(verdict(stamp(byKey))).toBe('none');
    const issuer = der(SEQUENCE, der(SEQUENCE, der(contextConstructed(4), root.name)), small(5));
    const full = attribute(
      '1.2.840.113549.1.9.16.2.47',
      der(
        SEQUENCE,
        der(
          SEQUENCE,
          der(SEQUENCE, der(OCTET_STRING, digestOf('sha256', named.certificate)), issuer),
        ),
      ),
    );
    const attributes: Stamp['attributes'] = ({ digest, type }) => [type, digest, full];
    expect(verdict(stamp({ signer: named, attributes }))).toBe('none');
    const other = attribute(
      '1.2.840.113549.1.9.16.2.47',
      der(
        SEQUENCE,
        der(
          SEQUENCE,
          der(
            SEQUENCE,
            der(OCTET_STRING, digestOf('sha256', named.certificate)),
            der(SEQUENCE, der(SEQUENCE, der(contextConstructed(4), root.name)), small(6)),
          ),
        ),
      ),
    );
    expect(
      verdict(stamp({ signer: named, attributes: ({ digest, type }) => [type, digest, other] })),
    ).toBe('ERR_MERKLE_TIME_STAMP_SIGNATURE');
  });

  test('over an authority between, in any order of certificates, and roots of others around', () => {
    const middle = issue({ name: 'Middle', serial: 9, by: root, extensions: AUTHORITY_EXTENSIONS });
    const below = issueBy(middle, { name: 'S', serial: 3, extensions: STAMP_EXTENSIONS });
    const certificates = [middle.certificate, below.certificate];
    const others = [1, 2, 3].map((serial) =>
      issue({ name: 'Other', serial, extensions: AUTHORITY_EXTENSIONS }),
    );
    for (const list of [certificates, certificates.toReversed()]) {
      expect(verdict(stamp({ signer: below, certificates: list }), [...others, root])).toBe('none');
    }
    // Trusted itself, it is where the path ends.
    expect(verdict(stamp({ signer: below }), [middle])).toBe('none');
  });
});

const IMPRINT = 'ERR_MERKLE_TIME_STAMP_IMPRINT';
const NONCE = 'ERR_MERKLE_TIME_STAMP_NONCE';
const SIGNATURE = 'ERR_MERKLE_TIME_STAMP_SIGNATURE';
const CERTIFICATE = 'ERR_MERKLE_CERTIFICATE';
const PATH = 'ERR_MERKLE_CERTIFICATE_PATH';
const FORM = 'ERR_MERKLE_TIME_STAMP';
const DER = 'ERR_MERKLE_DER';

const holder = (extensions: readonly Uint8Array[], more: object = {}): Holder =>
  issueBy(root, { name: 'S', serial: 3, extensions, ...more });

describe('stamps of others, or of another time, are refused', () => {
  test.each<[string, Partial<Stamp>, string]>([
    ['of other bytes', { stamped: utf8Encode('another checkpoint\n') }, IMPRINT],
    ['another nonce', { nonce: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }, NONCE],
    ['no nonce', { nonce: null }, NONCE],
    ['imprint by SHA-1', { imprintHash: 'sha1' }, FORM],
    ['signed by SHA-1', { hash: 'sha1' }, FORM],
    ['refused by the authority', { status: 2 }, 'ERR_MERKLE_TIME_STAMP_STATUS'],
    ['waiting', { status: 3 }, 'ERR_MERKLE_TIME_STAMP_STATUS'],
    ['a time that does not exist', { time: '20260230120000Z' }, DER],
    ['a time with zeros at its end', { time: '20260601120000.250Z' }, DER],
    ['a time of another zone', { time: '20260601120000+0100' }, DER],
    ['a time before 1970', { time: '19690601120000Z' }, FORM],
    ['a time that 64 bits do not hold', { time: '99990601120000Z' }, FORM],
    [
      'another authority than its certificate',
      { afterNonce: der(contextConstructed(0), der(contextConstructed(4), nameOf('Other'))) },
      SIGNATURE,
    ],
    [
      'a critical extension',
      {
        afterNonce: der(contextConstructed(1), extension('1.2.3', empty)),
      },
      FORM,
    ],
    [
      'accuracy out of range',
      { beforeNonce: der(SEQUENCE, der(context(0), Uint8Array.of(3, 0xe8))) },
      FORM,
    ],
  ])('%s', (_, change, code) => {
    expect(verdict(stamp(change))).toBe(code);
  });

  test('before the nonce, another order of members is not DER', () => {
    const ordering = der(0x01, Uint8Array.of(0xff));
    expect(verdict(stamp({ afterNonce: ordering }))).toBe(DER);
    expect(verdict(stamp({ beforeNonce: der(0x01, Uint8Array.of(1)) }))).toBe(DER);
  });
});

describe('signatures that do not cover it are refused', () => {
  const other = issueBy(root, { name: 'Stamps', serial: 2, extensions: STAMP_EXTENSIONS });
  test.each<[string, Partial<Stamp>, string]>([
    ['the certificate is missing', { certificates: [] }, SIGNATURE],
    ['another certificate of that name', { certificates: [other.certificate] }, SIGNATURE],
    ['no content type', { attributes: ({ digest, signing }) => [digest, signing] }, SIGNATURE],
    ['no digest', { attributes: ({ signing, type }) => [type, signing] }, SIGNATURE],
    ['no certificate named', { attributes: ({ digest, type }) => [type, digest] }, SIGNATURE],
    ['no attributes', { attributes: () => [] }, SIGNATURE],
    [
      'content of another type',
      {
        attributes: ({ digest, signing }) => [
          attribute('1.2.840.113549.1.9.3', derIdentifier('1.2.840.113549.1.7.1')),
          digest,
          signing,
        ],
      },
      SIGNATURE,
    ],
    [
      'digest of another content',
      {
        attributes: ({ signing, type }) => [
          type,
          attribute('1.2.840.113549.1.9.4', der(OCTET_STRING, digestOf('sha256', stamped))),
          signing,
        ],
      },
      SIGNATURE,
    ],
    [
      'ESSCertIDv2 of another certificate',
      {
        attributes: ({ digest, type }) => [type, digest, signingCertificate(other.certificate)],
      },
      SIGNATURE,
    ],
    [
      'ESSCertID alone, by SHA-1',
      {
        attributes: ({ digest, type }) => [
          type,
          digest,
          attribute(
            '1.2.840.113549.1.9.16.2.12',
            der(
              SEQUENCE,
              der(SEQUENCE, der(SEQUENCE, der(OCTET_STRING, digestOf('sha1', signer.certificate)))),
            ),
          ),
        ],
      },
      SIGNATURE,
    ],
    [
      'ESSCertIDv2 by SHA-1',
      {
        attributes: ({ digest, type }) => [
          type,
          digest,
          signingCertificate(signer.certificate, 'sha1'),
        ],
      },
      FORM,
    ],
    [
      'an attribute twice',
      {
        attributes: ({ digest, signing, type }) => [
          type,
          digest,
          signing,
          signingCertificate(other.certificate),
        ],
      },
      FORM,
    ],
    [
      'an attribute with two values',
      {
        attributes: ({ digest, signing }) => [
          digest,
          signing,
          attribute('1.2.840.113549.1.9.3', derIdentifier('1.2.3'), derIdentifier('1.2.4')),
        ],
      },
      DER,
    ],
    ['attributes out of order', { isSorted: false }, FORM],
    ['another hash than it names', { signatureAlgorithm: algorithm('1.2.840.10045.4.3.3') }, FORM],
    [
      'another kind of key',
      { signatureAlgorithm: signatureAlgorithm(rsa.privateKey, 'sha256') },
      FORM,
    ],
    ['a hash that is no signature', { signatureAlgorithm: algorithm('1.2.840.10045.4.1') }, FORM],
    ['the version of another signer', { signerVersion: 3 }, FORM],
  ])('%s', (_, change, code) => {
    expect(verdict(stamp(change))).toBe(code);
  });
});

describe('certificates that are not fit are refused', () => {
  const [free, signing, stamping] = STAMP_EXTENSIONS as [Uint8Array, Uint8Array, Uint8Array];
  test.each<[string, readonly Uint8Array[], string]>([
    ['no purpose', [free, signing], CERTIFICATE],
    [
      'a purpose that is not critical',
      [free, signing, purposes([TIME_STAMPING], false)],
      CERTIFICATE,
    ],
    ['another purpose', [free, signing, purposes([CODE_SIGNING])], CERTIFICATE],
    [
      'another purpose beside it',
      [free, signing, purposes([TIME_STAMPING, CODE_SIGNING])],
      CERTIFICATE,
    ],
    ['any purpose', [free, signing, purposes(['2.5.29.37.0'])], CERTIFICATE],
    ['a key for encipherment too', [free, usage(0xa0, 5), stamping], CERTIFICATE],
    ['a key for nothing', [free, usage(0x00, 0), stamping], CERTIFICATE],
    ['a critical extension', [...STAMP_EXTENSIONS, extension('1.2.3', empty)], CERTIFICATE],
    ['an extension twice', [...STAMP_EXTENSIONS, stamping], CERTIFICATE],
    ['no extension', [], CERTIFICATE],
    ['without key usage it is fit', [free, stamping], 'none'],
    ['non-repudiation is fit', [free, usage(0x40, 6), stamping], 'none'],
    [
      'an unknown extension is passed over',
      [...STAMP_EXTENSIONS, extension('1.2.3', empty, false)],
      'none',
    ],
  ])('%s', (_, extensions, code) => {
    expect(verdict(stamp({ signer: holder(extensions) }))).toBe(code);
  });

  test.each([
    ['expired at the time of the stamp', { notAfter: '20260601115959Z' }, CERTIFICATE],
    ['not yet valid then', { notBefore: '20260601120001Z' }, CERTIFICATE],
    ['in its last second', { notAfter: '20260601120000Z' }, 'none'],
    ['of RSA with 1024 bits', { key: weak }, SIGNATURE],
    ['signed by SHA-1', { hash: 'sha1' }, PATH],
  ])('%s', (_, change, code) => {
    expect(verdict(stamp({ signer: holder(STAMP_EXTENSIONS, change) }))).toBe(code);
  });
});

describe('paths that do not lead to a trusted root are refused', () => {
  const through = (extensions: readonly Uint8Array[], more: object = {}): string => {
    const middle = issue({ name: 'Middle', serial: 4, by: root, extensions, ...more });
    const below = issueBy(middle, { name: 'S', serial: 3, extensions: STAMP_EXTENSIONS });
    const certificates = [below.certificate, middle.certificate];
    return verdict(stamp({ signer: below, certificates }));
  };
  const [isAuthority, issuing] = AUTHORITY_EXTENSIONS as [Uint8Array, Uint8Array];

  test('a chain of one’s own, with the names of the real one', () => {
    const forged = issue({ name: 'Root', serial: 1, extensions: AUTHORITY_EXTENSIONS });
    const below = issueBy(forged, { name: 'Stamps', serial: 2, extensions: STAMP_EXTENSIONS });
    const certificates = [below.certificate, forged.certificate];
    expect(verdict(stamp({ signer: below, certificates }))).toBe(PATH);
    expect(verdict(stamp(), [])).toBe(CERTIFICATE);
    expect(
      verdict(stamp({ signer: issue({ name: 'Alone', serial: 2, extensions: STAMP_EXTENSIONS }) })),
    ).toBe(PATH);
  });

  test.each<[string, readonly Uint8Array[], object, string]>([
    ['fit', AUTHORITY_EXTENSIONS, {}, 'none'],
    ['fit, with a purpose', [...AUTHORITY_EXTENSIONS, purposes([TIME_STAMPING])], {}, 'none'],
    ['no authority', [constraints(false), issuing], {}, PATH],
    ['without constraints', [issuing], {}, PATH],
    ['not for certificates', [isAuthority, usage(0x80, 7)], {}, PATH],
    ['for another purpose', [...AUTHORITY_EXTENSIONS, purposes([CODE_SIGNING])], {}, PATH],
    ['a critical extension', [...AUTHORITY_EXTENSIONS, extension('2.5.29.30', empty)], {}, PATH],
    // RFC 5280 §4.2.1.10 has it critical; who forgot to say so has restricted the names no less.
    ['of some names', [...AUTHORITY_EXTENSIONS, extension('2.5.29.30', empty, false)], {}, PATH],
    ['expired', AUTHORITY_EXTENSIONS, { notAfter: '20260101000000Z' }, PATH],
    ['not yet valid', AUTHORITY_EXTENSIONS, { notBefore: '20270101000000Z' }, PATH],
    ['signed by SHA-1', AUTHORITY_EXTENSIONS, { hash: 'sha1' }, PATH],
    ['of RSA with 1024 bits', AUTHORITY_EXTENSIONS, { key: weak }, PATH],
  ])('an authority between: %s', (_, extensions, more, code) => {
    expect(through(extensions, more)).toBe(code);
  });

  test('a root that is not fit, or not valid', () => {
    for (const change of [
      { extensions: [issuing] },
      { extensions: AUTHORITY_EXTENSIONS, notAfter: '20260101000000Z' },
    ]) {
      const top = issue({ name: 'Top', serial: 1, ...change });
      const below = issueBy(top, { name: 'S', serial: 3, extensions: STAMP_EXTENSIONS });
      expect(verdict(stamp({ signer: below }), [top])).toBe(PATH);
    }
  });

  test('longer than its length allows', () => {
    const path = (length: number, between: number): string => {
      const extensions = [constraints(true, length), usage(0x04, 2)];
      const top = issue({ name: 'Top', serial: 1, extensions });
      const chain = [top];
      for (let index = 0; index < between; index += 1) {
        const by = chain.at(-1) as Holder;
        const name = `Middle ${index}`;
        chain.push(issue({ name, serial: 9, by, extensions: AUTHORITY_EXTENSIONS }));
      }
      const last = chain.at(-1) as Holder;
      const below = issueBy(last, { name: 'S', serial: 3, extensions: STAMP_EXTENSIONS });
      const certificates = [below, ...chain.slice(1)].map(({ certificate }) => certificate);
      return verdict(stamp({ signer: below, certificates }), [top]);
    };
    expect(path(0, 0)).toBe('none');
    expect(path(0, 1)).toBe(PATH);
    expect(path(1, 1)).toBe('none');
    expect(path(1, 2)).toBe(PATH);
    expect(path(99, 7)).toBe('none');
    expect(path(99, 8)).toBe(PATH);
  });

  test('certificates that sign each other around and around end the search', () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const loop = Array.from({ length: 30 }, (_, serial) =>
      issue({ name: 'Loop', serial, key, extensions: AUTHORITY_EXTENSIONS }),
    );
    const below = issueBy(loop[0] as Holder, {
      name: 'S',
      serial: 3,
      extensions: STAMP_EXTENSIONS,
    });
    const certificates = [below, ...loop].map(({ certificate }) => certificate);
    expect(verdict(stamp({ signer: below, certificates }))).toBe(PATH);
  });
});
