/**
 * The claims of a token: RFC 7519, the access token profile of RFC 9068, and one authorisation detail of
 * RFC 9396. Closed at every level: a member that is not known here is refused, because what a reader
 * does not understand may be what narrows the right.
 */

import { type JsonValue, type TenantId, canonicalJson, toTenantId } from '@veritydb/types';
import { z } from 'zod';

import { AccessError } from './error.ts';
import type { AnswerKind } from './policy-schema.ts';
import { type RowPredicate, rowPredicate } from './row-predicate.ts';
import {
  COLUMNS_COUNT_MAX,
  TABLES_COUNT_MAX,
  columnName,
  isUnique,
  moment,
  party,
  policyName,
  tableName,
  term,
} from './vocabulary.ts';

/** What a token may do; in `scope` as `verity:query`, in this order. */
export const TOKEN_ACTIONS = ['schema', 'query', 'export', 'verify', 'audit'] as const;
export type TokenAction = (typeof TOKEN_ACTIONS)[number];

export interface AuthorizationDetail {
  readonly type: 'veritydb_access';
  readonly tenant: number;
  /** Table → columns; `*` is every column that the policy lets out. */
  readonly tables: Readonly<Record<string, readonly string[] | '*'>>;
  readonly purpose: string;
  readonly policy: { readonly name: string };
  /** Table → which of its rows; without an entry, all that the policy lets out. */
  readonly rows?: Readonly<Record<string, RowPredicate>> | undefined;
  /** Of the column that the policy names as a table's period; `from` is in, `before` is out. */
  readonly period?:
    | { readonly from?: string | undefined; readonly before?: string | undefined }
    | undefined;
  /** What the recipient chose itself when it cut the token: it must go on seeing these columns as they are. */
  readonly cut?:
    | {
        readonly columns?: Readonly<Record<string, readonly string[]>> | undefined;
        /** Whether it chose a period, of whichever column the policy names. */
        readonly period?: true | undefined;
      }
    | undefined;
  /** The data as of this position of the log, and no other. */
  readonly as_of?: number | undefined;
  /** Statistics only; absent: what the policy allows. */
  readonly answers?: 'aggregate' | undefined;
  readonly limits: {
    readonly max_rows: number;
    readonly max_exports?: number | undefined;
    readonly max_queries?: number | undefined;
  };
}

export interface TokenClaims {
  readonly iss: string;
  readonly aud: string;
  /** The recipient. */
  readonly sub: string;
  readonly client_id: string;
  /** Seconds since the Unix epoch, as are nbf and exp. */
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly jti: string;
  readonly scope: string;
  /** RFC 9449 §6.1: the thumbprint of the key that the bearer must prove to have. */
  readonly cnf?: { readonly jkt: string } | undefined;
  readonly authorization_details: readonly [AuthorizationDetail];
}

/** A token that holds: what its claims say, in our words. Only `verifyToken` makes one. */
export interface VerifiedToken {
  readonly tokenId: string;
  readonly issuer: string;
  readonly audience: string;
  readonly recipient: string;
  readonly clientId: string;
  readonly issuedAtSeconds: number;
  readonly notBeforeSeconds: number;
  readonly expiresAtSeconds: number;
  readonly actions: ReadonlySet<TokenAction>;
  readonly tenant: TenantId;
  readonly tables: ReadonlyMap<string, readonly string[] | '*'>;
  readonly purpose: string;
  readonly policyName: string;
  readonly rowsMax: number;
  /** Exports that the token may make; null: no limit. */
  readonly exportsMax: number | null;
  /** Questions that the token may ask; null: no limit. */
  readonly queriesMax: number | null;
  readonly rows: ReadonlyMap<string, RowPredicate>;
  readonly period: { readonly from: string | null; readonly before: string | null };
  /** Columns that its recipient's own conditions ask of, by table, and whether its own period does. */
  readonly cut: {
    readonly columns: ReadonlyMap<string, readonly string[]>;
    readonly period: boolean;
  };
  readonly asOf: number | null;
  readonly answers: AnswerKind;
  /** RFC 7638 thumbprint of the key that it is bound to; null: whoever holds it may use it. */
  readonly keyThumbprint: string | null;
}

/** Last second of the year 9999: what lies beyond is no time but an attempt. */
const SECONDS_MAX = 253_402_300_799;
const EXPORTS_COUNT_MAX = 1_000_000;
const ROWS_COUNT_MAX = 1_000_000;
const SCOPE_PREFIX = 'verity:';

const seconds = z.int().min(0).max(SECONDS_MAX);

const columns = z
  .array(columnName)
  .min(1)
  .max(COLUMNS_COUNT_MAX)
  .refine((names) => isUnique(names));

const detail: z.ZodType<AuthorizationDetail> = z
  .strictObject({
    type: z.literal('veritydb_access'),
    tenant: z.int().min(1),
    tables: z.record(tableName, z.union([z.literal('*'), columns])).refine((tables) => {
      const count = Object.keys(tables).length;
      return count >= 1 && count <= TABLES_COUNT_MAX;
    }),
    purpose: term,
    policy: z.strictObject({ name: policyName }),
    rows: z.record(tableName, rowPredicate).optional(),
    period: z
      .strictObject({ from: moment.optional(), before: moment.optional() })
      .refine(({ from, before }) => from !== undefined || before !== undefined)
      .optional(),
    cut: z
      .strictObject({
        columns: z.record(tableName, columns).optional(),
        period: z.literal(true).optional(),
      })
      .optional(),
    as_of: z.int().min(0).optional(),
    answers: z.literal('aggregate').optional(),
    limits: z.strictObject({
      max_rows: z.int().min(1).max(ROWS_COUNT_MAX),
      max_exports: z.int().min(1).max(EXPORTS_COUNT_MAX).optional(),
      max_queries: z.int().min(1).max(EXPORTS_COUNT_MAX).optional(),
    }),
  })
  .refine(({ rows = {}, tables }) =>
    Object.keys(rows).every((name) => Object.hasOwn(tables, name)),
  );

const tokenClaims: z.ZodType<TokenClaims> = z
  .strictObject({
    iss: party,
    aud: party,
    sub: party,
    client_id: party,
    iat: seconds,
    nbf: seconds,
    exp: seconds,
    jti: z.string().regex(/^[A-Za-z0-9_-]{16,64}$/),
    scope: z.string().refine((scope) => parseScope(scope) !== undefined),
    cnf: z.strictObject({ jkt: z.string().regex(/^[A-Za-z0-9_-]{43}$/) }).optional(),
    authorization_details: z.tuple([detail]),
  })
  .refine(({ iat, nbf, exp }) => iat < exp && nbf < exp);

/** The scope of these actions, in its one spelling. */
export function formatScope(actions: Iterable<TokenAction>): string {
  const wanted = new Set(actions);
  return TOKEN_ACTIONS.filter((action) => wanted.has(action))
    .map((action) => SCOPE_PREFIX + action)
    .join(' ');
}

/** Actions of a scope; undefined unless it is spelled as {@link formatScope} does, with one at least. */
function parseScope(scope: string): readonly TokenAction[] | undefined {
  const words = scope.split(' ');
  const actions = TOKEN_ACTIONS.filter((action) => words.includes(SCOPE_PREFIX + action));
  return actions.length > 0 && formatScope(actions) === scope ? actions : undefined;
}

/**
 * Checks claims as a whole, when a token is issued and when it is verified.
 *
 * @throws {AccessError} ERR_ACCESS_TOKEN_CLAIMS
 */
export function checkTokenClaims(json: JsonValue): TokenClaims {
  const parsed = tokenClaims.safeParse(json);
  if (!parsed.success) throw refusedClaims();
  // What the schema let pass must be all that was signed, to the last member.
  if (canonicalJson(parsed.data as unknown as JsonValue) !== canonicalJson(json)) {
    throw refusedClaims();
  }
  return parsed.data;
}

export function toVerifiedToken(claims: TokenClaims): VerifiedToken {
  const [right] = claims.authorization_details;
  return {
    tokenId: claims.jti,
    issuer: claims.iss,
    audience: claims.aud,
    recipient: claims.sub,
    clientId: claims.client_id,
    issuedAtSeconds: claims.iat,
    notBeforeSeconds: claims.nbf,
    expiresAtSeconds: claims.exp,
    actions: new Set(parseScope(claims.scope)),
    tenant: toTenantId(right.tenant),
    tables: new Map(Object.entries(right.tables)),
    purpose: right.purpose,
    policyName: right.policy.name,
    rowsMax: right.limits.max_rows,
    exportsMax: right.limits.max_exports ?? null,
    queriesMax: right.limits.max_queries ?? null,
    rows: new Map(Object.entries(right.rows ?? {})),
    period: { from: right.period?.from ?? null, before: right.period?.before ?? null },
    cut: {
      columns: new Map(Object.entries(right.cut?.columns ?? {})),
      period: right.cut?.period ?? false,
    },
    asOf: right.as_of ?? null,
    answers: right.answers ?? 'rows',
    keyThumbprint: claims.cnf?.jkt ?? null,
  };
}

function refusedClaims(): AccessError {
  return new AccessError('ERR_ACCESS_TOKEN_CLAIMS', 'claims are not those of a VerityDB token');
}
