/** Hash, sign, seal, wrap, commit: one interface, a portable provider here and a native one beside it. */

export { SIV_KEY_SIZE, SIV_TAG_SIZE, openSiv, sealSiv } from './aes-siv.ts';
export {
  type FieldOpening,
  ROW_EVENTS,
  type RowEvent,
  type RowHeader,
  type RowOpening,
  type RowToCommit,
  ZERO_HASH,
  commitRow,
  digestLayout,
  fieldDigest,
  openRow,
  rowCommitment,
  schemaDigest,
} from './commitment.ts';
export {
  AES_KEY_SIZE,
  type BlockCipher,
  type Crypto,
  ED25519_PUBLIC_KEY_SIZE,
  ED25519_SEED_SIZE,
  ED25519_SIGNATURE_SIZE,
  type ForeignKey,
  type HashStream,
  NONCE_SIZE,
  type SealInput,
  type Sha2,
  TAG_SIZE,
  WRAPPED_KEY_SIZE,
} from './crypto.ts';
export { crc32 } from './crc32.ts';
export { type CanonicalSlice, type DisclosedField, RowCommitter } from './disclosed-row.ts';
export { CryptoError, type CryptoErrorCode } from './error.ts';
export { FF1_DOMAIN_MIN, FF1_LENGTH_MAX, Ff1 } from './ff1.ts';
export { CURVE_SIZE } from './foreign-key.ts';
export { wrapKeys } from './key-wrap.ts';
export { clearBytes, constantTimeEqual, nonceOf } from './nonce.ts';
export { portableCrypto } from './portable.ts';
export {
  type HiddenRow,
  type PlacedPayload,
  type Position,
  type RecordCipher,
  SALT_SIZE,
} from './record-cipher.ts';
export { X25519_KEY_SIZE, x25519PublicKey, x25519Secret } from './x25519.ts';
