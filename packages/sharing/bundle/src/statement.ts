/**
 * statement.dsse.json: what the bundle is, once more as an in-toto statement (in-toto Attestation
 * Framework, Statement v1) in a DSSE envelope, for tools of software supply chains. Its subjects are the
 * manifest and the files that the manifest lists; the log's key signs it. It says nothing that the
 * manifest does not say.
 */

import type { Crypto } from '@veritydb/crypto';
import { type Envelope, parseVerifierKey, verifyEnvelope } from '@veritydb/merkle';
import { bytesEqual, bytesToHex, canonicalJson, utf8Decode, utf8Encode } from '@veritydb/types';

import { MANIFEST, STATEMENT } from './entry-name.ts';
import { BundleError, locate } from './error.ts';
import { type Evidence, entryOf } from './evidence.ts';
import type { Manifest } from './manifest.ts';

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** What the log's key signs of a bundle. */
export function statementOf(
  crypto: Crypto,
  manifest: Manifest,
  manifestBytes: Uint8Array,
): Envelope {
  const { exportId, format, legalBasis, origin, policy, position, purpose, recipient, tenant } =
    manifest;
  const sha256 = bytesToHex(crypto.sha256(manifestBytes));
  const statement = canonicalJson({
    _type: 'https://in-toto.io/Statement/v1',
    predicate: {
      exportId,
      legalBasis,
      origin,
      policy: { name: policy.name, sha256: policy.sha256, version: policy.version },
      position,
      purpose,
      recipient,
      tenant,
    },
    predicateType: `https://${format}`,
    subject: [{ name: MANIFEST, sha256 }, ...manifest.files].map((file) => ({
      digest: { sha256: file.sha256 },
      name: file.name,
    })),
  });
  return { payload: utf8Encode(statement), payloadType: PAYLOAD_TYPE };
}

/**
 * Whether the statement, where there is one, is that of this manifest, and signed by the key.
 *
 * @throws {BundleError} ERR_BUNDLE_SIGNATURE
 */
export function checkStatement(evidence: Evidence, verifierKey: string): void {
  const { crypto, entries, manifest, manifestBytes } = evidence;
  if (!entries.has(STATEMENT)) return;
  const place = { file: STATEMENT };
  const found = locate('ERR_BUNDLE_SIGNATURE', place, () => {
    const text = utf8Decode(entryOf(evidence, STATEMENT));
    return verifyEnvelope(crypto, text, parseVerifierKey(crypto, verifierKey));
  });
  const expected = statementOf(crypto, manifest, manifestBytes);
  const isSame = bytesEqual(found.payload, expected.payload);
  if (!isSame || found.payloadType !== expected.payloadType) {
    throw new BundleError('ERR_BUNDLE_SIGNATURE', 'the statement is of another manifest', place);
  }
}
