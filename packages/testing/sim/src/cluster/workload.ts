/** The clients of a simulated cluster: each asks what its plan says, one after the other. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { utf8Decode } from '@veritydb/types';
import { Client, type Header, type Message, TICK_MS, type VsrConfig } from '@veritydb/vsr';

import { drawBits } from '../draw.ts';
import type { EventQueue } from '../event-queue.ts';
import type { HistoryOperation, HistoryValue } from '../history.ts';
import type { Checkers, History } from './checkers.ts';
import { LogMachine } from './log-machine.ts';
import type { Event } from './node.ts';
import type { Plan, Request } from './plan.ts';

/** From the number of a node to the id of its client. */
export const CLIENT_OFFSET = 100;

interface WorkloadOptions {
  readonly plan: Plan;
  readonly config: VsrConfig;
  readonly queue: EventQueue<Event>;
  readonly checkers: Checkers;
  readonly history: History;
  readonly transmit: (from: number, to: number, message: Message) => void;
  readonly say: (text: string) => void;
}

interface ClientNode {
  readonly client: Client;
  readonly requests: readonly Request[];
  next: number;
  operation: HistoryOperation | undefined;
  answeredBefore: number;
}

export class Workload {
  readonly #options: WorkloadOptions;
  readonly #clients: readonly ClientNode[];

  constructor(options: WorkloadOptions) {
    this.#options = options;
    this.#clients = options.plan.clients.map((requests, index) =>
      this.#build(requests, options.plan.replicaCount + index),
    );
  }

  #build(requests: readonly Request[], node: number): ClientNode {
    const { plan, config, transmit } = this.#options;
    const client = new Client({
      crypto: nativeCrypto,
      config,
      clientId: node + CLIENT_OFFSET,
      seed: drawBits(plan.seed, 900, node),
      send: (to, message) => transmit(node, to, message),
      onReply: (header, body) => this.#onReply(node, header, utf8Decode(body)),
      onEvicted: () => this.#onEvicted(node),
    });
    return { client, requests, next: 0, operation: undefined, answeredBefore: 0 };
  }

  #at(node: number): ClientNode {
    return this.#clients[node - this.#options.plan.replicaCount] as ClientNode;
  }

  /** Who has not asked everything, or not been answered. */
  get busyCount(): number {
    return this.#clients.filter(
      ({ next, requests, client }) => next < requests.length || client.isBusy,
    ).length;
  }

  start(): void {
    for (const index of this.#clients.keys()) {
      const node = this.#options.plan.replicaCount + index;
      this.#options.queue.push(1000, { kind: 'tick', node, life: 0 });
      this.#planNext(node);
    }
  }

  handle(event: Event): void {
    if (event.kind !== 'tick' && event.kind !== 'deliver') return;
    const { client } = this.#at(event.node);
    if (event.kind === 'deliver') {
      client.onMessage(event.bytes);
      return;
    }
    client.tick();
    const { queue } = this.#options;
    queue.push(queue.nowUs + TICK_MS * 1000, event);
  }

  #planNext(node: number): void {
    const one = this.#at(node);
    const request = one.requests[one.next];
    if (request === undefined) return;
    const { queue } = this.#options;
    queue.push(queue.nowUs + request.afterUs, { kind: 'next', node });
  }

  /** Sends the next request of a client. */
  sendNext(node: number): void {
    const { history, checkers } = this.#options;
    const one = this.#at(node);
    const { op, key, argument } = one.requests[one.next] as Request;
    one.next += 1;
    const full = argumentOf(op, argument);
    one.operation = history.invoke(node, op, key, full);
    one.answeredBefore = checkers.answeredOp;
    one.client.request(new LogMachine().encode({ op, key, argument: full }));
  }

  #onReply(node: number, header: Header, reply: string): void {
    const { history, checkers, say } = this.#options;
    const one = this.#at(node);
    checkers.onReply(header, reply, one.answeredBefore);
    history.ok(one.operation as HistoryOperation, JSON.parse(reply) as HistoryValue);
    say(`client ${node} is answered: op ${header.op}`);
    this.#planNext(node);
  }

  #onEvicted(node: number): void {
    // Whether the request took effect is not known: it stays open in the history.
    this.#options.say(`client ${node} is evicted`);
    this.#planNext(node);
  }
}

function argumentOf(op: Request['op'], argument: number): HistoryValue {
  if (op === 'scan') return { from: argument % 10, limit: 5 } as unknown as HistoryValue;
  if (op === 'get') return argument % 20;
  return op === 'len' ? null : argument;
}
