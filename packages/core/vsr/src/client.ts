/**
 * A client of a cluster, driven from outside like a replica: registers a session, sends one request at a
 * time, and repeats it until it is answered, so that it takes effect once. A repetition also goes to a
 * replica by chance, in case the link to the primary is the one that is broken.
 */

import type { Crypto } from '@veritydb/crypto';
import { assert, bytesEqual } from '@veritydb/types';

import { type VsrConfig, bodySizeMax } from './config.ts';
import { VsrError } from './error.ts';
import { type Header, type Message, buildMessage, parseMessage } from './message.ts';
import { OPERATION_APPLY, OPERATION_REGISTER } from './operation.ts';

const RETRY_TICKS = 30;
const RETRY_TICKS_MAX = 240;
const NONE = new Uint8Array(0);

export interface ClientOptions {
  readonly crypto: Crypto;
  readonly config: VsrConfig;
  /** A whole number above 0 that no other process has: two that share it take each other's session. */
  readonly clientId: number;
  /** 32 bits of chance, so that clients do not fall into step. */
  readonly seed: number;
  send(to: number, message: Message): void;
  /** The answer to the request: the op, and what the state machine said. */
  onReply(header: Header, body: Uint8Array): void;
  /** The cluster no longer knows this session: whether the last request took effect is not known. */
  onEvicted(): void;
}

export class Client {
  readonly #options: ClientOptions;
  #view = 0;
  #session = 0;
  #request = 0;
  #waiting: Message | undefined;
  #queued: Uint8Array | undefined;
  #tick = 0;
  #retryTick = 0;
  #attempt = 0;
  #randomState: number;

  constructor(options: ClientOptions) {
    assert(options.clientId >= 1, 'a client has an id above 0');
    this.#options = options;
    this.#randomState = options.seed | 1;
  }

  get isBusy(): boolean {
    return this.#waiting !== undefined || this.#queued !== undefined;
  }

  /** Sends a request for the state machine, of at most `bodySizeMax`; the one before must have been answered. */
  request(body: Uint8Array): void {
    assert(!this.isBusy, 'a client sends one request at a time');
    assert(body.length <= bodySizeMax(this.#options.config), 'a request is too long');
    if (this.#session === 0) {
      this.#queued = body;
      this.#submit(OPERATION_REGISTER, new Uint8Array(0));
      return;
    }
    this.#request += 1;
    this.#submit(OPERATION_APPLY, body);
  }

  #submit(operation: number, body: Uint8Array): void {
    const { crypto, config, clientId } = this.#options;
    const fields = { client: clientId, session: this.#session, request: this.#request, operation };
    const all = { command: 'request', replica: 0, view: this.#view, ...fields } as const;
    this.#waiting = buildMessage(crypto, config.cluster, all, body);
    this.#attempt = 0;
    this.#send();
  }

  #send(): void {
    const { config } = this.#options;
    const waiting = this.#waiting as Message;
    const primary = this.#view % config.replicaCount;
    this.#options.send(primary, waiting);
    if (this.#attempt > 0) {
      const other = this.#random(config.replicaCount);
      if (other !== primary) this.#options.send(other, waiting);
    }
    const wait = Math.min(RETRY_TICKS << this.#attempt, RETRY_TICKS_MAX);
    this.#retryTick = this.#tick + wait + this.#random(RETRY_TICKS);
    this.#attempt = Math.min(this.#attempt + 1, 8);
  }

  #random(limit: number): number {
    let x = this.#randomState;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#randomState = x;
    return (x >>> 0) % limit;
  }

  /** 10 ms have passed. */
  tick(): void {
    this.#tick += 1;
    if (this.#waiting !== undefined && this.#tick >= this.#retryTick) this.#send();
  }

  /** Bytes that came from the network. */
  onMessage(bytes: Uint8Array): void {
    // Attacker-controlled: whoever reaches the socket can send this.
    const message = this.#parse(bytes);
    if (message === undefined || message.header.client !== this.#options.clientId) return;
    const { header } = message;
    if (header.view > this.#view) this.#view = header.view;
    if (header.command === 'reply') this.#onReply(message);
    const isWaiting = bytesEqual(header.subject, this.#waiting?.header.checksum ?? NONE);
    if (header.command === 'eviction' && isWaiting) {
      this.#session = 0;
      this.#request = 0;
      this.#waiting = undefined;
      this.#options.onEvicted();
    }
  }

  #parse(bytes: Uint8Array): Message | undefined {
    const { crypto, config } = this.#options;
    try {
      return parseMessage(crypto, config.cluster, bytes);
    } catch (error) {
      if (error instanceof VsrError) return undefined;
      throw error;
    }
  }

  #onReply({ header, body }: Message): void {
    const waiting = this.#waiting;
    if (waiting === undefined || !bytesEqual(header.subject, waiting.header.checksum)) return;
    this.#waiting = undefined;
    if (header.operation !== OPERATION_REGISTER) {
      this.#options.onReply(header, body);
      return;
    }
    this.#session = header.session;
    this.#request = 0;
    const queued = this.#queued as Uint8Array;
    this.#queued = undefined;
    this.request(queued);
  }
}
