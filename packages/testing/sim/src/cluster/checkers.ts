/** What must hold in every run, whatever goes wrong in it. Each says by a failure of its own what did not. */

import { bytesToHex, utf8Decode } from '@veritydb/types';
import { HEADER_SIZE, type Header, type Session } from '@veritydb/vsr';

import type { HistoryOperation, HistoryValue } from '../history.ts';
import { LogMachine } from './log-machine.ts';

export type FailureKind =
  /** A replica stopped itself. */
  | 'crash'
  | 'agreement'
  | 'hash-chain'
  | 'exactly-once'
  | 'timestamps'
  | 'replies'
  | 'real-time'
  | 'linearizability'
  | 'durability'
  | 'committed-bytes'
  | 'sessions'
  | 'liveness'
  | 'determinism';

/** What a run failed by. */
export class SimFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SimFailure';
    this.kind = kind;
  }
}

interface Committed {
  readonly header: Header;
  reply: string | undefined;
}

export class Checkers {
  /** What was committed, by op, from 1: as the first replica that executed it had it. */
  readonly #log: Committed[] = [];
  readonly #requests = new Set<string>();
  /** Replays the log by itself, apart from all replicas. */
  readonly #oracle = new LogMachine();
  /** The largest op of which a client knows. */
  #answeredOp = 0;
  /** Per replica: the last op that it executed in this life, and what it had promised. */
  readonly #executed: number[] = [];
  readonly #promised: { view: number; logView: number }[] = [];

  get commit(): number {
    return this.#log.length;
  }

  get answeredOp(): number {
    return this.#answeredOp;
  }

  onStart(replica: number): void {
    this.#executed[replica] = 0;
  }

  /** What a replica said that it has on its disk may not be less when it comes back. */
  onDurable(replica: number, view: number, logView: number): void {
    const before = this.#promised[replica];
    if (before !== undefined && (view < before.view || logView < before.logView)) {
      throw new SimFailure(
        'durability',
        `replica ${replica} came back from view ${before.view} to ${view}`,
      );
    }
    this.#promised[replica] = { view, logView };
  }

  /** A replica executed an op: the same as all others, and the next one. */
  onExecuted(replica: number, header: Header): void {
    const { op } = header;
    if (op !== (this.#executed[replica] ?? 0) + 1) {
      throw new SimFailure('agreement', `replica ${replica} executed op ${op} out of order`);
    }
    this.#executed[replica] = op;
    const known = this.#log[op - 1];
    if (known === undefined) this.#commitFirst(header);
    else if (!isEqual(known.header.checksum, header.checksum)) {
      throw new SimFailure('agreement', `replica ${replica} committed another op ${op}`);
    }
  }

  #commitFirst(header: Header): void {
    const before = this.#log.at(-1)?.header;
    if (header.op !== this.#log.length + 1) {
      throw new SimFailure('agreement', `op ${header.op} is committed before the one before it`);
    }
    if (before !== undefined) {
      if (!isEqual(before.checksum, header.parent)) {
        throw new SimFailure('hash-chain', `op ${header.op} does not name the one before it`);
      }
      if (header.timestampUs <= before.timestampUs) {
        throw new SimFailure('timestamps', `op ${header.op} is not later than the one before it`);
      }
      if (header.view < before.view) {
        throw new SimFailure('agreement', `op ${header.op} is of an earlier view`);
      }
    }
    if (header.request > 0) {
      const name = `${header.client}/${header.session}/${header.request}`;
      if (this.#requests.has(name)) {
        throw new SimFailure('exactly-once', `request ${name} is committed twice`);
      }
      this.#requests.add(name);
    }
    this.#log.push({ header, reply: undefined });
  }

  /** A replica's state machine gave a reply. */
  onApplied(replica: number, op: number, body: Uint8Array, reply: string): void {
    const committed = this.#log[op - 1] as Committed;
    committed.reply ??= utf8Decode(this.#oracle.apply(op, body));
    if (committed.reply !== reply) {
      throw new SimFailure('replies', `replica ${replica} answered op ${op} with ${reply}`);
    }
  }

  /** A client got its answer: one that is committed, and later than all that it could know of. */
  onReply(header: Header, reply: string, answeredBefore: number): void {
    const committed = this.#log[header.op - 1];
    if (committed === undefined) {
      throw new SimFailure('replies', `op ${header.op} was answered and is not committed`);
    }
    if (committed.reply !== reply || !isEqual(committed.header.subject, header.subject)) {
      throw new SimFailure('replies', `op ${header.op} was answered with ${reply}`);
    }
    if (header.op <= answeredBefore) {
      throw new SimFailure(
        'real-time',
        `op ${header.op} was asked for after ${answeredBefore} was answered`,
      );
    }
    this.#answeredOp = Math.max(this.#answeredOp, header.op);
  }

  /** The committed log of a replica, read by itself: a chain from the first op, the same bytes for all. */
  onCommittedBytes(replica: number, bytes: Uint8Array, checkpointOp: number): void {
    let at = 0;
    for (let op = 1; op <= checkpointOp; op += 1) {
      const { header } = this.#log[op - 1] as Committed;
      const found = bytes.subarray(at, at + HEADER_SIZE);
      if (!isEqual(found, header.headerBytes)) {
        throw new SimFailure('committed-bytes', `replica ${replica} has other bytes for op ${op}`);
      }
      at += Math.ceil(header.size / 8) * 8;
    }
  }

  #sessionsAt: { readonly commit: number; readonly text: string } | undefined;

  /** Sessions are a function of what is committed. */
  onSessions(
    replica: number,
    commit: number,
    sessions: readonly (readonly [number, Session])[],
  ): void {
    const text = sessions
      .map(([client, one]) => `${client}:${one.session}:${one.request}:${bytesToHex(one.reply)}`)
      .join();
    const known = this.#sessionsAt;
    if (known?.commit === commit && known.text !== text) {
      throw new SimFailure('sessions', `replica ${replica} has other sessions at op ${commit}`);
    }
    this.#sessionsAt = { commit, text };
  }
}

/** The history of a run, as it happens. */
export class History {
  readonly operations: HistoryOperation[] = [];
  #place = 0;

  invoke(client: number, op: string, key: string, argument: HistoryValue): HistoryOperation {
    const operation: HistoryOperation = {
      id: this.operations.length,
      client,
      op,
      key,
      argument,
      calledAt: (this.#place += 1),
      returnedAt: Number.POSITIVE_INFINITY,
      result: undefined,
    };
    this.operations.push(operation);
    return operation;
  }

  ok(operation: HistoryOperation, result: HistoryValue): void {
    operation.returnedAt = this.#place += 1;
    operation.result = result;
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
