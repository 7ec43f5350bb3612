/**
 * X.509 certificates (RFC 5280 §4), as much as the chain of a time-stamp authority needs.
 *
 * A certificate that is read is well-formed and no more: whether it may be trusted is for the path.
 */

import { TypesError, base64ToBytes } from '@veritydb/types';

import { MerkleError } from '../error.ts';
import { type AlgorithmIdentifier, readAlgorithm } from './algorithm.ts';
import {
  BOOLEAN,
  type DerReader,
  INTEGER,
  SEQUENCE,
  context,
  contextConstructed,
  readAll,
  readDer,
  readInside,
} from './der.ts';

export interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

export interface Certificate {
  readonly bytes: Uint8Array;
  /** The part that is signed. */
  readonly signedBytes: Uint8Array;
  readonly serial: Uint8Array;
  /** Names as DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Nanoseconds since the Unix epoch, both inclusive. */
  readonly notBefore: bigint;
  readonly notAfter: bigint;
  readonly publicKeyInfo: Uint8Array;
  readonly extensions: ReadonlyMap<string, Extension>;
  readonly algorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

export const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
export const KEY_USAGE = '2.5.29.15';
export const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
export const BASIC_CONSTRAINTS = '2.5.29.19';
export const EXTENDED_KEY_USAGE = '2.5.29.37';
const VERSION_3 = 2;

/** Bits of KeyUsage by their numbers (RFC 5280 §4.2.1.3). */
export const DIGITAL_SIGNATURE = 0;
export const NON_REPUDIATION = 1;
export const KEY_CERTIFICATE_SIGN = 5;

/** @throws {MerkleError} ERR_MERKLE_DER, ERR_MERKLE_CERTIFICATE */
export function parseCertificate(bytes: Uint8Array): Certificate {
  return readDer(bytes, (outer) =>
    readInside(outer, SEQUENCE, (reader) => {
      const signedPart = reader.read(SEQUENCE);
      const algorithm = readAlgorithm(reader);
      const signature = reader.wholeBits();
      const inner = readDer(signedPart.content, (body) => readBody(body, algorithm));
      return { ...inner, bytes, signedBytes: signedPart.bytes, algorithm, signature };
    }),
  );
}

type Body = Omit<Certificate, 'bytes' | 'signedBytes' | 'algorithm' | 'signature'>;

function readBody(reader: DerReader, algorithm: AlgorithmIdentifier): Body {
  const hasVersion = reader.nextIs(contextConstructed(0));
  const version = hasVersion
    ? readInside(reader, contextConstructed(0), (inner) => inner.small())
    : 0;
  const serial = reader.unsigned();
  if (readAlgorithm(reader).identifier !== algorithm.identifier) {
    throw malformed('it names two algorithms of signature');
  }
  const issuer = reader.read(SEQUENCE).bytes;
  const [notBefore, notAfter] = readInside(
    reader,
    SEQUENCE,
    (times) => [times.time(), times.time()] as const,
  );
  const subject = reader.read(SEQUENCE).bytes;
  const publicKeyInfo = reader.read(SEQUENCE).bytes;
  // Unique identifiers of issuer and subject: allowed, and of no use.
  for (const tag of [context(1), context(2)]) if (reader.nextIs(tag)) reader.read(tag);
  const extensions = reader.nextIs(contextConstructed(3))
    ? readInside(reader, contextConstructed(3), readExtensions)
    : new Map<string, Extension>();
  if (extensions.size > 0 && version !== VERSION_3) throw malformed('extensions need version 3');
  return { serial, issuer, notBefore, notAfter, subject, publicKeyInfo, extensions };
}

/** Extensions, each once (RFC 5280 §4.2). */
export function readExtensions(
  reader: DerReader,
  tag: number = SEQUENCE,
): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  readAll(reader, tag, (list) => {
    readInside(list, SEQUENCE, (inner) => {
      const identifier = inner.identifier();
      const critical = inner.nextIs(BOOLEAN) ? inner.boolean() : false;
      if (extensions.has(identifier)) throw malformed(`extension ${identifier} stands twice`);
      extensions.set(identifier, { critical, value: inner.octets() });
    });
  });
  return extensions;
}

/** Purposes of the key, or null where the certificate restricts them to none. */
export function extendedKeyUsage({ extensions }: Certificate): readonly string[] | null {
  const extension = extensions.get(EXTENDED_KEY_USAGE);
  if (extension === undefined) return null;
  return readDer(extension.value, (reader) =>
    readAll(reader, SEQUENCE, (inner) => inner.identifier()),
  );
}

/** Numbers of the bits of KeyUsage that are set, or null where there is none. */
export function keyUsage({ extensions }: Certificate): readonly number[] | null {
  const extension = extensions.get(KEY_USAGE);
  if (extension === undefined) return null;
  const { bytes } = readDer(extension.value, (reader) => reader.bits());
  return Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter(
    (bit) => (((bytes[bit >> 3] as number) >> (7 - (bit & 7))) & 1) === 1,
  );
}

/** Whether it is the certificate of an authority, and how many more may stand below it. */
export function basicConstraints({ extensions }: Certificate): {
  readonly isAuthority: boolean;
  readonly pathLength: number | null;
} {
  const extension = extensions.get(BASIC_CONSTRAINTS);
  if (extension === undefined) return { isAuthority: false, pathLength: null };
  return readDer(extension.value, (outer) =>
    readInside(outer, SEQUENCE, (reader) => ({
      isAuthority: reader.nextIs(BOOLEAN) ? reader.boolean() : false,
      pathLength: reader.nextIs(INTEGER) ? reader.small() : null,
    })),
  );
}

const PEM_LENGTH_MAX = 4_000_000;
const CERTIFICATES_COUNT_MAX = 512;
const PEM = /-----BEGIN CERTIFICATE-----\r?\n([A-Za-z0-9+/=\r\n]+?)\r?\n-----END CERTIFICATE-----/g;

/**
 * Reads the certificates of a PEM file (RFC 7468 §5); text between them is passed over.
 *
 * @throws {MerkleError} ERR_MERKLE_DER, ERR_MERKLE_CERTIFICATE, also where there is none
 */
export function parseCertificates(pem: string): readonly Certificate[] {
  // Attacker-controlled: bounded before it is looked at.
  if (pem.length > PEM_LENGTH_MAX) throw malformed('the file is longer than 4 million characters');
  const bodies = Array.from(pem.matchAll(PEM), ([, body = '']) => body.replaceAll(/[\r\n]/g, ''));
  const begun = pem.split('-----BEGIN CERTIFICATE-----').length - 1;
  if (bodies.length === 0 || bodies.length !== begun) throw malformed('the file is no PEM of any');
  if (bodies.length > CERTIFICATES_COUNT_MAX) throw malformed('the file has too many of them');
  return bodies.map((body) => parseCertificate(decodeBase64(body)));
}

function decodeBase64(text: string): Uint8Array {
  try {
    return base64ToBytes(text);
  } catch (error) {
    if (!(error instanceof TypesError)) throw error;
    throw malformed('base64 is not canonical');
  }
}

function malformed(what: string): MerkleError {
  return new MerkleError('format', 'ERR_MERKLE_CERTIFICATE', `certificate is refused: ${what}`, {
    hint: 'give certificates as PEM, as their authority publishes them',
  });
}
