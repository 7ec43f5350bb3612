/** Disclosure: what leaves, by which right, and the record that it leaves behind. */

export type {
  ConsentChange,
  ConsentDesk,
  ConsentOrder,
  ConsentSummary,
  RecordedConsent,
} from './consent-desk.ts';
export type {
  Accounting,
  Disclosure,
  DisclosureSeries,
  DueRow,
  DueRows,
  Holder,
  ProcessingActivity,
  ReportDesk,
  SubjectAccess,
  SubjectRows,
} from './report-desk.ts';
export { proveState } from './state-proof.ts';
export type { KeysAsked } from '@veritydb/runtime';
export { DisclosureError, type DisclosureErrorCode } from './error.ts';
export type {
  Action,
  ActivatedPolicy,
  Administration,
  AuditAnswer,
  AuditEntry,
  AuditRequest,
  Caller,
  ChainCheck,
  ColumnAnswer,
  ErasureAnswer,
  ErasureOrder,
  ErasureSummary,
  ExportAnswer,
  ExportBundle,
  ExportRequest,
  ExportSummary,
  Gateway,
  HoldOrder,
  HoldSummary,
  IssuedToken,
  LeafRange,
  LogProof,
  LogReceipt,
  PolicyVersion,
  Possession,
  PrivacyAnswer,
  QueryAnswer,
  QueryRequest,
  Receipt,
  ReleaseSummary,
  RowsRequest,
  SchemaAnswer,
  Session,
  StatementAnswer,
  TokenExplanation,
  TokenRequest,
  TokenSummary,
  VerifyAnswer,
  VerifyRequest,
} from './gateway.ts';
export type { House, TokenIssuer } from './house.ts';
export { type OpenDoors, openDoors } from './open-doors.ts';
