/** Sessions: a verified token, or the operator of the data folder, on one call. */

import type { VerifiedToken } from '@veritydb/access';
import { assert } from '@veritydb/types';

import type { Action, Caller, Session } from './gateway.ts';

/** By which right rows are asked for. */
export type Authority =
  | { readonly kind: 'token'; readonly grant: VerifiedToken }
  | { readonly kind: 'operator' };

/** What an access record says about who asks. */
export interface Asker {
  readonly authority: Authority;
  readonly tokenId: string;
  readonly recipient: string;
  readonly purpose: string;
  readonly caller: Caller;
}

/** The one implementation of {@link Session}: made by `Gateway.authenticate` alone. */
export class TokenSession {
  readonly asker: Asker;
  readonly actions: ReadonlySet<Action>;
  readonly expiresAtMs: number;

  constructor(asker: Asker, actions: ReadonlySet<Action>, expiresAtMs: number) {
    this.asker = asker;
    this.actions = actions;
    this.expiresAtMs = expiresAtMs;
  }

  get tokenId(): string {
    return this.asker.tokenId;
  }

  get recipient(): string {
    return this.asker.recipient;
  }

  get purpose(): string {
    return this.asker.purpose;
  }
}

export function toSession(session: TokenSession): Session {
  return session as unknown as Session;
}

export function fromSession(session: Session): TokenSession {
  assert((session as unknown) instanceof TokenSession, 'session was not made by authenticate');
  return session as unknown as TokenSession;
}

/** How access records name the operator. No token is issued to that name. */
export const OPERATOR = 'operator';

/** The operator: whoever holds the data folder and its secret. Recorded like anybody. */
export function operatorAsker(purpose: string): Asker {
  return {
    authority: { kind: 'operator' },
    tokenId: OPERATOR,
    recipient: OPERATOR,
    purpose,
    caller: { transport: 'cli', client: null },
  };
}
