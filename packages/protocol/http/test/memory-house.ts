/**
 * A small house in memory behind the doors' interfaces: tokens are issued, spent and revoked, rows are
 * kept, every call leaves records. It knows one statement: `SELECT columns|* FROM table`.
 */

import { createHash, randomBytes } from 'node:crypto';

import { BytePieces } from '@veritydb/bundle';
import type {
  Action,
  Administration,
  AuditAnswer,
  AuditEntry,
  AuditRequest,
  Caller,
  ColumnAnswer,
  ErasureSummary,
  ExportAnswer,
  ExportRequest,
  Gateway,
  HoldSummary,
  QueryAnswer,
  QueryRequest,
  Receipt,
  SchemaAnswer,
  Session,
  TokenRequest,
  TokenSummary,
  VerifyAnswer,
  VerifyRequest,
} from '@veritydb/disclosure';
import type { Publication } from '@veritydb/transparency';
import { type JsonValue, type Offset, VerityError, toOffset } from '@veritydb/types';

import { memoryConsents, memoryReports } from './memory-consents.ts';
import { type MemoryLog, memoryLog, publicationOf } from './memory-log.ts';

export class HouseError extends VerityError {}

interface HeldToken {
  readonly id: string;
  readonly request: TokenRequest;
  state: 'active' | 'revoked';
  exports: number;
}

interface HeldTable {
  readonly columns: readonly string[];
  readonly rows: JsonValue[][];
}

interface HeldExport {
  readonly answer: ExportAnswer;
  readonly tokenId: string;
  readonly asked: string;
  readonly bytes: Uint8Array;
}

const TOKEN_KEYS = { keys: [{ kty: 'OKP', crv: 'Ed25519', kid: 'k', x: 'AAAA' }] };

function sha256(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

export class MemoryHouse {
  readonly tables: Map<string, HeldTable> = new Map();
  readonly records: AuditEntry[] = [];
  readonly callers: Caller[] = [];
  readonly tokens: Map<string, HeldToken> = new Map();
  readonly exports: Map<string, HeldExport> = new Map();
  readonly policies: string[] = [];
  readonly erasures: ErasureSummary[] = [];
  readonly holds: HoldSummary[] = [];
  /** Thrown by the next call of the gateway that reveals anything. */
  failNext: unknown = null;
  readonly gateway: Gateway;
  readonly administration: Administration;
  /** 300 entries, of which 270 are published. */
  readonly log: MemoryLog = memoryLog(300);
  readonly publication: Publication = publicationOf(this.log, 270);

  constructor() {
    this.gateway = this.#buildGateway();
    this.administration = this.#buildAdministration();
  }

  /** A token for the given actions over every table. */
  async token(actions: readonly Action[], more: Partial<TokenRequest> = {}): Promise<string> {
    const issued = await this.administration.issueToken({
      recipient: 'university',
      purpose: 'research',
      policy: 'open',
      actions,
      tables: {},
      lifetimeSeconds: 600,
      ...more,
    });
    return issued.token;
  }

  get #position(): Offset {
    return toOffset(this.records.length);
  }

  #record(session: Session, action: string, decision: AuditEntry['decision']): Receipt {
    const id = randomBytes(16).toString('hex');
    const offset = this.#position;
    this.records.push({
      id,
      at: '2026-01-02T03:04:05Z',
      offset,
      phase: decision === 'pending' ? 'intent' : 'outcome',
      recipient: session.recipient,
      tokenId: session.tokenId,
      purpose: session.purpose,
      action,
      decision,
      code: null,
      table: null,
      columns: [],
      rows: null,
      statementFingerprint: null,
    });
    return { id, offset, chainHash: sha256(id) };
  }

  #reveal<Answer>(session: Session, action: Action, make: (receipt: Receipt) => Answer): Answer {
    this.#record(session, action, 'pending');
    if (!session.actions.has(action)) {
      this.#record(session, action, 'denied');
      throw new HouseError('denied', 'ERR_HOUSE_SCOPE', `the token does not allow ${action}`);
    }
    if (this.failNext !== null) {
      const error = this.failNext;
      this.failNext = null;
      this.#record(session, action, 'failed');
      throw error;
    }
    return make(this.#record(session, action, 'allowed'));
  }

  #select(sql: string): { columns: readonly ColumnAnswer[]; rows: JsonValue[][] } {
    const match = /^select (?<list>\*|[a-z_, ]+) from (?<table>[a-z_]+)$/i.exec(sql.trim());
    if (match?.groups === undefined) {
      throw new HouseError('format', 'ERR_HOUSE_SYNTAX', 'expected SELECT … FROM …', {
        hint: 'Write SELECT columns FROM table.',
      });
    }
    const table = this.tables.get(match.groups['table'] ?? '');
    if (table === undefined) {
      throw new HouseError('denied', 'ERR_HOUSE_UNKNOWN_TABLE', 'there is no such table');
    }
    const list = match.groups['list'] ?? '*';
    const names = list === '*' ? table.columns : list.split(',').map((name) => name.trim());
    const indexes = names.map((name) => table.columns.indexOf(name));
    if (indexes.includes(-1)) {
      throw new HouseError('format', 'ERR_HOUSE_UNKNOWN_COLUMN', 'there is no such column');
    }
    return {
      columns: names.map((name) => ({ name, type: 'text', transform: 'keep', operations: 'all' })),
      rows: table.rows.map((row) => indexes.map((index) => row[index] ?? null)),
    };
  }

  #authenticate(text: string, caller: Caller): Session {
    const held = this.tokens.get(text);
    if (held === undefined) {
      throw new HouseError('denied', 'ERR_HOUSE_TOKEN_MALFORMED', 'not a token of this house');
    }
    if (held.state === 'revoked') {
      throw new HouseError('conflict', 'ERR_HOUSE_TOKEN_REVOKED', 'the token was revoked');
    }
    this.callers.push(caller);
    return {
      tokenId: held.id,
      recipient: held.request.recipient,
      purpose: held.request.purpose,
      actions: new Set(held.request.actions),
      expiresAtMs: Date.UTC(2099, 0),
    } as unknown as Session;
  }

  #schema(receipt: Receipt, only: string | undefined): SchemaAnswer {
    return {
      tables: [...this.tables]
        .filter(([name]) => only === undefined || name === only)
        .map(([name, table]) => ({
          name,
          columns: table.columns.map((column) => ({
            name: column,
            type: 'text',
            transform: 'keep',
            operations: 'all',
          })),
        })),
      purpose: 'research',
      policy: { name: 'open', version: 1, sha256: sha256('open') },
      limits: { maxRows: 500, tokenExpiresAt: '2026-01-02T04:04:05Z' },
      position: this.#position,
      receipt,
    };
  }

  #query(receipt: Receipt, request: QueryRequest): QueryAnswer {
    const { columns, rows } = this.#select(request.sql);
    const skip = request.skip ?? 0;
    const kept = rows.slice(skip, skip + (request.maxRows ?? rows.length));
    return {
      columns,
      rows: kept,
      erased: [],
      truncated: skip + kept.length < rows.length,
      position: toOffset(request.position ?? this.#position),
      root: sha256('root'),
      receipt,
      notes: request.parameters.length > 0 ? [`${request.parameters.length} parameters`] : [],
      privacy: null,
    };
  }

  #createExport(session: Session, receipt: Receipt, request: ExportRequest): ExportAnswer {
    const exportId = sha256(session.tokenId + request.idempotencyId).slice(0, 32);
    const asked = JSON.stringify([request.sql, request.parameters]);
    const before = this.exports.get(exportId);
    if (before !== undefined) {
      if (before.asked === asked) return before.answer;
      throw new HouseError('conflict', 'ERR_HOUSE_EXPORT_REUSED', 'the id made another export');
    }
    const held = [...this.tokens.values()].find((token) => token.id === session.tokenId);
    if (held === undefined) throw new HouseError('assertion', 'ERR_ASSERTION', 'no such session');
    if (held.exports >= (held.request.maxExports ?? Infinity)) {
      throw new HouseError('denied', 'ERR_HOUSE_TOKEN_SPENT', 'the token is used up');
    }
    const { rows } = this.#select(request.sql);
    const bytes = new TextEncoder().encode(`PK${JSON.stringify(rows)}`);
    const answer: ExportAnswer = {
      exportId,
      rows: rows.length,
      size: bytes.length,
      sha256: sha256(bytes),
      position: this.#position,
      receipt,
    };
    held.exports += 1;
    this.exports.set(exportId, { answer, tokenId: session.tokenId, asked, bytes });
    return answer;
  }

  #verify(request: VerifyRequest): VerifyAnswer {
    const known =
      request.exportId === undefined
        ? this.records.some((record) => record.id === request.receiptId)
        : this.exports.has(request.exportId);
    if (!known) throw new HouseError('expectation', 'ERR_HOUSE_RECEIPT_UNKNOWN', 'no such receipt');
    return {
      valid: true,
      checks: [{ name: 'inclusion', ok: true, detail: 'the record is in the tree' }],
      checkpoint: this.#checkpoint(),
    };
  }

  #checkpoint(): string {
    return `memory.example/log\n${this.records.length}\nAAAA\n\n— memory.example/log AAAA\n`;
  }

  #audit(request: AuditRequest, entries: readonly AuditEntry[]): AuditAnswer {
    const before = request.before ?? Infinity;
    return {
      entries: entries
        .filter((entry) => entry.offset < before)
        .toReversed()
        .slice(0, request.limit),
      unanswered: 0,
    };
  }

  #buildGateway(): Gateway {
    return {
      authenticate: async (token, caller) => this.#authenticate(token, caller),
      exchange: async (session, asked) =>
        this.#reveal(session, 'query', () => {
          if (asked.asOf !== undefined) {
            throw new HouseError('denied', 'ERR_HOUSE_ATTENUATION', 'not a part of it');
          }
          const expiresAt = '2026-01-02T04:04:05Z';
          return {
            tokenId: 'child',
            type: 'Bearer',
            token: 'cut',
            expiresAt,
            offset: this.#position,
          };
        }),
      schema: async (session, table) =>
        this.#reveal(session, 'schema', (receipt) => this.#schema(receipt, table)),
      query: async (session, request) =>
        this.#reveal(session, 'query', (receipt) => this.#query(receipt, request)),
      createExport: async (session, request) =>
        this.#reveal(session, 'export', (receipt) => this.#createExport(session, receipt, request)),
      listExports: async (session) =>
        this.#reveal(session, 'export', () =>
          [...this.exports.values()]
            .filter(({ tokenId }) => tokenId === session.tokenId)
            .map(({ answer: { exportId, position, receipt, rows } }) => ({
              exportId,
              rows,
              policy: 'research',
              policyVersion: 1,
              position,
              offset: receipt.offset,
            })),
        ),
      readExport: async (session, exportId) =>
        this.#reveal(session, 'export', () => {
          const held = this.exports.get(exportId);
          if (held === undefined || held.tokenId !== session.tokenId) {
            throw new HouseError('expectation', 'ERR_HOUSE_EXPORT_UNKNOWN', 'no such export');
          }
          return {
            fileName: `export-${exportId}.zip`,
            bytes: new BytePieces([held.bytes.subarray(0, 3), held.bytes.subarray(3)]),
            sha256: held.answer.sha256,
          };
        }),
      readExportedRow: async (session, { exportId, line, table }) =>
        this.#reveal(session, 'export', () => `${exportId}.${table}.${line}~`),
      verify: async (session, request) =>
        this.#reveal(session, 'verify', () => this.#verify(request)),
      audit: async (session, request) =>
        this.#reveal(session, 'audit', () =>
          this.#audit(
            request,
            this.records.filter((record) => record.tokenId === session.tokenId),
          ),
        ),
      readLeaves: async (session, { first, count }) =>
        this.#reveal(session, 'verify', () => this.log.leaves.slice(first, first + count)),
      checkpoint: async () => this.#checkpoint(),
      logVerifierKey: 'memory.example/log+00000000+AAAA',
      tokenKeys: () => TOKEN_KEYS,
    };
  }

  #buildAdministration(): Administration {
    return {
      execute: async (sql) => {
        const { columns, rows } = this.#select(sql);
        return {
          statement: 'select' as const,
          columns,
          rows,
          erased: [],
          changed: null,
          position: this.#position,
        };
      },
      insertRows: async (request) => {
        const table = this.tables.get(request.table) ?? { columns: request.columns, rows: [] };
        this.tables.set(request.table, table);
        table.rows.push(...request.rows.map((row) => [...row]));
        return { position: this.#position, rows: request.rows.length };
      },
      activatePolicy: async (yaml) => {
        this.policies.push(yaml);
        return {
          name: 'open',
          version: this.policies.length,
          sha256: sha256(yaml),
          offset: this.#position,
          warnings: [],
        };
      },
      listReleases: async () => [],
      closeRelease: async () => ({ offset: this.#position }),
      listPolicies: async () =>
        this.policies.map((yaml, index) => ({
          name: 'open',
          version: index + 1,
          sha256: sha256(yaml),
          activatedAt: '2026-01-02T03:04:05Z',
          isActive: index + 1 === this.policies.length,
          offset: this.#position,
        })),
      readPolicy: async (_name, version = this.policies.length) => {
        const yaml = this.policies[version - 1];
        if (yaml !== undefined) return yaml;
        throw new HouseError('denied', 'ERR_HOUSE_POLICY_UNKNOWN', 'no such policy');
      },
      issueToken: async (request) => {
        const id = randomBytes(12).toString('hex');
        const token = `eyJhbGciOiJFZERTQSJ9.${randomBytes(24).toString('base64url')}.sig`;
        this.tokens.set(token, { id, request, state: 'active', exports: 0 });
        return {
          tokenId: id,
          type: 'Bearer',
          token,
          expiresAt: '2026-01-02T04:04:05Z',
          offset: this.#position,
        };
      },
      revokeToken: async (tokenId) => {
        const held = [...this.tokens.values()].find((token) => token.id === tokenId);
        if (held === undefined) {
          throw new HouseError('expectation', 'ERR_HOUSE_TOKEN_UNKNOWN', 'no such token');
        }
        held.state = 'revoked';
        return { offset: this.#position };
      },
      listTokens: async () =>
        [...this.tokens.values()].map((token): TokenSummary => ({
          tokenId: token.id,
          recipient: token.request.recipient,
          purpose: token.request.purpose,
          policy: token.request.policy,
          state: token.state,
          expiresAt: '2026-01-02T04:04:05Z',
          exports: token.exports,
        })),
      auditAll: async (request) => this.#audit(request, this.records),
      erase: async (order) => {
        this.erasures.push({
          keyId: 5,
          subjectMac: sha256(order.subject),
          legalBasis: order.legalBasis,
          approvals: order.approvals,
          state: 'completed',
          requestedAt: '2026-01-02T03:04:05Z',
          completedAt: '2026-01-02T03:04:06Z',
          records: 2,
          rows: 3,
          offset: this.#position,
        });
        return { erasures: this.erasures };
      },
      listErasures: async () => ({ erasures: this.erasures }),
      placeHold: async ({ reason }) => {
        const changedAt = '2026-01-02T03:04:05Z';
        const hold = { holdId: 'h1', reason, state: 'placed' as const, changedAt };
        this.holds.push({ ...hold, offset: this.#position });
        return { holdId: 'h1', offset: this.#position };
      },
      releaseHold: async (holdId) => {
        if (this.holds.some((hold) => hold.holdId === holdId)) return { offset: this.#position };
        throw new HouseError('conflict', 'ERR_HOUSE_HOLD_UNKNOWN', 'no such hold');
      },
      listHolds: async () => ({ holds: this.holds }),
      introspectToken: async () => null,
      explainToken: async () => {
        throw new HouseError('denied', 'ERR_HOUSE_TOKEN_CLAIMS', 'not to be used');
      },
      renewTokenKey: async () => TOKEN_KEYS,
      consents: memoryConsents(),
      reports: memoryReports(),
      rotateKeys: async () => undefined,
      readLeaves: async ({ first, count }) => this.log.leaves.slice(first, first + count),
      checkLog: async () => ({
        records: this.records.length,
        root: sha256('root'),
        checkpoint: this.#checkpoint(),
        recoveries: [{ offset: toOffset(3), reason: 'torn tail', discardedBytes: 17 }],
        damaged: [],
      }),
      logProof: async (offset) => ({ proof: `index ${offset}\n`, leaf: '00' }),
      logReceipt: async (offset) => ({ receipt: new Uint8Array([offset, 255]), leaf: '00' }),
      proveState: async (name, keys) => `${name} ${JSON.stringify(keys)}\n`,
      logConsistency: async (oldSize) => `old ${oldSize}\n`,
      backup: async () => [new Uint8Array([1, 2]), new Uint8Array([3])],
      tombstones: async () => 'tombstones\n',
      status: async () => ({
        tenant: 1,
        position: this.records.length,
        tables: [...this.tables.keys()],
        projections: [],
      }),
    };
  }
}

/** A house with a table of two people. */
export function furnishedHouse(): MemoryHouse {
  const house = new MemoryHouse();
  house.tables.set('people', {
    columns: ['id', 'name'],
    rows: [
      ['1', 'Ada'],
      ['2', 'Grace'],
    ],
  });
  return house;
}
