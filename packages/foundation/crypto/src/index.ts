/** Hash, sign, seal, wrap, commit: one interface, a portable provider here and a native one beside it. */

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
} from './crypto.ts';
export { crc32 } from './crc32.ts';
export { type CanonicalSlice, type DisclosedField, RowCommitter } from './disclosed-row.ts';
export { CryptoError, type CryptoErrorCode } from './error.ts';
export { CURVE_SIZE } from './foreign-key.ts';
export { clearBytes, constantTimeEqual, nonceOf } from './nonce.ts';
export { portableCrypto } from './portable.ts';
export { type HiddenRow, type Position, type RecordCipher, SALT_SIZE } from './record-cipher.ts';
