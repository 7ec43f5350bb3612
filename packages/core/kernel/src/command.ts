/**
 * Commands: what a client asks the one ordered log to do. Typed, with no SQL text left and nothing
 * that depends on a clock or on chance: such values are decided before and travel in the command.
 */

import type { NewIndex } from '@veritydb/query';
import type {
  ColumnDefinition,
  Hash,
  IdempotencyId,
  KeyId,
  Offset,
  Row,
  TableDefinition,
  TableId,
  TableRules,
  Value,
} from '@veritydb/types';

/** A row to write: `table` is the definition that it was made for. `expected` is the offset of the version that the writer saw: another one is refused. */
export type RowWrite =
  | { readonly event: 'insert'; readonly table: TableId; readonly values: Row }
  | {
      readonly event: 'update' | 'delete';
      readonly table: TableId;
      /** The whole new row; for a delete the row as it stood. The key is that of the row. */
      readonly values: Row;
      readonly expected: Offset;
    };

export interface TokenGrant {
  readonly tokenId: string;
  readonly recipient: string;
  readonly purpose: string;
  readonly policy: string;
  readonly claimsSha256: Hash;
  /** Microseconds since the epoch. */
  readonly issuedAt: bigint;
  readonly expiresAt: bigint;
  /** Exports that it may make; null for no limit. */
  readonly exportsMax: number | null;
  /** Questions that it may ask; null for no limit. */
  readonly queriesMax: number | null;
  /** The token that it was cut from: what it spends, that one spends as well. */
  readonly parent: string | null;
  /** As the token says it: `verity:query …`. */
  readonly scope: string;
  /** Table → columns, or `*`. Conditions on rows stay in the token: they may be about somebody. */
  readonly tables: Readonly<Record<string, readonly string[] | '*'>>;
  /** Why, where the policy breaks the glass. */
  readonly reason: string | null;
  /** Who approved it, by role. */
  readonly approvals: readonly string[];
}

/** Who asks for what: the part of an access record that is known before execution. */
export interface AccessIntent {
  readonly accessId: string;
  readonly recipient: string;
  readonly tokenId: string;
  readonly purpose: string;
  readonly action: string;
  readonly transport: string;
  readonly client: string | null;
  /** Whether it spends one of its token's questions, where those are counted. */
  readonly spendsQuery: boolean;
}

export type AccessDecision = 'allowed' | 'denied' | 'failed';

/** What came of it. No value of a row, no literal of a statement, no token. */
export interface AccessOutcome {
  readonly accessId: string;
  readonly decision: AccessDecision;
  /** Stable error code of a refusal. */
  readonly code: string | null;
  readonly table: string | null;
  readonly columns: readonly string[];
  readonly rows: number | null;
  readonly fingerprint: string | null;
  readonly policy: string | null;
  readonly policyVersion: number | null;
  readonly position: Offset | null;
  /** HMAC of the answer under a key of the tenant: an unkeyed hash of few values could be guessed. */
  readonly resultMac: Uint8Array | null;
  /** The consents that the answer stands on; null where its policy asks for none. */
  readonly consent: ConsentEvidence | null;
  /** Keyed pseudonyms of the data subjects whose rows leave, 8 bytes each, sorted: who asks finds them. */
  readonly subjects: Uint8Array | null;
  /** What a statistic was made of: 8 bytes for each row and 8 for its data subject, keyed, sorted. */
  readonly members: Uint8Array | null;
  /** What the answer costs; null where nobody has a budget. */
  readonly charge: BudgetCharge | null;
  /** The noisy answer, with what it costs of the privacy budget; null where none was drawn. */
  readonly noise: NoiseRecord | null;
}

/**
 * A statistic with noise that was drawn for a recipient, as it was told. It holds no value of a row: that
 * is what the noise is for.
 */
export interface NoiseRecord {
  /** HMAC of the question, its literals and what it was asked of: the same question has the same one. */
  readonly question: Uint8Array;
  /** ρ of zero-concentrated differential privacy, in billionths; and how much there is in all. */
  readonly cost: bigint;
  readonly budget: bigint;
  /** Rows of the answer, as JSON. */
  readonly answer: string;
}

/** Decisions on consent behind an answer, as of a state of the ledger. */
export interface ConsentEvidence {
  /** Changes of the ledger that were known: the answer is refused when there is another by now. */
  readonly changes: number;
  readonly permits: number;
  readonly denials: number;
  /** RFC 6962 root over the decisions, in the order of their keyed subjects. */
  readonly root: Hash;
}

/** What one answer takes from the budget that its recipient has for a table. */
export interface BudgetCharge {
  readonly rows: number;
  readonly cells: number;
  /** Most of each that an hour may have, this answer counted in. */
  readonly most: { readonly queries: number; readonly rows: number; readonly cells: number };
  /** For a statistic: how many the recipient had of this table when it was checked; else null. */
  readonly statistics: number | null;
}

export interface ExportRecord {
  readonly exportId: string;
  readonly accessId: string;
  readonly tokenId: string;
  readonly policy: string;
  readonly policyVersion: number;
  readonly position: Offset;
  readonly rows: number;
  /** HMAC of the request: tells a retry from another request under the same id. */
  readonly requestMac: Uint8Array;
  /** The request, sealed for the tenant: the export can be made again, and nobody reads its literals. */
  readonly requestSealed: Uint8Array;
  readonly manifestSha256: Hash;
}

/**
 * What a recipient's release of a table is fixed to with its first export: later ones are of the same
 * position and levels, so that laying them side by side gives nothing that one of them does not.
 */
export interface ReleaseRecord {
  readonly table: string;
  readonly policy: string;
  readonly policyVersion: number;
  readonly position: Offset;
  /** Quasi-identifier → its level, 0 the finest. */
  readonly levels: Readonly<Record<string, number>>;
}

/** States of a consent, after the statuses of the Data Privacy Vocabulary; expiry is told by the time. */
export const CONSENT_STATES = [
  'requested',
  'deferred',
  'refused',
  'given',
  'renewed',
  'withdrawn',
  'revoked',
  'invalidated',
] as const;
export type ConsentState = (typeof CONSENT_STATES)[number];

/** A consent record after ISO/IEC TS 27560: one subject, one purpose, so that each can be withdrawn. */
export interface ConsentRecord {
  readonly consentId: string;
  /** Keyed pseudonyms of the data subject, 32 bytes each: as every type that its id can be read as. */
  readonly subjectMacs: readonly Uint8Array[];
  readonly controller: string;
  /** Null: every recipient. */
  readonly recipient: string | null;
  readonly purpose: string;
  readonly tables: readonly string[] | '*';
  readonly legalBasis: string;
  readonly jurisdiction: string | null;
  /** The text that was shown: where it stands, its language, its SHA-256 in hexadecimal. */
  readonly notice: {
    readonly uri: string;
    readonly language: string;
    readonly sha256: string;
  } | null;
  readonly expression: 'explicit' | 'expressed' | 'implied';
  /** How it was obtained, in words. */
  readonly method: string | null;
  readonly state: Extract<ConsentState, 'requested' | 'deferred' | 'refused' | 'given'>;
  /** Microseconds since the epoch; null: until it is withdrawn. */
  readonly expiresAt: bigint | null;
}

/** Keeps a data subject's rows from being erased while it is in force. */
export interface LegalHold {
  readonly holdId: string;
  /** Keyed pseudonyms of the data subject, 32 bytes each: as every type that its id can be read as. */
  readonly subjectMacs: readonly Uint8Array[];
  readonly reason: string;
}

/** Once this is in the log the erasure will be finished, whatever happens. */
export interface ErasureRequest {
  /** The key to destroy: that of the data subject. */
  readonly keyId: KeyId;
  readonly subjectMac: Uint8Array;
  readonly legalBasis: string;
  /** Who approved it, by role or by case number: no name of the data subject. */
  readonly approvals: readonly string[];
}

/** What an erasure came to, and is shown to have come to. No personal data. */
export interface ErasureReceipt {
  readonly keyId: KeyId;
  /** Records that held a row under the key, and rows. */
  readonly records: number;
  readonly rows: number;
  /** The first and the last of those records; null where there were none. */
  readonly firstOffset: Offset | null;
  readonly lastOffset: Offset | null;
  /** The log's tree before the key was destroyed and after: nothing that was proved has changed. */
  readonly before: { readonly size: number; readonly root: Hash };
  readonly after: { readonly size: number; readonly root: Hash };
}

export interface Surrogate {
  readonly domain: string;
  readonly sourceMac: Uint8Array;
  /** Random, decided before the command was ordered. */
  readonly code: string;
}

export type TableChange =
  /** `fallback` is its DEFAULT, which rows that are there read as well; NULL where it has none. */
  | {
      readonly kind: 'add-column';
      readonly column: ColumnDefinition;
      readonly fallback: Value;
    }
  | { readonly kind: 'drop-column'; readonly column: string };

export type Command =
  | {
      readonly kind: 'create-table';
      readonly definition: TableDefinition;
      readonly rules?: TableRules;
      readonly uniques?: readonly NewIndex[];
    }
  | { readonly kind: 'drop-table'; readonly name: string }
  | { readonly kind: 'alter-table'; readonly table: string; readonly change: TableChange }
  | { readonly kind: 'create-index'; readonly table: string; readonly index: NewIndex }
  | { readonly kind: 'drop-index'; readonly name: string }
  | {
      readonly kind: 'create-projection';
      readonly name: string;
      /** SQL of its SELECT. */
      readonly text: string;
    }
  | { readonly kind: 'drop-projection'; readonly name: string }
  | { readonly kind: 'write'; readonly writes: readonly RowWrite[] }
  | { readonly kind: 'issue-token'; readonly token: TokenGrant }
  | { readonly kind: 'revoke-token'; readonly tokenId: string; readonly reason: string }
  | {
      readonly kind: 'activate-policy';
      readonly name: string;
      readonly version: number;
      readonly sha256: Hash;
      readonly document: string;
    }
  | { readonly kind: 'record-consent'; readonly consent: ConsentRecord }
  | {
      readonly kind: 'change-consent';
      readonly consentId: string;
      readonly state: ConsentState;
      /** New end of a consent that is renewed or given; else null. */
      readonly expiresAt: bigint | null;
    }
  | { readonly kind: 'record-intent'; readonly intent: AccessIntent }
  | { readonly kind: 'record-outcome'; readonly outcome: AccessOutcome }
  | {
      readonly kind: 'record-export';
      readonly exported: ExportRecord;
      readonly outcome: AccessOutcome;
      readonly release: ReleaseRecord | null;
    }
  | { readonly kind: 'close-release'; readonly recipient: string; readonly table: string }
  /** A proof of possession (RFC 9449), by a keyed name: it is taken once. */
  | { readonly kind: 'take-proof'; readonly proof: Uint8Array }
  | { readonly kind: 'mint-surrogates'; readonly surrogates: readonly Surrogate[] }
  | { readonly kind: 'place-hold'; readonly hold: LegalHold }
  | { readonly kind: 'release-hold'; readonly holdId: string }
  | { readonly kind: 'request-erasure'; readonly erasures: readonly ErasureRequest[] }
  | { readonly kind: 'complete-erasure'; readonly receipt: ErasureReceipt };

export type CommandKind = Command['kind'];

/** A command on its way into the log. */
export interface Submission {
  readonly command: Command;
  readonly idempotencyId: IdempotencyId | null;
}
