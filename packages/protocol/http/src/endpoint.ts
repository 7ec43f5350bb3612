/**
 * An endpoint: what it takes, who may call it, what it answers. The routes and the OpenAPI document are
 * both made from these, so that nothing is documented that does not answer, and the reverse.
 */

import type { Action, Session } from '@veritydb/disclosure';
import { type JsonObject, type JsonValue, assert } from '@veritydb/types';
import type { z } from 'zod';

import { HttpError } from './error.ts';

/** Who may call: anybody; the bearer of any token; of one with this action; the operator. */
type Access = 'public' | 'token' | Action | 'operator';

interface Inputs<Path, Query, Body> {
  readonly path: Path;
  readonly query: Query;
  readonly body: Body;
  /** For what is negotiated, such as a range; never for what is asked. */
  readonly headers: Headers;
}

interface Success {
  readonly status: 200 | 201;
  readonly description: string;
  /** A schema for JSON, or the media type of anything else. */
  readonly content: z.ZodType | string;
}

export interface Endpoint {
  readonly method: 'get' | 'post';
  /** As OpenAPI writes it: `/v1/exports/{id}/bundle`. */
  readonly route: string;
  readonly id: string;
  readonly access: Access;
  readonly summary: string;
  readonly description?: string;
  readonly path?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly bodySizeMax?: number;
  readonly success: Success;
  /** Statuses of problems that the endpoint can answer with, beside those of its access. */
  readonly problems: readonly number[];
  answer(
    inputs: Inputs<Record<string, unknown>, Record<string, unknown>, unknown>,
    session: Session | null,
  ): Promise<Response>;
}

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

interface EndpointDefinition<
  Path extends z.ZodObject | undefined,
  Query extends z.ZodObject | undefined,
  Body extends z.ZodType | undefined,
> extends Omit<Endpoint, 'answer' | 'path' | 'query' | 'body'> {
  readonly path?: Path;
  readonly query?: Query;
  readonly body?: Body;
  answer(
    inputs: Inputs<Output<Path>, Output<Query>, Output<Body>>,
    session: Session | null,
  ): Promise<Response>;
}

/** Ties the types of an endpoint's inputs to the schemas that check them. */
export function defineEndpoint<
  Path extends z.ZodObject | undefined = undefined,
  Query extends z.ZodObject | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(definition: EndpointDefinition<Path, Query, Body>): Endpoint {
  return definition as unknown as Endpoint;
}

/** The session of an endpoint that only a token opens. */
export function requireSession(session: Session | null): Session {
  assert(session !== null, 'a scoped endpoint was called without a session');
  return session;
}

export function jsonResponse(value: JsonObject, status = 200): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  });
}

export function textResponse(text: string): Response {
  return new Response(text, {
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  });
}

/**
 * Checks foreign input against a schema.
 *
 * @throws {HttpError} ERR_HTTP_REQUEST naming the members that are wrong, never their values
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: 'body' | 'query' | 'path',
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new HttpError(
    'ERR_HTTP_REQUEST',
    `the ${place} is refused: ${describeIssues(parsed.error)}`,
    {
      hint: 'See /docs for what this endpoint takes.',
    },
  );
}

const ISSUES_TOLD_MAX = 5;
const ISSUE_LENGTH_MAX = 200;

/** What a schema found wrong: names of members and what was expected, never a value. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, ISSUES_TOLD_MAX)
    .map((issue) => {
      const member = issue.path.map(String).join('.');
      const text = member === '' ? issue.message : `${member}: ${issue.message}`;
      // Attacker-controlled: the name of an unknown member.
      return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '').slice(0, ISSUE_LENGTH_MAX);
    })
    .join('; ');
}

/**
 * The members of a query string. A member that stands there twice is refused, as in a body.
 *
 * @throws {HttpError} ERR_HTTP_REQUEST
 */
export function queryMembers(url: URL): Record<string, JsonValue> {
  const members = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (members.has(name)) {
      throw new HttpError('ERR_HTTP_REQUEST', 'the query string holds a parameter twice');
    }
    members.set(name, value);
  }
  return Object.fromEntries(members);
}
