/**
 * Verifies time stamps (RFC 3161 §2.2, RFC 5816): that an authority whose root the caller trusts saw
 * these bytes at a time.
 *
 * What is returned is signed: each of the steps below fails by itself, and none is left out. A stamp
 * whose only link to its certificate is the SHA-1 of RFC 3161's ESSCertID is refused: ESSCertIDv2 has
 * been there since RFC 5816.
 */

import type { Crypto } from '@veritydb/crypto';
import { type Timestamp, bytesEqual } from '@veritydb/types';

import { MerkleError } from '../error.ts';
import { readAlgorithm, sha2Of, verifySigned } from './algorithm.ts';
import { assertTimeStamping, verifyCertificatePath } from './certificate-path.ts';
import {
  type Certificate,
  SUBJECT_ALTERNATIVE_NAME,
  SUBJECT_KEY_IDENTIFIER,
} from './certificate.ts';
import {
  type DerReader,
  OCTET_STRING,
  SEQUENCE,
  contextConstructed,
  der,
  derIdentifier,
  readAll,
  readDer,
  readInside,
} from './der.ts';
import { nameText } from './name.ts';
import { STAMP_INFO, type TimeStampToken, parseTimeStampResponse } from './response.ts';
import { type StampInfo, parseStampInfo } from './stamp-info.ts';

/** What an authority has signed about the bytes. */
export interface TimeStamp {
  readonly time: Timestamp;
  /** How far the time may be off either way; null where the authority does not say. */
  readonly accuracyMicroseconds: number | null;
  readonly ordering: boolean;
  /** Hexadecimal; unique for the authority. */
  readonly serial: string;
  /** Object identifier of the policy that the authority follows. */
  readonly policy: string;
  /** Subject of the authority's certificate (RFC 4514). */
  readonly authority: string;
}

export interface TimeStampRequest {
  readonly stamped: Uint8Array;
  readonly response: Uint8Array;
  /** As it was sent; null where it was not kept: then the stamp may be an older one of these bytes. */
  readonly nonce: Uint8Array | null;
}

const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';

/**
 * Verifies that a stamp is of these bytes and this request, and signed by the certificate that it names;
 * not yet that anybody should trust that certificate.
 *
 * @throws {MerkleError} any of ERR_MERKLE_TIME_STAMP…, ERR_MERKLE_DER, ERR_MERKLE_CERTIFICATE
 */
export function verifyTimeStampBinding(crypto: Crypto, request: TimeStampRequest): TimeStamp {
  return verifyBinding(crypto, request).stamp;
}

/**
 * Verifies a stamp up to a root that the caller trusts.
 *
 * @throws {MerkleError} any of ERR_MERKLE_TIME_STAMP…, ERR_MERKLE_DER, ERR_MERKLE_CERTIFICATE,
 * ERR_MERKLE_CERTIFICATE_PATH
 */
export function verifyTimeStamp(
  crypto: Crypto,
  request: TimeStampRequest,
  roots: readonly Certificate[],
): TimeStamp {
  const { certificate, others, stamp } = verifyBinding(crypto, request);
  verifyCertificatePath(crypto, { certificate, others, roots, time: stamp.time });
  return stamp;
}

interface Bound {
  readonly stamp: TimeStamp;
  readonly certificate: Certificate;
  readonly others: readonly Certificate[];
}

function verifyBinding(crypto: Crypto, { nonce, response, stamped }: TimeStampRequest): Bound {
  const token = parseTimeStampResponse(response);
  const info = parseStampInfo(token.content);
  verifyImprint(crypto, info, stamped);
  if (nonce !== null) verifyNonce(info, nonce);
  const certificate = findSigner(token);
  verifyAttributes(crypto, token, certificate);
  verifySigned(crypto, {
    publicKeyInfo: certificate.publicKeyInfo,
    algorithm: token.algorithm,
    sha2: token.sha2,
    message: token.signedBytes,
    signature: token.signature,
  });
  assertTimeStamping(certificate);
  verifyAuthority(info, certificate);
  const { accuracyMicroseconds, ordering, policy, serial, time } = info;
  const authority = nameText(certificate.subject);
  return {
    stamp: { time, accuracyMicroseconds, ordering, serial, policy, authority },
    certificate,
    others: token.certificates.filter((one) => one !== certificate),
  };
}

function verifyImprint(crypto: Crypto, { imprint }: StampInfo, stamped: Uint8Array): void {
  const digest = crypto.sha2(sha2Of(imprint.algorithm), stamped);
  if (bytesEqual(digest, imprint.digest)) return;
  throw new MerkleError(
    'expectation',
    'ERR_MERKLE_TIME_STAMP_IMPRINT',
    'the time stamp is of other bytes',
    { hint: 'give the file that was stamped, byte for byte' },
  );
}

function verifyNonce(info: StampInfo, nonce: Uint8Array): void {
  const start = nonce.findIndex((byte) => byte !== 0);
  const sent = start < 0 ? Uint8Array.of(0) : nonce.subarray(start);
  if (info.nonce !== null && bytesEqual(info.nonce, sent)) return;
  throw new MerkleError(
    'expectation',
    'ERR_MERKLE_TIME_STAMP_NONCE',
    'the time stamp answers another request',
    { hint: 'an older answer may have been played back: ask again' },
  );
}

function findSigner({ certificates, signer }: TimeStampToken): Certificate {
  const found = certificates.find((certificate) => {
    if (signer.kind === 'serial') {
      const { issuer, serial } = signer;
      return bytesEqual(certificate.issuer, issuer) && bytesEqual(certificate.serial, serial);
    }
    const identifier = certificate.extensions.get(SUBJECT_KEY_IDENTIFIER);
    const expected = der(OCTET_STRING, signer.keyIdentifier);
    return identifier !== undefined && bytesEqual(identifier.value, expected);
  });
  if (found === undefined) throw notBound('the certificate of its signer is not there');
  return found;
}

/** RFC 5652 §5.6, §11.1, §11.2; RFC 5035 §4, RFC 5816 §2.2.1. */
function verifyAttributes(crypto: Crypto, token: TimeStampToken, certificate: Certificate): void {
  const { attributes, content, sha2 } = token;
  const type = attributes.get(CONTENT_TYPE);
  if (type === undefined || !bytesEqual(type, derIdentifier(STAMP_INFO))) {
    throw notBound('its signer has signed something else');
  }
  const digest = attributes.get(MESSAGE_DIGEST);
  if (digest === undefined || !bytesEqual(digest, der(OCTET_STRING, crypto.sha2(sha2, content)))) {
    throw notBound('its signer has signed another content');
  }
  const signing = attributes.get(SIGNING_CERTIFICATE_V2);
  if (signing === undefined) throw notBound('it does not name its certificate by SHA-2');
  const isNamed = readDer(signing, (outer) =>
    readInside(outer, SEQUENCE, (reader) => {
      const [first] = readAll(reader, SEQUENCE, (inner) =>
        readInside(inner, SEQUENCE, (one) => isIdentifierOf(crypto, one, certificate)),
      );
      // Policies, which say nothing about which certificate it is.
      if (reader.nextIs(SEQUENCE)) reader.any();
      return first === true;
    }),
  );
  if (!isNamed) throw notBound('it names another certificate');
}

/** ESSCertIDv2: a hash of the certificate, SHA-256 by default, and maybe its issuer and number. */
function isIdentifierOf(crypto: Crypto, reader: DerReader, certificate: Certificate): boolean {
  const sha2 = reader.nextIs(SEQUENCE) ? sha2Of(readAlgorithm(reader)) : 'sha256';
  const isHash = bytesEqual(reader.octets(), crypto.sha2(sha2, certificate.bytes));
  if (reader.isAtEnd) return isHash;
  return readInside(reader, SEQUENCE, (inner) => {
    const names = readAll(inner, SEQUENCE, (list) => list.any().bytes);
    const serial = inner.unsigned();
    const isIssuer =
      names.length === 1 && bytesEqual(names[0] as Uint8Array, directoryName(certificate.issuer));
    return isHash && isIssuer && bytesEqual(serial, certificate.serial);
  });
}

/** RFC 3161 §2.4.2: who it says it is must be a name of its certificate. */
function verifyAuthority({ authority }: StampInfo, { extensions, subject }: Certificate): void {
  if (authority === null || bytesEqual(authority, directoryName(subject))) return;
  const alternative = extensions.get(SUBJECT_ALTERNATIVE_NAME);
  const names =
    alternative === undefined
      ? []
      : readDer(alternative.value, (reader) =>
          readAll(reader, SEQUENCE, (inner) => inner.any().bytes),
        );
  if (!names.some((name) => bytesEqual(name, authority))) {
    throw notBound('it is of another authority than its certificate');
  }
}

/** A name as a GeneralName (RFC 5280 §4.2.1.6). */
function directoryName(name: Uint8Array): Uint8Array {
  return der(contextConstructed(4), name);
}

function notBound(what: string): MerkleError {
  return new MerkleError(
    'verification',
    'ERR_MERKLE_TIME_STAMP_SIGNATURE',
    `the time stamp is not signed as it must be: ${what}`,
    { hint: 'it was changed, or its authority does not follow RFC 3161 and RFC 5816' },
  );
}
