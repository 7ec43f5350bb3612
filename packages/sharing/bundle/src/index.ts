/** The export bundle: build, parse, verify. Depends on types, crypto and merkle; runs in a browser. */

export { type Attachment, attachToBundle } from './attach.ts';
export {
  type BundleContent,
  type BundleProofs,
  type SourceRows,
  buildContent,
  sealBundle,
} from './build.ts';
export { BytePieces } from './byte-pieces.ts';
export { type ByteSource, memorySource } from './byte-source.ts';
export {
  type ColumnContent,
  type ContentInput,
  type RowContent,
  type TableContent,
} from './content.ts';
export { BundleError, type BundleErrorCode, type BundlePlace } from './error.ts';
export { type CheckpointPair, compareCheckpoints } from './fork.ts';
export { parseManifest } from './manifest-parse.ts';
export {
  BUNDLE_FORMAT,
  type Manifest,
  type ManifestConsent,
  type ManifestColumn,
  type ManifestDigest,
  type ManifestFile,
  type ManifestPolicy,
  type ManifestSchema,
  type ManifestTable,
  type ProofClass,
  formatManifest,
} from './manifest.ts';
export { type ParsedBundle, parseBundle } from './parse.ts';
export { type RecordOpening } from './record-opening.ts';
export {
  CHECK_NAMES,
  type CheckName,
  type CheckResult,
  type ColumnReport,
  type Dress,
  type Failure,
  type Report,
  type TableReport,
  type Verdict,
  formatReport,
  formatReportJson,
} from './report.ts';
export { type VerifiedLogReceipt, verifyLogReceipt } from './log-receipt.ts';
export { type VerifiedReceipt, formatRowReceipt, verifyRowReceipt } from './row-receipt.ts';
export {
  type ExportedRow,
  type RowStatement,
  SALT_SIZE,
  issueRow,
  rowOf,
  verifyRow,
} from './sd-jwt.ts';
export { statementOf } from './statement.ts';
export { type SourceRecord } from './source-records.ts';
export { type VerifyOptions, verifyBundle } from './verify.ts';
export {
  type StoredEntry,
  ZIP_LIMITS,
  type ZipEntry,
  type ZipLimits,
  buildZip,
  parseZip,
} from './zip.ts';
