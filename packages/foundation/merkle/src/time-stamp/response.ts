/**
 * Answers of a time-stamp authority (RFC 3161 §2.4.2): a status, and a token that is CMS SignedData
 * (RFC 5652 §5) around TSTInfo, with one signer.
 *
 * Parsed is not verified: nothing here is to be believed.
 */

import type { Sha2 } from '@veritydb/crypto';
import { compareBytes } from '@veritydb/types';

import { MerkleError } from '../error.ts';
import { type AlgorithmIdentifier, readAlgorithm, sha2Of } from './algorithm.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import {
  DerReader,
  SEQUENCE,
  SET,
  context,
  contextConstructed,
  der,
  readAll,
  readDer,
  readInside,
} from './der.ts';

const GRANTED = 0;
const GRANTED_WITH_MODIFICATIONS = 1;
const SIGNED_DATA = '1.2.840.113549.1.7.2';
/** id-ct-TSTInfo. */
export const STAMP_INFO = '1.2.840.113549.1.9.16.1.4';
const CERTIFICATES_COUNT_MAX = 32;
/** RFC 5652 §5.1: of content that is not plain data. */
const SIGNED_DATA_VERSION = 3;

/** Whose signature it is said to be. */
export type SignerName =
  | { readonly kind: 'serial'; readonly issuer: Uint8Array; readonly serial: Uint8Array }
  | { readonly kind: 'key'; readonly keyIdentifier: Uint8Array };

export interface TimeStampToken {
  /** TSTInfo, as the signer's digest covers it. */
  readonly content: Uint8Array;
  readonly certificates: readonly Certificate[];
  readonly signer: SignerName;
  readonly sha2: Sha2;
  /** Values of the signed attributes by their type: each once, with one value. */
  readonly attributes: ReadonlyMap<string, Uint8Array>;
  /** What the signature is over: the signed attributes as a SET (RFC 5652 §5.4). */
  readonly signedBytes: Uint8Array;
  readonly algorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
}

/**
 * Reads the answer of an authority.
 *
 * @throws {MerkleError} ERR_MERKLE_TIME_STAMP_STATUS where it gave no stamp; ERR_MERKLE_DER,
 * ERR_MERKLE_TIME_STAMP, ERR_MERKLE_CERTIFICATE
 */
export function parseTimeStampResponse(bytes: Uint8Array): TimeStampToken {
  return readDer(bytes, (outer) =>
    readInside(outer, SEQUENCE, (reader) => {
      const status = reader.sequence().small();
      if (status !== GRANTED && status !== GRANTED_WITH_MODIFICATIONS) throw notGranted(status);
      return readInside(reader, SEQUENCE, readContentInfo);
    }),
  );
}

function readContentInfo(reader: DerReader): TimeStampToken {
  if (reader.identifier() !== SIGNED_DATA) throw malformed('it is no CMS SignedData');
  return readInside(reader, contextConstructed(0), (inner) =>
    readInside(inner, SEQUENCE, readSignedData),
  );
}

function readSignedData(reader: DerReader): TimeStampToken {
  if (reader.small() !== SIGNED_DATA_VERSION) throw malformed('its version is not 3');
  const algorithms = readAll(reader, SET, readAlgorithm);
  const content = readInside(reader, SEQUENCE, (inner) => {
    if (inner.identifier() !== STAMP_INFO) throw malformed('it holds something else');
    return readInside(inner, contextConstructed(0), (explicit) => explicit.octets());
  });
  const certificates = reader.nextIs(contextConstructed(0))
    ? readAll(reader, contextConstructed(0), readCertificate)
    : [];
  if (certificates.length > CERTIFICATES_COUNT_MAX) throw malformed('too many certificates');
  // Lists of revoked certificates are not signed with the stamp, and not used.
  if (reader.nextIs(contextConstructed(1))) reader.any();
  const [signer, ...others] = readAll(reader, SET, (set) =>
    readInside(set, SEQUENCE, readSignerInfo),
  );
  if (signer === undefined || others.length > 0) throw malformed('it has not one signer');
  const [algorithm] = algorithms;
  if (algorithms.length !== 1 || algorithm === undefined || sha2Of(algorithm) !== signer.sha2) {
    throw malformed('it names other hashes than its signer');
  }
  return { ...signer, content, certificates };
}

/** A certificate; of the older kinds that CMS allows beside it there are none in time stamps. */
function readCertificate(reader: DerReader): Certificate {
  return parseCertificate(reader.read(SEQUENCE).bytes);
}

function readSignerInfo(reader: DerReader): Omit<TimeStampToken, 'content' | 'certificates'> {
  const version = reader.small();
  const isBySerial = reader.nextIs(SEQUENCE);
  if (version !== (isBySerial ? 1 : 3)) throw malformed('the version of its signer is wrong');
  const signer: SignerName = isBySerial
    ? readInside(reader, SEQUENCE, (inner) => ({
        kind: 'serial',
        issuer: inner.read(SEQUENCE).bytes,
        serial: inner.unsigned(),
      }))
    : { kind: 'key', keyIdentifier: reader.read(context(0)).content };
  const sha2 = sha2Of(readAlgorithm(reader));
  const signedBytes = der(SET, reader.read(contextConstructed(0)).content);
  const attributes = readAttributes(signedBytes);
  const algorithm = readAlgorithm(reader);
  const signature = reader.octets();
  // Attributes that nobody signed say nothing.
  if (reader.nextIs(contextConstructed(1))) reader.any();
  return { signer, sha2, attributes, signedBytes, algorithm, signature };
}

/** RFC 5652 §5.3: signed attributes are DER, and so in ascending order of their bytes. */
function readAttributes(signedBytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const attributes = new Map<string, Uint8Array>();
  let previous: Uint8Array = new Uint8Array(0);
  readAll(new DerReader(signedBytes), SET, (set) => {
    const { bytes } = set.read(SEQUENCE);
    if (compareBytes(previous, bytes) >= 0) throw malformed('its attributes are not in order');
    previous = bytes;
    const [identifier, value] = readDer(bytes, (outer) =>
      readInside(outer, SEQUENCE, (inner) => {
        const type = inner.identifier();
        return [type, readInside(inner, SET, (values) => values.any().bytes)] as const;
      }),
    );
    if (attributes.has(identifier)) throw malformed('an attribute stands twice');
    attributes.set(identifier, value);
  });
  return attributes;
}

function notGranted(status: number): MerkleError {
  return new MerkleError(
    'denied',
    'ERR_MERKLE_TIME_STAMP_STATUS',
    `the authority gave no time stamp: status ${status}`,
    { hint: 'ask again later, or another authority; RFC 3161 §2.4.2 lists what a status means' },
  );
}

function malformed(what: string): MerkleError {
  return new MerkleError('format', 'ERR_MERKLE_TIME_STAMP', `time stamp is refused: ${what}`, {
    hint: 'ask the authority for another; it must follow RFC 3161',
  });
}
