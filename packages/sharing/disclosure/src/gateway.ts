/**
 * What the doors see of the house: a token in, answers out. SQL over the wire, HTTP and MCP call this
 * and nothing else; every method that reveals anything records intent before and outcome after.
 */

import type { Attenuation, RowPredicate, VerifiedToken } from '@veritydb/access';
import type { BytePieces, ExportedRow } from '@veritydb/bundle';
import type { Statement } from '@veritydb/query';
import type { KeysAsked } from '@veritydb/runtime';
import type { JsonValue, Offset } from '@veritydb/types';

import type { ConsentDesk } from './consent-desk.ts';
import type { ReportDesk } from './report-desk.ts';

declare const session: unique symbol;

/** How a request came in; goes into the access record. */
export interface Caller {
  readonly transport: 'http' | 'mcp-http' | 'mcp-stdio' | 'cli';
  /** Name and version that the client gave of itself, if any. Attacker-controlled: at most 200 characters are kept. */
  readonly client: string | null;
}

/** What came with a token that is bound to a key (RFC 9449). Attacker-controlled. */
export interface Possession {
  readonly proof: string;
  readonly method: string;
  readonly url: string;
}

/** A verified token with its right, as of this call. Only `Gateway.authenticate` makes one. */
export interface Session {
  readonly [session]: true;
  readonly tokenId: string;
  readonly recipient: string;
  readonly purpose: string;
  /** Tools that the token may use: `schema`, `query`, `export`, `verify`, `audit`. */
  readonly actions: ReadonlySet<Action>;
  readonly expiresAtMs: number;
}

export type Action = 'schema' | 'query' | 'export' | 'verify' | 'audit';

/** Where an answer stands in the log, and the record that it left behind. */
export interface Receipt {
  /** Id of the access record: 32 hexadecimal digits. */
  readonly id: string;
  /** Offset of the outcome's record. */
  readonly offset: Offset;
  /** Chain hash of that record, hexadecimal. */
  readonly chainHash: string;
}

export interface ColumnAnswer {
  readonly name: string;
  readonly type: string;
  /** `keep`, or the rule that made the value: `date-part year`, `zip3`, `surrogate` … */
  readonly transform: string;
  /** What a WHERE, ORDER BY or aggregate may do with it. */
  readonly operations: 'all' | 'equality' | 'none';
}

export interface SchemaAnswer {
  readonly tables: readonly {
    readonly name: string;
    readonly columns: readonly ColumnAnswer[];
  }[];
  readonly purpose: string;
  readonly policy: { readonly name: string; readonly version: number; readonly sha256: string };
  readonly limits: { readonly maxRows: number; readonly tokenExpiresAt: string };
  readonly position: Offset;
  readonly receipt: Receipt;
}

export interface QueryRequest {
  readonly sql: string;
  readonly parameters: readonly JsonValue[];
  /** Answer as of this position of the log; the newest when absent. */
  readonly position?: number;
  readonly maxRows?: number;
  /** Rows that earlier pages of the same answer had, as of the same position. */
  readonly skip?: number;
}

export interface QueryAnswer {
  readonly columns: readonly ColumnAnswer[];
  readonly rows: readonly (readonly JsonValue[])[];
  /** Places, from 0, of rows that were there at the position and are erased since: all null. */
  readonly erased: readonly number[];
  readonly truncated: boolean;
  /** The data's position: every row is as of it. */
  readonly position: Offset;
  /** Root hash of the tree that holds the receipt's record, hexadecimal. */
  readonly root: string;
  readonly receipt: Receipt;
  /** What policy did to this answer, in words: names of rules, never of hidden columns. */
  readonly notes: readonly string[];
  /** Of a statistic with noise; null for any other answer. */
  readonly privacy: PrivacyAnswer | null;
}

/** What an answer costs of a privacy budget, and how far its figures may be off. */
export interface PrivacyAnswer {
  readonly model: 'dp';
  /** Whether it was told before: it costs nothing then. */
  readonly isRepeated: boolean;
  /** ρ of zero-concentrated differential privacy; `spent` has this answer in it. */
  readonly rho: {
    readonly cost: number;
    readonly spent: number;
    readonly left: number;
    readonly budget: number;
  };
  /** The least ε at δ that each ρ is worth: told, not used. */
  readonly epsilon: { readonly cost: number; readonly spent: number; readonly budget: number };
  readonly delta: number;
  /** For each figure: the standard deviation of its noise, and how far 95 of 100 draws reach. An average has two parts. */
  readonly noise: readonly {
    readonly figure: string;
    readonly part: string;
    readonly deviation: number;
    readonly reach95: number;
  }[];
}

export interface ExportRequest {
  readonly sql: string;
  readonly parameters: readonly JsonValue[];
  /** 32 hexadecimal digits made by the client: the same id gets the same export. */
  readonly idempotencyId: string;
  /** Tree size of a checkpoint that the recipient holds: the bundle then proves consistency with it. */
  readonly heldTreeSize?: number;
  /** Whether the bundle holds the rows as CSV, too. */
  readonly csv?: boolean;
  /** Whether it holds them as Parquet, too. */
  readonly parquet?: boolean;
}

export interface ExportAnswer {
  readonly exportId: string;
  readonly rows: number;
  /** Bytes and SHA-256 of the bundle. */
  readonly size: number;
  readonly sha256: string;
  readonly position: Offset;
  readonly receipt: Receipt;
}

/** An export that a token made, as the log has it. */
export interface ExportSummary {
  readonly exportId: string;
  readonly rows: number;
  readonly policy: string;
  readonly policyVersion: number;
  /** As of which position its rows are, and the record of the export itself. */
  readonly position: Offset;
  readonly offset: Offset;
}

export interface ExportBundle {
  readonly fileName: string;
  readonly bytes: BytePieces;
  readonly sha256: string;
}

export interface VerifyRequest {
  /** Exactly one of: the id of an access record, or of an export. */
  readonly receiptId?: string;
  readonly exportId?: string;
}

export interface VerifyAnswer {
  readonly valid: boolean;
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly detail: string;
  }[];
  /** The signed checkpoint (C2SP signed note) that the checks stand on. */
  readonly checkpoint: string;
}

export interface AuditRequest {
  readonly limit: number;
  /** Only entries before this offset, newest first. */
  readonly before?: number;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: string;
  readonly offset: Offset;
  readonly phase: 'intent' | 'outcome';
  readonly recipient: string;
  readonly tokenId: string;
  readonly purpose: string;
  readonly action: string;
  readonly decision: 'pending' | 'allowed' | 'denied' | 'failed';
  readonly code: string | null;
  readonly table: string | null;
  readonly columns: readonly string[];
  readonly rows: number | null;
  readonly statementFingerprint: string | null;
}

export interface AuditAnswer {
  readonly entries: readonly AuditEntry[];
  /** Intents older than a minute without an outcome: a crash, or a call still running. */
  readonly unanswered: number;
}

export interface LeafRange {
  readonly first: Offset;
  readonly count: number;
}

/** The doors' view of one tenant. Every method throws `VerityError`s with a stable code. */
export interface Gateway {
  /** Verifies a token: signature, claims, state in the log (revoked, used up, expired). Not cached across calls. */
  authenticate(token: string, caller: Caller, possession?: Possession): Promise<Session>;
  /** Cuts a token from the session's own: it may do a part of what that one may (RFC 8693). */
  exchange(session: Session, asked: Attenuation): Promise<IssuedToken>;
  schema(session: Session, table?: string): Promise<SchemaAnswer>;
  query(session: Session, request: QueryRequest): Promise<QueryAnswer>;
  createExport(session: Session, request: ExportRequest): Promise<ExportAnswer>;
  /** What this session's token has exported, newest first. */
  listExports(session: Session): Promise<readonly ExportSummary[]>;
  /** The bundle of an export that this session's token made. Rebuilt from the log, byte for byte. */
  readExport(session: Session, exportId: string): Promise<ExportBundle>;
  /** A row of such an export, as an SD-JWT (RFC 9901). */
  readExportedRow(session: Session, row: ExportedRow): Promise<string>;
  verify(session: Session, request: VerifyRequest): Promise<VerifyAnswer>;
  audit(session: Session, request: AuditRequest): Promise<AuditAnswer>;
  /** Leaves of the log, which are headers of records: no row, but when and how much was written. For `verify`. */
  readLeaves(session: Session, range: LeafRange): Promise<readonly Uint8Array[]>;
  /** Public: the newest signed checkpoint, the log's verifier key, the token issuer's keys (RFC 7517). */
  checkpoint(): Promise<string>;
  readonly logVerifierKey: string;
  tokenKeys(): JsonValue;
}

/** What a token may do: the operator's request, before policy narrows it further on every call. */
export interface TokenRequest {
  readonly recipient: string;
  readonly purpose: string;
  readonly policy: string;
  readonly actions: readonly Action[];
  /** Table → columns; `'*'` means every column that the policy lets out. */
  readonly tables: Readonly<Record<string, readonly string[] | '*'>>;
  readonly lifetimeSeconds: number;
  readonly maxRows?: number;
  /** Exports that the token may make; absent: no limit. 1 is a one-time token. */
  readonly maxExports?: number;
  /** Questions that the token may ask in all. */
  readonly maxQueries?: number;
  /** Table → which of its rows. */
  readonly rows?: Readonly<Record<string, RowPredicate>>;
  /** Of the column that the policy names as the table's period. */
  readonly period?: { readonly from?: string; readonly before?: string };
  /** The one position of the log that it sees. */
  readonly asOf?: number;
  /** Statistics only. */
  readonly aggregateOnly?: boolean;
  /** RFC 7638 thumbprint of the key that the token is bound to (RFC 9449). */
  readonly keyThumbprint?: string;
  /** Why, and who else approved, where the policy breaks the glass. Kept for ever. */
  readonly reason?: string;
  readonly approvals?: readonly string[];
}

export interface IssuedToken {
  readonly tokenId: string;
  /** DPoP where it is bound to a key. */
  readonly type: 'Bearer' | 'DPoP';
  readonly token: string;
  readonly expiresAt: string;
  readonly offset: Offset;
}

export interface TokenSummary {
  readonly tokenId: string;
  readonly recipient: string;
  readonly purpose: string;
  readonly policy: string;
  readonly state: 'active' | 'revoked' | 'spent' | 'expired';
  readonly expiresAt: string;
  readonly exports: number;
}

/** What a token would see now. */
export interface TokenExplanation {
  readonly tokenId: string;
  readonly recipient: string;
  readonly purpose: string;
  readonly policy: { readonly name: string; readonly version: number };
  readonly answers: 'rows' | 'aggregate';
  readonly expiresAt: string;
  readonly tables: readonly {
    readonly name: string;
    /** Rows that conditions, periods and consents let it know of. */
    readonly rows: number;
    readonly columns: readonly ColumnAnswer[];
  }[];
}

export interface ActivatedPolicy {
  readonly name: string;
  readonly version: number;
  readonly sha256: string;
  readonly offset: Offset;
  /** Findings of the linter that do not forbid activation. */
  readonly warnings: readonly string[];
}

/** A version of a policy in the log. */
export interface PolicyVersion {
  readonly name: string;
  readonly version: number;
  readonly sha256: string;
  readonly activatedAt: string;
  /** Whether it is the one that rules. */
  readonly isActive: boolean;
  readonly offset: Offset;
}

/** What a recipient's exports of a table are fixed to, where its policy releases it under a model. */
export interface ReleaseSummary {
  readonly recipient: string;
  readonly table: string;
  readonly policy: string;
  readonly policyVersion: number;
  /** Of the data. */
  readonly position: Offset;
  /** Quasi-identifier → its level, 0 the finest. */
  readonly levels: Readonly<Record<string, number>>;
  readonly state: 'open' | 'closed';
  readonly changedAt: string;
}

export interface StatementAnswer {
  /** What it was: `select`, `insert`, `create-index` … */
  readonly statement: Statement['kind'];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly JsonValue[])[];
  /** Places, from 0, of rows that were there at the position and are erased since: all null. */
  readonly erased: readonly number[];
  /** Rows written; null for a SELECT. */
  readonly changed: number | null;
  readonly position: Offset;
}

export interface RowsRequest {
  readonly table: string;
  readonly columns: readonly string[];
  /** Each value as text, as a CSV file has it, or null. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly idempotencyId?: string;
}

export interface ChainCheck {
  readonly records: number;
  readonly root: string;
  readonly checkpoint: string;
  /** Recoveries that the log holds: what was cut, and why. */
  readonly recoveries: readonly {
    readonly offset: Offset;
    readonly reason: string;
    readonly discardedBytes: number;
  }[];
  /** Records that the disk does not give as they were written; recoveries are then not looked for. */
  readonly damaged: readonly {
    readonly file: string;
    /** Byte position in the file. */
    readonly position: number;
    readonly offset: Offset;
  }[];
}

/** An order to erase a data subject: all that tables declare to be about it, in every past. */
export interface ErasureOrder {
  /** Its id as text, as the tables have it. */
  readonly subject: string;
  /** The law that asks for it or allows it. Kept for ever. */
  readonly legalBasis: string;
  /** Who approved it, by role or case number. Kept for ever. */
  readonly approvals: readonly string[];
}

/** An erasure as the log has it. No personal data. */
export interface ErasureSummary {
  /** The key that was destroyed. */
  readonly keyId: number;
  /** Keyed pseudonym of the data subject, hexadecimal. */
  readonly subjectMac: string;
  readonly legalBasis: string;
  readonly approvals: readonly string[];
  readonly state: 'requested' | 'completed';
  readonly requestedAt: string;
  readonly completedAt: string | null;
  /** Records that held a row of the subject, and rows; each was read again and could not be opened. */
  readonly records: number | null;
  readonly rows: number | null;
  /** Offset of the newest record about it: of the receipt once it is completed. */
  readonly offset: Offset;
}

export interface ErasureAnswer {
  /** One for each key that the data subject had. */
  readonly erasures: readonly ErasureSummary[];
}

export interface HoldOrder {
  readonly subject: string;
  /** Kept for ever. */
  readonly reason: string;
}

export interface HoldSummary {
  readonly holdId: string;
  readonly reason: string;
  readonly state: 'placed' | 'released';
  readonly changedAt: string;
  readonly offset: Offset;
}

export interface LogProof {
  /** C2SP tlog-proof, with a signed checkpoint. */
  readonly proof: string;
  /** The leaf that it proves, hexadecimal: the record's header. */
  readonly leaf: string;
}

export interface LogReceipt {
  /** COSE receipt (RFC 9942). */
  readonly receipt: Uint8Array;
  /** The leaf that it proves, hexadecimal: the record's header. */
  readonly leaf: string;
}

/** What the operator of the data folder may do. Reads of rows are recorded like anybody's. */
export interface Administration {
  execute(sql: string, parameters: readonly JsonValue[], purpose: string): Promise<StatementAnswer>;
  /** All rows or none; one record in the log. At most 1,000 rows a call. */
  insertRows(request: RowsRequest): Promise<{ readonly position: Offset; readonly rows: number }>;
  activatePolicy(yaml: string): Promise<ActivatedPolicy>;
  listPolicies(): Promise<readonly PolicyVersion[]>;
  /** The text as it was activated; of the newest version unless told. */
  readPolicy(name: string, version?: number): Promise<string>;
  /** Tables that were released under a model: to whom, and to what each is fixed. */
  listReleases(): Promise<readonly ReleaseSummary[]>;
  /** Lets the recipient's next export of the table be a new release: what both give together is nobody's promise. */
  closeRelease(recipient: string, table: string): Promise<{ readonly offset: Offset }>;
  issueToken(request: TokenRequest): Promise<IssuedToken>;
  /** @throws when the token is unknown; revoking twice is no error */
  revokeToken(tokenId: string, reason: string): Promise<{ readonly offset: Offset }>;
  listTokens(): Promise<readonly TokenSummary[]>;
  /** What a token says, where it may be used now; null for any other text (RFC 7662). */
  introspectToken(token: string): Promise<VerifiedToken | null>;
  /** @throws {AccessError} ERR_ACCESS_TOKEN_CLAIMS where it may not be used */
  explainToken(token: string): Promise<TokenExplanation>;
  /** A new key signs tokens from now on; retiring the ones before ends every token under them. */
  renewTokenKey(retire: boolean): Promise<JsonValue>;
  auditAll(request: AuditRequest): Promise<AuditAnswer>;
  /** Returns when nothing of the subject can be read any more, and the receipts are in the log. */
  erase(order: ErasureOrder): Promise<ErasureAnswer>;
  listErasures(): Promise<ErasureAnswer>;
  /** Keeps a data subject from being erased until every hold on it is released. */
  placeHold(order: HoldOrder): Promise<{ readonly holdId: string; readonly offset: Offset }>;
  releaseHold(holdId: string): Promise<{ readonly offset: Offset }>;
  listHolds(): Promise<{ readonly holds: readonly HoldSummary[] }>;
  readonly consents: ConsentDesk;
  readonly reports: ReportDesk;
  /** Wraps every key anew, under a new key-encryption key. Nothing is encrypted again. */
  rotateKeys(): Promise<void>;
  readLeaves(range: LeafRange): Promise<readonly Uint8Array[]>;
  /** Re-reads the whole log: CRC, chain, tree; and signs a checkpoint of it. */
  checkLog(): Promise<ChainCheck>;
  /** Proves a record in the tree of a size, the newest unless told. */
  logProof(offset: number, size?: number): Promise<LogProof>;
  /** The same as a COSE receipt. */
  logReceipt(offset: number, size?: number): Promise<LogReceipt>;
  /** Proves that the tree of one size begins with that of another, as a consistency text. */
  /** What a range of a table's keys, or of an index's, holds now, as a document that is checked offline. */
  proveState(name: string, keys: KeysAsked): Promise<string>;
  logConsistency(oldSize: number, newSize?: number): Promise<string>;
  /** An archive of keys, log and signed manifest as of now; its bytes are made while they are taken. */
  backup(): Promise<Iterable<Uint8Array>>;
  /** The ids of all keys that were destroyed, signed by the log's key. */
  tombstones(): Promise<string>;
  status(): Promise<{
    readonly tenant: number;
    readonly position: number;
    readonly tables: readonly string[];
    readonly projections: readonly string[];
  }>;
}
