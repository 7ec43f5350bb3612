/** Viewstamped Replication with a durable log: a replica that knows no clock, network or disk of its own. */

export { Client, type ClientOptions } from './client.ts';
export { type ClockInterval, smallestInterval } from './clock-sync.ts';
export { type VsrConfig, SECTOR_SIZE, bodySizeMax, parseConfig } from './config.ts';
export type { Status } from './core.ts';
export { type Election, type ElectionRules, type Join, elect } from './election.ts';
export { VsrError, type VsrErrorCode } from './error.ts';
export { type FormattedDisk, buildDisk } from './format.ts';
export {
  COMMANDS,
  type Command,
  HEADER_SIZE,
  type Header,
  type HeaderFields,
  type Message,
  buildMessage,
  buildRoot,
  encodeHeaders,
  parseHeader,
  parseHeaders,
  parseMessage,
} from './message.ts';
export {
  EVICTION_NO_SESSION,
  EVICTION_SESSION_TOO_LOW,
  OPERATION_APPLY,
  OPERATION_RECOVERY_RECORD,
  OPERATION_REGISTER,
  type RecoveryRecord,
  encodeRecoveryRecord,
  parseRecoveryRecord,
} from './operation.ts';
export {
  MUTATIONS,
  type Mark,
  type Mutation,
  type Read,
  type ReplicaClock,
  type ReplicaPorts,
  type Write,
  type Zone,
} from './ports.ts';
export { type Quorums, buildQuorums } from './quorum.ts';
export { Replica, type ReplicaOptions, type ReplicaState } from './replica.ts';
export type { Session } from './sessions.ts';
export { type SlotDecision, type SlotPart, type SlotWindow, decideSlot } from './slot-decision.ts';
export type { StateMachine } from './state-machine.ts';
export {
  SUPERBLOCK_COPIES,
  SUPERBLOCK_STRIDE,
  SUPERBLOCK_ZONE_SIZE,
  type SuperblockState,
  buildFirstState,
  encodeSuperblock,
  numberCopy,
  openSuperblock,
} from './superblock.ts';
export { TICK_MS } from './timing.ts';
