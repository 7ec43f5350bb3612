/** Words and bytes: ids, values and their canonical encoding, schemas, headers, errors. */

export {
  type AlteredDefinition,
  alterSchema,
  presentRow,
  schemaOfDefinition,
} from './altered-schema.ts';
export { decodeBase64Url, encodeBase64Url } from './base64-url.ts';
export {
  base64ToBytes,
  bytesEqual,
  bytesToBase64,
  bytesToHex,
  compareBytes,
  concatBytes,
  hexToBytes,
  isWellFormed,
  utf8Decode,
  utf8Encode,
  uuidToBytes,
} from './bytes.ts';
export { type CanonicalKind, CanonicalReader, CanonicalWriter } from './canonical.ts';
export {
  type CivilDate,
  civilFromDays,
  daysFromCivil,
  formatDate,
  formatTimestamp,
  parseDate,
  parseTimestamp,
} from './civil-time.ts';
export {
  type Decimal,
  compareDecimals,
  formatDecimal,
  isDecimal,
  parseDecimal,
} from './decimal.ts';
export { type EncodedRow, encodeRow, readRow } from './encoded-row.ts';
export {
  AssertionError,
  type ErrorDetail,
  type ErrorKind,
  TypesError,
  type TypesErrorCode,
  VerityError,
  assert,
  unreachable,
} from './error.ts';
export {
  type AppliedIndex,
  type Generation,
  HASH_SIZE,
  type Hash,
  type IdempotencyId,
  type InternalHash,
  type KeyId,
  type Offset,
  type TableId,
  type TenantId,
  type Timestamp,
  createIdempotencyId,
  idempotencyIdFromBytes,
  idempotencyIdToBytes,
  monotonicTimestamp,
  parseIdempotencyId,
  toGeneration,
  toHash,
  toInternalHash,
  toKeyId,
  toOffset,
  toTableId,
  toTenantId,
  toTimestamp,
} from './id.ts';
export {
  type JsonObject,
  type JsonValue,
  canonicalJson,
  isJsonObject,
  parseCanonicalJson,
  parseJson,
} from './json.ts';
export {
  LADDERS,
  type Ladder,
  type LadderName,
  climbLadder,
  isLadderName,
  ladderLevels,
} from './ladder.ts';
export {
  type BatchFields,
  LeafPreimage,
  PAYLOAD_DIGEST_AT,
  PREVIOUS_HASH_AT,
  type PlaceFields,
  RECORD_HEADER_SEALED_SIZE,
  RECORD_HEADER_SIZE,
  RECORD_KINDS,
  type RecordFields,
  type RecordHeader,
  type RecordKind,
  SEALINGS,
  type Sealing,
  decodeRecordHeader,
  encodeRecordHeader,
} from './record-header.ts';
export { nearestName } from './nearest-name.ts';
export {
  type CheckRule,
  type ColumnDefinition,
  type ColumnSource,
  DATA_CLASSES,
  type DataClass,
  type EarlierSchema,
  type IndexSchema,
  type TableDefinition,
  type TableRules,
  type TableSchema,
  checkTableDefinition,
  digestCount,
  digestIndexOf,
  formatTableDefinition,
  isCatalogueName,
  parseTableDefinition,
  toTableSchema,
} from './schema.ts';
export { SizedViews } from './sized-views.ts';
export {
  COLUMN_TYPES,
  type ColumnType,
  DATE_MAX,
  DATE_MIN,
  type Row,
  type Value,
  compareText,
  compareValues,
  isValueOf,
  parseValue,
  readValue,
  valueFromJson,
  valueToJson,
  writeValue,
} from './value.ts';
