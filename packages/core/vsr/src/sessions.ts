/**
 * Who may ask, and what they were last told: each request takes effect once, whatever the network does
 * (Liskov and Cowling 2012 §4, with sessions that are registered through the log, so that a client which
 * starts anew cannot be given an old answer). Changed by committed ops alone, so the same on all replicas.
 */

import { assert } from '@veritydb/types';

import type { Header } from './message.ts';

export interface Session {
  /** The op that registered it. */
  readonly session: number;
  request: number;
  /** Checksum of the request that was answered last. */
  subject: Uint8Array;
  op: number;
  timestampUs: number;
  operation: number;
  reply: Uint8Array;
}

export class Sessions {
  readonly #sessions = new Map<number, Session>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(client: number): Session | undefined {
    return this.#sessions.get(client);
  }

  /** By client, in the order of clients: the same text on every replica. */
  list(): readonly (readonly [client: number, session: Session])[] {
    return [...this.#sessions].toSorted(([a], [b]) => a - b);
  }

  /** Begins a session, and ends the one that was longest without a request when there are too many. */
  register(prepare: Header, reply: Uint8Array): void {
    this.#sessions.delete(prepare.client);
    if (this.#sessions.size >= this.#limit) {
      let oldest: number | undefined;
      let oldestOp = Number.POSITIVE_INFINITY;
      for (const [client, { op }] of this.#sessions) {
        if (op < oldestOp) [oldest, oldestOp] = [client, op];
      }
      assert(oldest !== undefined, 'no session to end');
      this.#sessions.delete(oldest);
    }
    const { subject, op, timestampUs, operation } = prepare;
    const session = { session: op, request: 0, subject, op, timestampUs, operation, reply };
    this.#sessions.set(prepare.client, session);
  }

  /** Keeps the answer to a request. */
  answer(prepare: Header, reply: Uint8Array): void {
    const session = this.#sessions.get(prepare.client);
    assert(session !== undefined, 'an answer for no session');
    assert(prepare.request === session.request + 1, 'a request is committed out of order');
    session.request = prepare.request;
    session.subject = prepare.subject;
    session.op = prepare.op;
    session.timestampUs = prepare.timestampUs;
    session.operation = prepare.operation;
    session.reply = reply;
  }

  /** Is this op of a session that is still there? A session may end while its request is under way. */
  accepts(prepare: Header): boolean {
    return this.#sessions.get(prepare.client)?.session === prepare.session;
  }
}
