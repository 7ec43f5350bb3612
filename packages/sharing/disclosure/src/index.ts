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
  Holder,
  ProcessingActivity,
  ReportDesk,
  SubjectAccess,
  SubjectRows,
} from './report-desk.ts';
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
  Gateway,
  HoldOrder,
  HoldSummary,
  IssuedToken,
  LeafRange,
  LogProof,
  PolicyVersion,
  Possession,
  QueryAnswer,
  QueryRequest,
  Receipt,
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
