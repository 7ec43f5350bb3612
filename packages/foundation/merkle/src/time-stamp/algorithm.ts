/**
 * Algorithms and keys of time stamps, by their object identifiers: SHA-2 (RFC 5754), RSA PKCS #1 v1.5
 * (RFC 4055), ECDSA on P-256 and P-384 (RFC 5480, RFC 5758). All else is refused, SHA-1 above all.
 */

import { CURVE_SIZE, type Crypto, CryptoError, type ForeignKey, type Sha2 } from '@veritydb/crypto';
import { bytesEqual, concatBytes } from '@veritydb/types';

import { MerkleError } from '../error.ts';
import { type DerReader, NULL, SEQUENCE, der, derIdentifier, readDer, readInside } from './der.ts';

const SHA2: ReadonlyMap<string, Sha2> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';
const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const CURVES: ReadonlyMap<string, 'P-256' | 'P-384'> = new Map([
  ['1.2.840.10045.3.1.7', 'P-256'],
  ['1.3.132.0.34', 'P-384'],
]);

/** How something was signed; with no hash where CMS says it in another place. */
interface SignatureAlgorithm {
  readonly kind: ForeignKey['kind'];
  readonly sha2: Sha2 | null;
}

const SIGNATURES: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  [RSA_ENCRYPTION, { kind: 'rsa', sha2: null }],
  ['1.2.840.113549.1.1.11', { kind: 'rsa', sha2: 'sha256' }],
  ['1.2.840.113549.1.1.12', { kind: 'rsa', sha2: 'sha384' }],
  ['1.2.840.113549.1.1.13', { kind: 'rsa', sha2: 'sha512' }],
  ['1.2.840.10045.4.3.2', { kind: 'ecdsa', sha2: 'sha256' }],
  ['1.2.840.10045.4.3.3', { kind: 'ecdsa', sha2: 'sha384' }],
  ['1.2.840.10045.4.3.4', { kind: 'ecdsa', sha2: 'sha512' }],
]);

export interface AlgorithmIdentifier {
  readonly identifier: string;
  /** DER, or null where there are none. */
  readonly parameters: Uint8Array | null;
}

export function readAlgorithm(reader: DerReader): AlgorithmIdentifier {
  return readInside(reader, SEQUENCE, (inner) => ({
    identifier: inner.identifier(),
    parameters: inner.isAtEnd ? null : inner.any().bytes,
  }));
}

/** SHA-256 as an AlgorithmIdentifier, without parameters (RFC 5754 §2). */
export function sha256Algorithm(): Uint8Array {
  return der(SEQUENCE, derIdentifier('2.16.840.1.101.3.4.2.1'));
}

/** @throws {MerkleError} ERR_MERKLE_TIME_STAMP for anything but SHA-256, SHA-384 and SHA-512 */
export function sha2Of({ identifier, parameters }: AlgorithmIdentifier): Sha2 {
  const sha2 = SHA2.get(identifier);
  if (sha2 === undefined || !isEmpty(parameters)) throw unsupported(`hash ${identifier}`);
  return sha2;
}

function isEmpty(parameters: Uint8Array | null): boolean {
  return parameters === null || bytesEqual(parameters, Uint8Array.of(NULL, 0));
}

/** A key of a SubjectPublicKeyInfo. @throws {MerkleError} ERR_MERKLE_TIME_STAMP, ERR_MERKLE_DER */
function parseKey(publicKeyInfo: Uint8Array): ForeignKey {
  return readDer(publicKeyInfo, (outer) =>
    readInside(outer, SEQUENCE, (reader) => {
      const { identifier, parameters } = readAlgorithm(reader);
      const bytes = reader.wholeBits();
      if (identifier === RSA_ENCRYPTION && isEmpty(parameters)) {
        return readDer(bytes, (key) =>
          readInside(key, SEQUENCE, (pair) => ({
            kind: 'rsa',
            modulus: pair.unsigned(),
            exponent: pair.unsigned(),
          })),
        );
      }
      if (identifier !== EC_PUBLIC_KEY || parameters === null) {
        throw unsupported(`key ${identifier}`);
      }
      const name = readDer(parameters, (inner) => inner.identifier());
      const curve = CURVES.get(name);
      if (curve === undefined) throw unsupported(`curve ${name}`);
      return { kind: 'ecdsa', curve, point: bytes };
    }),
  );
}

/** r ‖ s of a DER signature, each as long as a coordinate of the curve (RFC 3279 §2.2.3). */
function plainSignature(signature: Uint8Array, size: number): Uint8Array {
  return readDer(signature, (outer) =>
    readInside(outer, SEQUENCE, (reader) => {
      const halves = [reader.unsigned(), reader.unsigned()].map((half) => {
        if (half.length > size) throw unsupported('signature above its curve');
        return concatBytes(new Uint8Array(size - half.length), half);
      });
      return concatBytes(...halves);
    }),
  );
}

export interface SignedBytes {
  readonly publicKeyInfo: Uint8Array;
  readonly algorithm: AlgorithmIdentifier;
  /** The hash that CMS names beside the algorithm, which must not contradict it. */
  readonly sha2?: Sha2;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Verifies a signature of a certificate or of a time stamp.
 *
 * @throws {MerkleError} ERR_MERKLE_TIME_STAMP where an algorithm is not taken, ERR_MERKLE_DER,
 * ERR_MERKLE_TIME_STAMP_SIGNATURE where the signature is not good or the key too weak
 */
export function verifySigned(crypto: Crypto, signed: SignedBytes): void {
  const { algorithm, message, publicKeyInfo, signature } = signed;
  const key = parseKey(publicKeyInfo);
  const found = SIGNATURES.get(algorithm.identifier);
  if (found === undefined || found.kind !== key.kind || !isEmpty(algorithm.parameters)) {
    throw unsupported(`signature ${algorithm.identifier} of this key`);
  }
  const sha2 = found.sha2 ?? signed.sha2;
  if (sha2 === undefined) throw unsupported('signature that names no hash');
  if (signed.sha2 !== undefined && signed.sha2 !== sha2) {
    throw unsupported('signature of another hash than it names');
  }
  const plain = key.kind === 'rsa' ? signature : plainSignature(signature, CURVE_SIZE[key.curve]);
  try {
    crypto.foreignVerify(key, sha2, message, plain);
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw new MerkleError(
      'verification',
      'ERR_MERKLE_TIME_STAMP_SIGNATURE',
      'a signature is not good, or its key is too weak',
      { hint: 'the time stamp or a certificate was changed; ask the authority for another' },
    );
  }
}

function unsupported(what: string): MerkleError {
  return new MerkleError('format', 'ERR_MERKLE_TIME_STAMP', `not taken: ${what}`, {
    hint: 'time stamps are taken with SHA-256, SHA-384 or SHA-512, and RSA or ECDSA on P-256 or P-384',
  });
}
