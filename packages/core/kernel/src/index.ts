/** The kernel: (state, command) → { state, event }; the catalogue and the reserved tables. */

export { type Applied, type ApplyContext, apply, evolve, evolvePolicy } from './apply.ts';
export { evolveDefinition } from './apply-alter.ts';
export { evolveConsent } from './apply-consent.ts';
export { evolveHold, isHeld } from './apply-erasure.ts';
export { evolveIndex } from './apply-index.ts';
export { type Projection, evolveProjection, readOnly } from './apply-projection.ts';
export { evolveRules, evolveTable } from './apply-table.ts';
export { usableToken } from './apply-token.ts';
export { ROWS_PER_COMMAND_MAX, checkNewRow, checkWritable, keyExists } from './apply-write.ts';
export { definitionOf } from './catalogue.ts';
export {
  CONSENT_STATES,
  type AccessDecision,
  type AccessIntent,
  type AccessOutcome,
  type BudgetCharge,
  type Command,
  type CommandKind,
  type ConsentEvidence,
  type ConsentRecord,
  type ConsentState,
  type ErasureReceipt,
  type ErasureRequest,
  type ExportRecord,
  type LegalHold,
  type NoiseRecord,
  type ReleaseRecord,
  type RowWrite,
  type Submission,
  type Surrogate,
  type TableChange,
  type TokenGrant,
} from './command.ts';
export { KernelError, type KernelErrorCode } from './error.ts';
export {
  type DecodedChange,
  type DecodedEvent,
  type DefinitionReader,
  type Event,
  type EventParts,
  type RowChange,
  type RowInEvent,
  type RowPlace,
  type ShowRow,
  decodeEvent,
  encodeEvent,
} from './event.ts';
export {
  type CommittedCommand,
  type IdempotencyReader,
  checkRetry,
  commandMac,
} from './idempotency.ts';
export {
  RESERVED_PREFIX,
  type ReservedTable,
  USER_TABLE_ID_MIN,
  reservedSchemas,
} from './reserved.ts';
export { type NamedRow, reservedTable, toNamedRow } from './reserved-row.ts';
export {
  type ActivePolicy,
  type KernelState,
  type RowReader,
  type StoredRow,
  type TableReader,
  initialState,
} from './state.ts';
export { uniqueKey } from './unique.ts';
