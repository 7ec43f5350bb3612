/**
 * Errors as problem details (RFC 9457): one table from kind and code to a status. A problem holds the
 * code, the sentence and the hint that the error was made with, never a stack; faults of our own say
 * nothing but that they happened.
 */

import { type ErrorKind, VerityError } from '@veritydb/types';

import { TokenRefusedError } from './error.ts';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code: string;
  readonly hint?: string;
}

/** What a 401 or 403 tells a client about getting a better token (RFC 6750 §3, RFC 9728 §5.1). */
export interface Challenge {
  readonly resourceMetadataUrl: string;
  /** All the scopes that the operation needs, separated by spaces; null: any token will do. */
  readonly scope: string | null;
}

const TITLE: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Content too large',
  415: 'Unsupported media type',
  422: 'Not authentic',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Unavailable',
};

/** Codes whose status their kind alone does not tell. The first match counts. */
const STATUS_BY_CODE: readonly (readonly [code: RegExp, status: number])[] = [
  [/^ERR_HTTP_(TOKEN_MISSING|TOKEN_FORM|OPERATOR)$/, 401],
  [/^ERR_HTTP_METHOD$/, 405],
  [/^ERR_HTTP_BODY_SIZE$/, 413],
  [/^ERR_HTTP_CONTENT_TYPE$/, 415],
  [/^ERR_HTTP_RANGE$/, 416],
  // A token's state can change between its authentication and the end of the call.
  [/_TOKEN_(REVOKED|EXPIRED|SPENT)$/, 401],
  // A thing that the path or a parameter of it names. A table or column inside a statement is not one.
  [/_(PATH|EXPORT|RECEIPT|ACCESS|TOKEN|POLICY|SUBJECT|HOLD|CONSENT|CHECKPOINT|TILE)_UNKNOWN$/, 404],
];

const STATUS_BY_KIND: Readonly<Record<ErrorKind, number>> = {
  format: 400,
  verification: 422,
  expectation: 409,
  denied: 403,
  conflict: 409,
  unavailable: 503,
  assertion: 500,
};

/** `instanceof` alone would leave the code untyped. */
export function isVerityError(error: unknown): error is VerityError {
  return error instanceof VerityError;
}

/** The status of an error, by the one table of this door. */
export function statusOf(error: unknown): number {
  if (!isVerityError(error)) return 500;
  if (error instanceof TokenRefusedError) return 401;
  if (error.code === 'ERR_HTTP_RATE_LIMITED') return 429;
  if (error.kind !== 'assertion' && error.kind !== 'unavailable') {
    for (const [code, status] of STATUS_BY_CODE) if (code.test(error.code)) return status;
  }
  return STATUS_BY_KIND[error.kind];
}

/** The problem document of an error. */
export function buildProblem(error: unknown): Problem {
  const status = statusOf(error);
  const title = TITLE[status] ?? 'Error';
  if (status === 500 || !isVerityError(error)) {
    const code = isVerityError(error) ? error.code : 'ERR_HTTP_INTERNAL';
    return { type: `urn:veritydb:error:${code}`, title, status, code };
  }
  return {
    type: `urn:veritydb:error:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}

/** The answer to a request that failed: problem+json, with the headers that the status calls for. */
export function problemResponse(error: unknown, challenge?: Challenge): Response {
  const problem = buildProblem(error);
  const headers = new Headers({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  });
  if (problem.status === 503 || problem.status === 429) {
    const retryAfterMs = isVerityError(error) ? (error.retryAfterMs ?? 1000) : 1000;
    headers.set('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
  }
  const authenticate = challengeText(problem, challenge);
  if (authenticate !== null) headers.set('www-authenticate', authenticate);
  return new Response(JSON.stringify(problem), { status: problem.status, headers });
}

function challengeText(problem: Problem, challenge: Challenge | undefined): string | null {
  const insufficient = problem.status === 403 && problem.code.endsWith('_SCOPE');
  if (problem.status !== 401 && !insufficient) return null;
  const members: string[] = [];
  // RFC 6750 §3.1: a request without any token gets no error code.
  if (insufficient) members.push('error="insufficient_scope"');
  else if (!/_(MISSING|OPERATOR)$/.test(problem.code)) members.push('error="invalid_token"');
  if (challenge !== undefined) {
    if (challenge.scope !== null) members.push(`scope="${challenge.scope}"`);
    members.push(`resource_metadata="${challenge.resourceMetadataUrl}"`);
  }
  return members.length === 0 ? 'Bearer' : `Bearer ${members.join(', ')}`;
}
