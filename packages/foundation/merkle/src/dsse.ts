/**
 * DSSE envelopes (github.com/secure-systems-lab/dsse, protocol 1.0.2): a payload, what it is, and a
 * signature over both, for those whose tools read these and no signed notes. One form of the many: RFC 8785
 * JSON with one signature, by the Ed25519 key of a log, whose verifier key's name and id are the key id.
 *
 * What is signed begins with `DSSEv1 `. A checkpoint begins with the origin of its log, which holds no white
 * space: neither can be taken for the other.
 */

import { type Crypto, CryptoError } from '@veritydb/crypto';
import {
  VerityError,
  base64ToBytes,
  bytesToBase64,
  bytesToHex,
  canonicalJson,
  concatBytes,
  parseCanonicalJson,
  utf8Encode,
} from '@veritydb/types';

import { MerkleError } from './error.ts';
import { type Signer, type VerifierKey, verifierKeyOf } from './signed-note.ts';

export interface Envelope {
  /** Media type or URI. */
  readonly payloadType: string;
  readonly payload: Uint8Array;
}

/** PAE: the bytes that are signed. Lengths are in bytes. */
export function preAuthenticationEncoding({ payload, payloadType }: Envelope): Uint8Array {
  const type = utf8Encode(payloadType);
  return concatBytes(
    utf8Encode(`DSSEv1 ${type.length} `),
    type,
    utf8Encode(` ${payload.length} `),
    payload,
  );
}

export function signEnvelope(crypto: Crypto, envelope: Envelope, signer: Signer): string {
  const key = verifierKeyOf(crypto, signer, 'note');
  const signature = crypto.ed25519Sign(signer.seed, preAuthenticationEncoding(envelope));
  return formatEnvelope(envelope, key, signature);
}

function formatEnvelope(envelope: Envelope, key: VerifierKey, signature: Uint8Array): string {
  return canonicalJson({
    payload: bytesToBase64(envelope.payload),
    payloadType: envelope.payloadType,
    signatures: [{ keyid: `${key.name}+${bytesToHex(key.keyId)}`, sig: bytesToBase64(signature) }],
  });
}

/**
 * What the key has signed.
 *
 * @throws {MerkleError} ERR_MERKLE_ENVELOPE, ERR_MERKLE_SIGNATURE
 */
export function verifyEnvelope(crypto: Crypto, text: string, key: VerifierKey): Envelope {
  // Attacker-controlled: any text. Read loosely, and taken only where it is what would be written.
  let envelope: Envelope;
  let signature: Uint8Array;
  try {
    const json = parseCanonicalJson(text) as unknown as EnvelopeJson;
    envelope = { payload: base64ToBytes(json.payload), payloadType: json.payloadType };
    signature = base64ToBytes(json.signatures[0].sig);
    if (formatEnvelope(envelope, key, signature) !== text) throw malformed();
  } catch (error) {
    if (error instanceof TypeError || error instanceof VerityError) throw malformed();
    throw error;
  }
  try {
    crypto.ed25519Verify(key.publicKey, preAuthenticationEncoding(envelope), signature);
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    const what = 'the envelope is not signed by the key';
    throw new MerkleError('verification', 'ERR_MERKLE_SIGNATURE', what, { cause });
  }
  return envelope;
}

interface EnvelopeJson {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly [{ readonly sig: string }];
}

function malformed(): MerkleError {
  return new MerkleError(
    'verification',
    'ERR_MERKLE_ENVELOPE',
    'the text is no DSSE envelope of one signature by this key, in canonical JSON',
  );
}
