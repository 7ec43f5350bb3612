/**
 * Cells that only one recipient can open: JWE compact serialisation (RFC 7516), ECDH-ES over X25519
 * (RFC 7518 §4.6, RFC 8037 §3.2), A256GCM. Any JOSE library opens a cell by itself.
 *
 * The ephemeral key is of one column of one disclosure, so agreement costs once and a cell one AES-GCM.
 * The nonce is HMAC-SHA-256(nonce key, number of the cell ‖ plaintext), cut to 96 bits: it repeats only
 * where cell and plaintext do, which then give the same bytes, so that a disclosure can be made again.
 */

import {
  type Crypto,
  NONCE_SIZE,
  TAG_SIZE,
  X25519_KEY_SIZE,
  x25519PublicKey,
  x25519Secret,
} from '@veritydb/crypto';
import { assert, canonicalJson, concatBytes, encodeBase64Url, utf8Encode } from '@veritydb/types';

const ENCRYPTION = 'A256GCM';
const KEY_BITS = 256;
const NO_SALT = new Uint8Array(0);
const COUNTER_SIZE = 8;

export type CellSealer = (plaintext: Uint8Array) => string;

/**
 * @param seed 32 bytes: never the same for two disclosures, or two columns of one
 * @throws {CryptoError} ERR_CRYPTO_OPEN when the recipient's key is of small order
 */
export function createCellSealer(
  crypto: Crypto,
  recipientKey: Uint8Array,
  seed: Uint8Array,
): CellSealer {
  const derive = (label: string): Uint8Array =>
    crypto.hkdfSha256(seed, NO_SALT, utf8Encode(`veritydb encrypt v1 ${label}`), X25519_KEY_SIZE);
  const ephemeral = derive('ephemeral');
  const nonceKey = derive('nonce');
  const protectedHeader = encodeBase64Url(
    utf8Encode(
      canonicalJson({
        alg: 'ECDH-ES',
        enc: ENCRYPTION,
        epk: { crv: 'X25519', kty: 'OKP', x: encodeBase64Url(x25519PublicKey(ephemeral)) },
      }),
    ),
  );
  const key = concatKdf(crypto, x25519Secret(ephemeral, recipientKey));
  const associatedData = utf8Encode(protectedHeader);
  let count = 0;
  return (plaintext) => {
    const named = new Uint8Array(COUNTER_SIZE + plaintext.length);
    new DataView(named.buffer).setBigUint64(0, BigInt(count));
    named.set(plaintext, COUNTER_SIZE);
    count += 1;
    assert(Number.isSafeInteger(count), 'cells are countable');
    const nonce = crypto.hmacSha256(nonceKey, named).slice(0, NONCE_SIZE);
    const sealed = crypto.seal({ key, nonce, associatedData }, plaintext);
    const end = sealed.length - TAG_SIZE;
    const [text, tag] = [sealed.subarray(0, end), sealed.subarray(end)];
    // The second part is empty: the key is agreed on, none is wrapped.
    return `${protectedHeader}..${[nonce, text, tag].map(encodeBase64Url).join('.')}`;
  };
}

/** Concat KDF (SP 800-56A §5.8.2.1) as RFC 7518 §4.6.2 fills it in, without party information: one round. */
function concatKdf(crypto: Crypto, secret: Uint8Array): Uint8Array {
  const algorithm = utf8Encode(ENCRYPTION);
  return crypto.sha256(
    concatBytes(
      uint32(1),
      secret,
      uint32(algorithm.length),
      algorithm,
      uint32(0),
      uint32(0),
      uint32(KEY_BITS),
    ),
  );
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
