/** The kernel: (state, command) → { state, event }; the catalogue and the reserved tables. */

export {
  type Applied,
  type ApplyContext,
  apply,
  evolve,
  evolvePolicy,
  evolveTable,
} from './apply.ts';
export { evolveHold, isHeld } from './apply-erasure.ts';
export { usableToken } from './apply-token.ts';
export { ROWS_PER_COMMAND_MAX, checkWritable } from './apply-write.ts';
export type {
  AccessDecision,
  AccessIntent,
  AccessOutcome,
  Command,
  CommandKind,
  ConsentGrant,
  ErasureReceipt,
  ErasureRequest,
  ExportRecord,
  LegalHold,
  RowWrite,
  Submission,
  Surrogate,
  TokenGrant,
} from './command.ts';
export { KernelError, type KernelErrorCode } from './error.ts';
export {
  type DecodedChange,
  type DecodedEvent,
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
  initialState,
} from './state.ts';
