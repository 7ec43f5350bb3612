/**
 * From the certificate of a time-stamp authority to a root that the caller trusts (RFC 5280 §6), at the
 * time of the stamp.
 *
 * Names are compared as bytes. A trusted certificate is where a path ends, whoever signed it. Extensions
 * that are critical and not understood refuse the certificate, and so do constraints on names, which are
 * not understood, critical or not. Revocation is not looked up: that needs a
 * network.
 */

import type { Crypto } from '@veritydb/crypto';
import { bytesEqual } from '@veritydb/types';

import { MerkleError } from '../error.ts';
import { verifySigned } from './algorithm.ts';
import {
  BASIC_CONSTRAINTS,
  type Certificate,
  DIGITAL_SIGNATURE,
  EXTENDED_KEY_USAGE,
  KEY_CERTIFICATE_SIGN,
  KEY_USAGE,
  NON_REPUDIATION,
  SUBJECT_ALTERNATIVE_NAME,
  basicConstraints,
  extendedKeyUsage,
  keyUsage,
} from './certificate.ts';

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const ANY_PURPOSE = '2.5.29.37.0';
/** Policies never forbid a path from which none is demanded (RFC 5280 §6.1). */
const CERTIFICATE_POLICIES = '2.5.29.32';
const NAME_CONSTRAINTS = '2.5.29.30';
const UNDERSTOOD: ReadonlySet<string> = new Set([
  BASIC_CONSTRAINTS,
  CERTIFICATE_POLICIES,
  EXTENDED_KEY_USAGE,
  KEY_USAGE,
  SUBJECT_ALTERNATIVE_NAME,
]);
const PATH_LENGTH_MAX = 8;
/** Signatures that one search may verify: certificates made to branch cannot keep it busy. */
const SIGNATURES_COUNT_MAX = 64;

/**
 * Whether a certificate is one of a time-stamp authority (RFC 3161 §2.3): its key is for time stamps and
 * nothing else, and says so critically.
 *
 * @throws {MerkleError} ERR_MERKLE_CERTIFICATE, ERR_MERKLE_DER
 */
export function assertTimeStamping(certificate: Certificate): void {
  const purposes = extendedKeyUsage(certificate);
  const isCritical = certificate.extensions.get(EXTENDED_KEY_USAGE)?.critical === true;
  if (!isCritical || purposes?.length !== 1 || purposes[0] !== TIME_STAMPING) {
    throw unfit('its key is not for time stamps alone, marked critical');
  }
  const usage = keyUsage(certificate);
  const isSigning = usage?.every((bit) => bit === DIGITAL_SIGNATURE || bit === NON_REPUDIATION);
  if (usage !== null && (usage.length === 0 || isSigning !== true)) {
    throw unfit('its key is not for signatures alone');
  }
  assertUnderstood(certificate);
}

function assertUnderstood({ extensions }: Certificate): void {
  for (const [identifier, { critical }] of extensions) {
    const binds = critical || identifier === NAME_CONSTRAINTS;
    if (binds && !UNDERSTOOD.has(identifier)) {
      throw unfit(`extension ${identifier} binds and is not understood`);
    }
  }
}

function assertValidAt({ notAfter, notBefore }: Certificate, time: bigint): void {
  // A certificate holds whole seconds; the last one is within.
  const isWithin = time >= notBefore && time < notAfter + 1_000_000_000n;
  if (!isWithin) throw unfit('it was not valid at the time of the stamp');
}

export interface PathRequest {
  readonly certificate: Certificate;
  /** Certificates that came with the stamp: none is trusted. */
  readonly others: readonly Certificate[];
  readonly roots: readonly Certificate[];
  /** Nanoseconds since the Unix epoch. */
  readonly time: bigint;
}

/**
 * Verifies that a path leads from a certificate to a trusted root, all of it valid at the time.
 *
 * @throws {MerkleError} ERR_MERKLE_CERTIFICATE, ERR_MERKLE_CERTIFICATE_PATH
 */
export function verifyCertificatePath(crypto: Crypto, request: PathRequest): void {
  const { certificate, others, roots, time } = request;
  assertValidAt(certificate, time);
  let signaturesLeft = SIGNATURES_COUNT_MAX;
  let reason = 'no certificate of its issuer is there';

  const isIssuer = (issuer: Certificate, below: readonly Certificate[]): boolean => {
    const subject = below.at(-1) as Certificate;
    if (!bytesEqual(issuer.subject, subject.issuer) || signaturesLeft === 0) return false;
    try {
      assertIssuing(issuer, below, time);
      signaturesLeft -= 1;
      verifySigned(crypto, {
        publicKeyInfo: issuer.publicKeyInfo,
        algorithm: subject.algorithm,
        message: subject.signedBytes,
        signature: subject.signature,
      });
      return true;
    } catch (error) {
      if (!(error instanceof MerkleError)) throw error;
      reason = error.message;
      return false;
    }
  };
  const leadsToRoot = (path: readonly Certificate[]): boolean =>
    roots.some((root) => isIssuer(root, path)) ||
    (path.length < PATH_LENGTH_MAX &&
      others.some(
        (other) => !path.includes(other) && isIssuer(other, path) && leadsToRoot([...path, other]),
      ));

  if (!leadsToRoot([certificate])) {
    throw new MerkleError(
      'verification',
      'ERR_MERKLE_CERTIFICATE_PATH',
      `no trusted root stands behind the authority: ${reason}`,
      { hint: 'give the root certificate of this authority, from a source that you trust' },
    );
  }
}

/** RFC 5280 §6.1.4 (k) to (n): what a certificate that issues others must be. */
function assertIssuing(issuer: Certificate, below: readonly Certificate[], time: bigint): void {
  assertValidAt(issuer, time);
  assertUnderstood(issuer);
  const { isAuthority, pathLength } = basicConstraints(issuer);
  if (!isAuthority) throw unfit('it is not the certificate of an authority');
  // Those that issued themselves anew do not count, nor does the first, which issues none.
  const between = below.slice(1).filter(({ issuer: by, subject }) => !bytesEqual(by, subject));
  if (pathLength !== null && between.length > pathLength) throw unfit('its path is too long');
  if (keyUsage(issuer)?.includes(KEY_CERTIFICATE_SIGN) === false) {
    throw unfit('its key is not for signing certificates');
  }
  const purposes = extendedKeyUsage(issuer);
  if (purposes !== null && !purposes.some((one) => one === TIME_STAMPING || one === ANY_PURPOSE)) {
    throw unfit('it does not issue for time stamps');
  }
}

function unfit(what: string): MerkleError {
  return new MerkleError(
    'verification',
    'ERR_MERKLE_CERTIFICATE',
    `the certificate is not fit for time stamps: ${what}`,
    { hint: 'ask a time-stamp authority that follows RFC 3161' },
  );
}
