/**
 * What a client may read by address, free of any SDK. Each reads no more than a tool of the same right
 * does, and through the same gateway. An address that is unknown and one that the token does not open are
 * the same to the caller.
 */

import type { Action, Gateway, Session } from '@veritydb/disclosure';
import {
  auditAnswerJson,
  foreignIdShape,
  idShape,
  schemaAnswerJson,
  verifyAnswerJson,
} from '@veritydb/http';
import type { JsonObject } from '@veritydb/types';
import type { z } from 'zod';

interface ResourceFacts {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: 'application/json' | 'text/plain';
  /** What a token must allow; null: any valid token will do, since it tells of no data. */
  readonly action: Action | null;
}

export interface Resource extends ResourceFacts {
  readonly uri: string;
  read(gateway: Gateway, session: Session): Promise<string>;
}

export interface ResourceTemplate extends ResourceFacts {
  /** RFC 6570, one variable at the end. */
  readonly uriTemplate: string;
  /** What the variable may be. */
  readonly variable: z.ZodType<string>;
  read(gateway: Gateway, session: Session, variable: string): Promise<string>;
}

const AUDIT_LIMIT = 20;

const text = (value: JsonObject): string => JSON.stringify(value);

/** All resources, always in this order. */
export const RESOURCES: readonly Resource[] = [
  {
    uri: 'verity://grant',
    name: 'grant',
    title: 'What this token may do',
    description: 'Recipient, purpose, tools and end of the token that asks.',
    mimeType: 'application/json',
    action: null,
    read: async (_gateway, session) =>
      text({
        token_id: session.tokenId,
        recipient: session.recipient,
        purpose: session.purpose,
        actions: [...session.actions],
        expires_at: new Date(session.expiresAtMs).toISOString(),
      }),
  },
  {
    uri: 'verity://schema',
    name: 'schema',
    title: 'Tables and columns',
    description: 'What verity_schema answers: tables and columns that this token may see.',
    mimeType: 'application/json',
    action: 'schema',
    read: async (gateway, session) => text(schemaAnswerJson(await gateway.schema(session))),
  },
  {
    uri: 'verity://audit',
    name: 'audit',
    title: 'Access records of this token',
    description: `The newest ${AUDIT_LIMIT} of what verity_audit answers.`,
    mimeType: 'application/json',
    action: 'audit',
    read: async (gateway, session) =>
      text(auditAnswerJson(await gateway.audit(session, { limit: AUDIT_LIMIT }))),
  },
  {
    uri: 'verity://checkpoint',
    name: 'checkpoint',
    title: 'Newest signed checkpoint',
    description:
      'A C2SP tlog-checkpoint: keep it, and later bundles can prove that the log only grew.',
    mimeType: 'text/plain',
    action: null,
    read: async (gateway) => gateway.checkpoint(),
  },
  {
    uri: 'verity://keys',
    name: 'keys',
    title: 'Public keys',
    description:
      'Verifier key of the log (C2SP signed note) and keys of the token issuer (RFC 7517).',
    mimeType: 'application/json',
    action: null,
    read: async (gateway) =>
      text({ log_key: gateway.logVerifierKey, token_keys: gateway.tokenKeys() }),
  },
];

/** All templates, always in this order. */
export const RESOURCE_TEMPLATES: readonly ResourceTemplate[] = [
  {
    uriTemplate: 'verity://receipt/{id}',
    variable: idShape,
    name: 'receipt',
    title: 'A receipt, checked',
    description: 'What verity_verify answers for the receipt of an answer.',
    mimeType: 'application/json',
    action: 'verify',
    read: async (gateway, session, receiptId) =>
      text(verifyAnswerJson(await gateway.verify(session, { receiptId }))),
  },
  {
    uriTemplate: 'verity://export/{id}',
    variable: foreignIdShape,
    name: 'export',
    title: 'An export, checked',
    description: 'What verity_verify answers for an export of this token.',
    mimeType: 'application/json',
    action: 'verify',
    read: async (gateway, session, exportId) =>
      text(verifyAnswerJson(await gateway.verify(session, { exportId }))),
  },
];

/** Those that a token's actions open. */
export function opened<Facts extends ResourceFacts>(
  all: readonly Facts[],
  actions: ReadonlySet<Action>,
): readonly Facts[] {
  return all.filter(({ action }) => action === null || actions.has(action));
}

export interface FoundResource {
  readonly mimeType: string;
  read(gateway: Gateway, session: Session): Promise<string>;
}

/** What an address leads to for a token; undefined where it is unknown, or not opened. */
export function findResource(uri: string, actions: ReadonlySet<Action>): FoundResource | undefined {
  const resource = opened(RESOURCES, actions).find((each) => each.uri === uri);
  if (resource !== undefined) return resource;
  for (const template of opened(RESOURCE_TEMPLATES, actions)) {
    const start = template.uriTemplate.slice(0, template.uriTemplate.indexOf('{'));
    // Attacker-controlled: an address that a model may have made up.
    const variable = template.variable.safeParse(uri.slice(start.length));
    if (!uri.startsWith(start) || !variable.success) continue;
    return {
      mimeType: template.mimeType,
      read: async (gateway, session) => template.read(gateway, session, variable.data),
    };
  }
  return undefined;
}
