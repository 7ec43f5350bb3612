/**
 * A time-stamp authority of the tests' own: it issues what is right, and whatever an attacker or a
 * careless authority might issue, which no tool makes on demand.
 */

import { type KeyObject, createHash, generateKeyPairSync, sign } from 'node:crypto';

import { concatBytes, utf8Encode } from '@veritydb/types';

import {
  BIT_STRING,
  BOOLEAN,
  GENERALIZED_TIME,
  NULL,
  OCTET_STRING,
  SEQUENCE,
  SET,
  context,
  contextConstructed,
  der,
  derIdentifier,
  derUnsigned,
} from '../../src/time-stamp/der.ts';

export const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
export const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
export const STAMP_INFO = '1.2.840.113549.1.9.16.1.4';

type Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512';
const HASHES: Readonly<Record<Hash, string>> = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};
const RSA: Readonly<Record<Hash, string>> = {
  sha1: '1.2.840.113549.1.1.5',
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
};
const ECDSA: Readonly<Record<Hash, string>> = {
  sha1: '1.2.840.10045.4.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
};

export function digestOf(hash: Hash, bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(createHash(hash).update(bytes).digest());
}

export function small(value: number): Uint8Array {
  return derUnsigned(Uint8Array.of(value >> 8, value & 0xff));
}

export function algorithm(identifier: string, parameters: Uint8Array = empty): Uint8Array {
  return der(SEQUENCE, derIdentifier(identifier), parameters);
}

export const empty: Uint8Array = new Uint8Array(0);
export const hashAlgorithm = (hash: Hash): Uint8Array => algorithm(HASHES[hash]);

export function signatureAlgorithm(key: KeyObject, hash: Hash): Uint8Array {
  return key.asymmetricKeyType === 'rsa' ? algorithm(RSA[hash], der(NULL)) : algorithm(ECDSA[hash]);
}

export function nameOf(commonName: string): Uint8Array {
  return der(
    SEQUENCE,
    der(SET, der(SEQUENCE, derIdentifier('2.5.4.3'), der(0x0c, utf8Encode(commonName)))),
  );
}

function bits(bytes: Uint8Array, unused = 0): Uint8Array {
  return der(BIT_STRING, Uint8Array.of(unused), bytes);
}

export function generalizedTime(text: string): Uint8Array {
  return der(GENERALIZED_TIME, utf8Encode(text));
}

export function extension(identifier: string, value: Uint8Array, critical = true): Uint8Array {
  const mark = critical ? der(BOOLEAN, Uint8Array.of(0xff)) : empty;
  return der(SEQUENCE, derIdentifier(identifier), mark, der(OCTET_STRING, value));
}

export function purposes(list: readonly string[], critical = true): Uint8Array {
  return extension('2.5.29.37', der(SEQUENCE, ...list.map(derIdentifier)), critical);
}

/** Bits of KeyUsage as a byte and how many of it are not in use. */
export function usage(byte: number, unused: number): Uint8Array {
  return extension('2.5.29.15', bits(Uint8Array.of(byte), unused));
}

export function constraints(isAuthority: boolean, pathLength?: number): Uint8Array {
  const flag = isAuthority ? der(BOOLEAN, Uint8Array.of(0xff)) : empty;
  return extension(
    '2.5.29.19',
    der(SEQUENCE, flag, pathLength === undefined ? empty : small(pathLength)),
  );
}

export const AUTHORITY_EXTENSIONS: readonly Uint8Array[] = [constraints(true), usage(0x04, 2)];
export const STAMP_EXTENSIONS: readonly Uint8Array[] = [
  constraints(false),
  usage(0x80, 7),
  purposes([TIME_STAMPING]),
];

export interface Holder {
  readonly name: Uint8Array;
  readonly issuer: Uint8Array;
  readonly serial: number;
  readonly privateKey: KeyObject;
  readonly certificate: Uint8Array;
}

export interface Issue {
  readonly name: string;
  readonly serial: number;
  /** Who issues it: itself where there is none. */
  readonly by?: Holder;
  readonly key?: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  readonly extensions: readonly Uint8Array[];
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly hash?: Hash;
}

export function issue(request: Issue): Holder {
  const { by, serial } = request;
  const key = request.key ?? generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = nameOf(request.name);
  const issuer = by?.name ?? name;
  const signer = by?.privateKey ?? key.privateKey;
  const signature = signatureAlgorithm(signer, request.hash ?? 'sha256');
  const body = der(
    SEQUENCE,
    der(contextConstructed(0), small(2)),
    small(serial),
    signature,
    issuer,
    der(
      SEQUENCE,
      generalizedTime(request.notBefore ?? '20200101000000Z'),
      generalizedTime(request.notAfter ?? '99991231235959Z'),
    ),
    name,
    Uint8Array.from(key.publicKey.export({ format: 'der', type: 'spki' })),
    request.extensions.length === 0
      ? empty
      : der(contextConstructed(3), der(SEQUENCE, ...request.extensions)),
  );
  const signed = Uint8Array.from(sign(request.hash ?? 'sha256', body, signer));
  const certificate = der(SEQUENCE, body, signature, bits(signed));
  return { name, issuer, serial, privateKey: key.privateKey, certificate };
}

export function pemOf(...holders: readonly Holder[]): string {
  return holders
    .map(({ certificate }) => {
      const base64 = Buffer.from(certificate).toString('base64').replaceAll(/.{64}/g, '$&\n');
      return `-----BEGIN CERTIFICATE-----\n${base64.trim()}\n-----END CERTIFICATE-----\n`;
    })
    .join('');
}

export interface Stamp {
  readonly stamped: Uint8Array;
  readonly nonce: Uint8Array | null;
  readonly signer: Holder;
  readonly certificates?: readonly Uint8Array[];
  readonly time?: string;
  readonly hash?: Hash;
  readonly imprintHash?: Hash;
  readonly status?: number;
  /** What stands in TSTInfo from the accuracy up to the nonce, and behind it. */
  readonly beforeNonce?: Uint8Array;
  readonly afterNonce?: Uint8Array;
  /** Signed attributes in place of the right ones. */
  readonly attributes?: (right: RightAttributes) => readonly Uint8Array[];
  readonly isSorted?: boolean;
  readonly signatureAlgorithm?: Uint8Array;
  readonly signerName?: Uint8Array;
  readonly signerVersion?: number;
  readonly unsigned?: Uint8Array;
}

export interface RightAttributes {
  readonly type: Uint8Array;
  readonly digest: Uint8Array;
  readonly signing: Uint8Array;
}

export function attribute(identifier: string, ...values: readonly Uint8Array[]): Uint8Array {
  return der(SEQUENCE, derIdentifier(identifier), der(SET, ...values));
}

/** SigningCertificateV2 of one certificate, by SHA-256 unless said otherwise. */
export function signingCertificate(certificate: Uint8Array, hash: Hash = 'sha256'): Uint8Array {
  const name = hash === 'sha256' ? empty : hashAlgorithm(hash);
  const identifier = der(SEQUENCE, name, der(OCTET_STRING, digestOf(hash, certificate)));
  return attribute('1.2.840.113549.1.9.16.2.47', der(SEQUENCE, der(SEQUENCE, identifier)));
}

function stampInfo(stamp: Stamp): Uint8Array {
  const hash = stamp.imprintHash ?? 'sha256';
  return der(
    SEQUENCE,
    small(1),
    derIdentifier('1.2.3.4.1'),
    der(SEQUENCE, hashAlgorithm(hash), der(OCTET_STRING, digestOf(hash, stamp.stamped))),
    small(7),
    generalizedTime(stamp.time ?? '20260601120000.25Z'),
    stamp.beforeNonce ?? empty,
    stamp.nonce === null ? empty : derUnsigned(stamp.nonce),
    stamp.afterNonce ?? empty,
  );
}

function signerInfo(stamp: Stamp, content: Uint8Array): Uint8Array {
  const hash = stamp.hash ?? 'sha256';
  const { certificate, issuer, privateKey, serial } = stamp.signer;
  const right: RightAttributes = {
    type: attribute('1.2.840.113549.1.9.3', derIdentifier(STAMP_INFO)),
    digest: attribute('1.2.840.113549.1.9.4', der(OCTET_STRING, digestOf(hash, content))),
    signing: signingCertificate(certificate),
  };
  const chosen = stamp.attributes?.(right) ?? [right.type, right.digest, right.signing];
  const sorted = chosen.toSorted((a, b) => Buffer.compare(a, b));
  const attributes = concatBytes(...(stamp.isSorted === false ? sorted.toReversed() : sorted));
  return der(
    SEQUENCE,
    small(stamp.signerVersion ?? 1),
    stamp.signerName ?? der(SEQUENCE, issuer, small(serial)),
    hashAlgorithm(hash),
    der(contextConstructed(0), attributes),
    stamp.signatureAlgorithm ?? signatureAlgorithm(privateKey, hash),
    der(OCTET_STRING, Uint8Array.from(sign(hash, der(SET, attributes), privateKey))),
    stamp.unsigned ?? empty,
  );
}

/** Issued by somebody else. */
export function issueBy(by: Holder, request: Omit<Issue, 'by'>): Holder {
  return issue({ ...request, by });
}

/** The whole answer. */
export function respond(stamp: Stamp): Uint8Array {
  const content = stampInfo(stamp);
  const certificates = stamp.certificates ?? [stamp.signer.certificate];
  const signedData = der(
    SEQUENCE,
    small(3),
    der(SET, hashAlgorithm(stamp.hash ?? 'sha256')),
    der(
      SEQUENCE,
      derIdentifier(STAMP_INFO),
      der(contextConstructed(0), der(OCTET_STRING, content)),
    ),
    certificates.length === 0 ? empty : der(contextConstructed(0), ...certificates),
    der(SET, signerInfo(stamp, content)),
  );
  const token = der(
    SEQUENCE,
    derIdentifier('1.2.840.113549.1.7.2'),
    der(contextConstructed(0), signedData),
  );
  return der(SEQUENCE, der(SEQUENCE, small(stamp.status ?? 0)), token);
}

export { OCTET_STRING, SEQUENCE, context, contextConstructed, der, derIdentifier };
