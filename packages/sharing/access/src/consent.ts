/**
 * Whether a data subject's consents allow a disclosure: a pure function of the ledger as of a position.
 *
 * Within one scope (recipient, purpose, tables) the newest decision of the data subject speaks. Over
 * scopes a "no" wins: who refused or withdrew is not shared by a wider or narrower "yes". To lift a "no",
 * a consent of the same scope is given. A "yes" covers its purpose and narrower ones; a "no" also the
 * wider ones, because those would include it. Expiry is by the time of the log.
 */

import type { ConsentState } from '@veritydb/kernel';
import { canonicalJson, unreachable } from '@veritydb/types';

import { isPurposeWithin } from './dpv-purpose.ts';

/** What a consent record of one data subject says, as of a position. */
export interface Consent {
  readonly consentId: string;
  /** Null: every recipient. */
  readonly recipient: string | null;
  readonly purpose: string;
  readonly tables: readonly string[] | '*';
  readonly state: ConsentState;
  /** Microseconds since the epoch. */
  readonly expiresAt: bigint | null;
  /** Offset of its newest record: the later of two records speaks. */
  readonly offset: number;
}

export interface ConsentQuestion {
  readonly recipient: string;
  readonly purpose: string;
  readonly table: string;
  /** Microseconds since the epoch, by the log. */
  readonly at: bigint;
}

export type ConsentReason =
  | 'given'
  | 'refused'
  | 'withdrawn'
  | 'expired'
  | 'revoked'
  | 'invalidated'
  | 'pending'
  | 'none';

export interface ConsentDecision {
  readonly permit: boolean;
  readonly reason: ConsentReason;
  /** The record that decided; null where there is none. */
  readonly consentId: string | null;
}

/** The nearest to a permission first: what is said where there is none. */
const REASONS_IN_ORDER: readonly ConsentReason[] = ['expired', 'revoked', 'invalidated', 'pending'];

/** Decides on all consents of one data subject. */
export function decideConsent(
  consents: readonly Consent[],
  question: ConsentQuestion,
): ConsentDecision {
  const speaking = newestOfEachScope(consents.filter((consent) => concerns(consent, question)));
  const no = newest(speaking.filter(({ state }) => state === 'refused' || state === 'withdrawn'));
  if (no !== undefined) return decision(no, question);
  const covering = speaking.filter(({ purpose }) => isPurposeWithin(question.purpose, purpose));
  const decisions = covering.map((consent) => decision(consent, question));
  const yes = decisions.find(({ permit }) => permit);
  if (yes !== undefined) return yes;
  const found = REASONS_IN_ORDER.map((reason) => decisions.find((one) => one.reason === reason));
  return (
    found.find((one) => one !== undefined) ?? { permit: false, reason: 'none', consentId: null }
  );
}

function concerns({ recipient, purpose, tables }: Consent, question: ConsentQuestion): boolean {
  return (
    (recipient === null || recipient === question.recipient) &&
    (tables === '*' || tables.includes(question.table)) &&
    (isPurposeWithin(question.purpose, purpose) || isPurposeWithin(purpose, question.purpose))
  );
}

/** A request that nobody answered yet does not undo what was said before it. */
function newestOfEachScope(consents: readonly Consent[]): readonly Consent[] {
  const scopes = new Map<string, Consent[]>();
  for (const consent of consents) {
    const { recipient, purpose, tables } = consent;
    const scope = canonicalJson([recipient, purpose, tables === '*' ? '*' : tables.toSorted()]);
    scopes.set(scope, [...(scopes.get(scope) ?? []), consent]);
  }
  return [...scopes.values()].flatMap((scope) => {
    const decided = scope.filter(({ state }) => state !== 'requested' && state !== 'deferred');
    const one = newest(decided) ?? newest(scope);
    return one === undefined ? [] : [one];
  });
}

function newest(consents: readonly Consent[]): Consent | undefined {
  return consents.toSorted((a, b) => b.offset - a.offset)[0];
}

function decision(
  { consentId, state, expiresAt }: Consent,
  { at }: ConsentQuestion,
): ConsentDecision {
  switch (state) {
    case 'given':
    case 'renewed':
      return expiresAt === null || at < expiresAt
        ? { permit: true, reason: 'given', consentId }
        : { permit: false, reason: 'expired', consentId };
    case 'requested':
    case 'deferred':
      return { permit: false, reason: 'pending', consentId };
    case 'refused':
    case 'withdrawn':
    case 'revoked':
    case 'invalidated':
      return { permit: false, reason: state, consentId };
    default:
      return unreachable(state);
  }
}
