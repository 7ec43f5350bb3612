/**
 * Normal operation: requests become prepares, prepares become durable on a quorum, and then commit.
 * docs/formats/vsr.md names the messages.
 */

import { assert, bytesEqual } from '@veritydb/types';

import type { ClockSync } from './clock-sync.ts';
import { bodySizeMax } from './config.ts';
import type { Core } from './core.ts';
import type { Executor } from './executor.ts';
import type { Header, HeaderFields, Message } from './message.ts';
import {
  EVICTION_NO_SESSION,
  EVICTION_SESSION_TOO_LOW,
  OPERATION_APPLY,
  OPERATION_REGISTER,
} from './operation.ts';
import { ABDICATE_TICKS, HEARTBEAT_TICKS, PREPARE_RESEND_TICKS } from './timing.ts';

interface Barrier {
  /** What must be executed here before the read. */
  readonly op: number;
  /** The heartbeat that a quorum must answer. */
  readonly heartbeat: number;
  readonly done: () => void;
}

export class NormalOperation {
  readonly #core: Core;
  readonly #executor: Executor;
  readonly #clock: ClockSync;
  /** Who has an op on disk, as bits, for ops above the last committed one. */
  readonly #acks = new Map<number, number>();
  #queue: Message[] = [];
  #barriers: Barrier[] = [];
  /** Number of the last heartbeat; and of each replica the last that it answered. */
  #heartbeat = 0;
  readonly #answered: Float64Array;
  #quorumTick = 0;
  #resendTick = 0;
  #resendAttempt = 0;
  /** The head when this view began: what the view before may have answered is at most this. */
  #viewStartOp = 0;

  constructor(core: Core, executor: Executor, clock: ClockSync) {
    this.#core = core;
    this.#executor = executor;
    this.#clock = clock;
    this.#answered = new Float64Array(core.config.replicaCount);
  }

  get #isNormalPrimary(): boolean {
    return this.#core.status === 'normal' && this.#core.isPrimary;
  }

  /** Forgets what belonged to a view that ended. */
  reset(): void {
    this.#acks.clear();
    this.#queue = [];
    this.#barriers = [];
    this.#answered.fill(0);
  }

  /** This replica is the primary now, its log whole: what is not committed is acknowledged anew. */
  begin(): void {
    const core = this.#core;
    this.reset();
    this.#viewStartOp = core.op;
    this.#quorumTick = core.tickCount;
    for (let op = core.commitMax + 1; op <= core.op; op += 1) {
      if (core.journal.isDurable(op)) this.#acks.set(op, 1 << core.replicaId);
      this.#resend(op);
    }
    this.#sendHeartbeat();
    this.#count();
  }

  tick(): void {
    if (!this.#isNormalPrimary) return;
    const core = this.#core;
    if (this.#isAbdicating()) return;
    if (core.tickCount % HEARTBEAT_TICKS === 0) this.#sendHeartbeat();
    const oldest = core.commitMax + 1;
    if (oldest <= core.op && core.tickCount >= this.#resendTick) {
      this.#resendAttempt = Math.min(this.#resendAttempt + 1, 4);
      this.#resendTick =
        core.tickCount +
        PREPARE_RESEND_TICKS * this.#resendAttempt +
        core.random(PREPARE_RESEND_TICKS);
      this.#resend(oldest);
    }
    this.#drain();
  }

  /**
   * Nobody hears this primary, or it hears nobody: with heartbeats, and prepares sent again and again, it
   * would only be in the way of another.
   */
  #isAbdicating(): boolean {
    const core = this.#core;
    if (core.config.replicaCount === 1) return false;
    const isLost = core.tickCount - this.#quorumTick > ABDICATE_TICKS;
    if (isLost) core.mark('primary.abdicated');
    return isLost;
  }

  #sendHeartbeat(): void {
    const core = this.#core;
    this.#heartbeat += 1;
    this.#answered[core.replicaId] = this.#heartbeat;
    const fields = {
      command: 'commit',
      commit: core.commitMax,
      timestampUs: this.#heartbeat,
    } as const;
    core.broadcast(core.build(fields));
    this.#serveBarriers();
  }

  onRequest(message: Message): void {
    const core = this.#core;
    if (core.status !== 'normal' || message.body.length > bodySizeMax(core.config)) return;
    if (!core.isPrimary) {
      core.mark('request.forwarded');
      core.send(core.primaryOf(core.view), message);
      return;
    }
    if (!core.isViewDurable) return;
    if (this.#queue.length < core.config.clientsMax) this.#queue.push(message);
    this.#drain();
  }

  #drain(): void {
    const core = this.#core;
    while (this.#queue.length > 0) {
      const isFull = core.op - core.commitMax >= core.config.pipelineLength;
      if (isFull || core.op >= core.prepareMax || core.commitMin < core.commitMax) return;
      const request = this.#queue.shift() as Message;
      if (this.#isNew(request.header)) this.#prepareRequest(request);
    }
  }

  #isNew(request: Header): boolean {
    const core = this.#core;
    const session = this.#executor.sessions.get(request.client);
    const isRegister = request.operation === OPERATION_REGISTER;
    for (let op = core.commitMax + 1; op <= core.op; op += 1) {
      const header = core.logHeader(op);
      if (header?.client !== request.client) continue;
      // One request at a time; but one of a session that is no more says so below.
      if (isRegister || session === undefined || session.session === request.session) return false;
    }
    if (isRegister) {
      // A client that asks again for the session that it has; another process takes another id.
      if (session === undefined) return true;
      if (session.request === 0) this.#executor.reply(request.client, session);
      return false;
    }
    if (request.operation < OPERATION_APPLY) return false;
    if (session === undefined || session.session !== request.session) {
      if (session === undefined) this.#evict(request, EVICTION_NO_SESSION);
      else if (request.session < session.session) {
        this.#evict(request, EVICTION_SESSION_TOO_LOW);
      }
      return false;
    }
    if (request.request === session.request) {
      if (bytesEqual(request.checksum, session.subject)) {
        core.mark('client.reply_resent');
        this.#executor.reply(request.client, session);
      }
      return false;
    }
    return request.request === session.request + 1;
  }

  #evict({ client, checksum }: Header, reason: number): void {
    this.#core.mark('client.evicted');
    const fields = { subject: checksum, client, operation: reason };
    const message = this.#core.build({ command: 'eviction', ...fields });
    this.#core.ports.sendClient(client, message);
  }

  #prepareRequest({ header, body }: Message): void {
    const { client, session, request, operation, checksum } = header;
    this.prepare({ client, session, request, operation, subject: checksum }, body);
  }

  /** Puts an op at the end of the log and has it written everywhere. False: not now. */
  prepare(
    fields: Pick<HeaderFields, 'client' | 'session' | 'request' | 'operation' | 'subject'>,
    body: Uint8Array,
  ): boolean {
    const core = this.#core;
    const now = this.#clock.realtimeUs();
    if (now === undefined) {
      core.mark('clock.unsynchronized');
      return false;
    }
    assert(core.head.op === core.op, 'the head is not the last op');
    const message = core.build(
      {
        command: 'prepare',
        parent: core.head.checksum,
        op: core.op + 1,
        commit: core.commitMax,
        timestampUs: Math.max(core.head.timestampUs + 1, now),
        ...fields,
      },
      body,
    );
    if (core.commitMax === core.op) {
      this.#resendTick = core.tickCount + PREPARE_RESEND_TICKS;
      this.#resendAttempt = 0;
    }
    this.#append(message);
    core.broadcast(message);
    return true;
  }

  #append(prepare: Message): void {
    const core = this.#core;
    const { header } = prepare;
    assert(header.op <= core.prepareMax, 'the journal is full');
    if (header.op > core.config.slotCount) core.mark('wal.wrap');
    core.op = header.op;
    core.head = header;
    core.journal.put(prepare, core.logView);
  }

  /** A prepare of the current view, for the end of the log of a backup. */
  onPrepare(prepare: Message): void {
    const core = this.#core;
    const { op, parent, commit } = prepare.header;
    core.learnCommit(commit);
    if (op > core.prepareMax) return;
    if (op === core.op + 1) {
      assert(bytesEqual(parent, core.head.checksum), 'a primary forks from its own view');
    } else core.mark('prepare.gap');
    this.#append(prepare);
    core.vouchDown(op);
    this.#executor.advance();
  }

  /** A prepare is durable here: its primary is told, in the current view only. */
  acknowledge(header: Header): void {
    const core = this.#core;
    if (core.status !== 'normal' || !core.isViewDurable) return;
    const known = core.logHeader(header.op);
    if (known === undefined || !bytesEqual(known.checksum, header.checksum)) return;
    if (core.isPrimary) {
      this.#recordAck(header.op, core.replicaId);
      return;
    }
    const { op, checksum } = header;
    const fields = {
      command: 'prepare_ok',
      subject: checksum,
      op,
      commit: core.commitMin,
    } as const;
    core.send(core.primaryOf(core.view), core.build(fields));
  }

  /** All that is durable here and not known to be committed: at the beginning of a view. */
  acknowledgeAll(): void {
    const core = this.#core;
    for (let op = core.commitMax + 1; op <= core.op; op += 1) {
      const header = core.logHeader(op);
      if (header !== undefined && core.journal.isDurable(op)) this.acknowledge(header);
    }
  }

  onPrepareOk({ header }: Message): void {
    const core = this.#core;
    if (!this.#isNormalPrimary) return;
    if (header.view !== core.view && core.mutation !== 'oldAcks') return;
    const prepared = core.logHeader(header.op);
    const isOpen = header.op > core.commitMax && header.op <= core.op;
    if (!isOpen || prepared === undefined || !bytesEqual(prepared.checksum, header.subject)) return;
    this.#recordAck(header.op, header.replica);
  }

  #recordAck(op: number, replica: number): void {
    const core = this.#core;
    if (op <= core.commitMax) return;
    const before = this.#acks.get(op) ?? 0;
    if ((before & (1 << replica)) !== 0) core.mark('duplicate.prepare_ok_ignored');
    this.#acks.set(op, before | (1 << replica));
    this.#count();
  }

  #count(): void {
    const core = this.#core;
    let isMoved = false;
    for (;;) {
      const op = core.commitMax + 1;
      if (op > core.op || bitCount(this.#acks.get(op) ?? 0) < core.quorums.replication) break;
      this.#acks.delete(op);
      core.learnCommit(op);
      isMoved = true;
    }
    if (!isMoved) return;
    this.#resendTick = core.tickCount + PREPARE_RESEND_TICKS;
    this.#resendAttempt = 0;
    this.#executor.advance();
    this.#serveBarriers();
    this.#drain();
  }

  /** Sends a prepare again, to those who have not acknowledged it. */
  #resend(op: number): void {
    const core = this.#core;
    const prepare = core.journal.prepareAt(op);
    if (prepare === undefined) return;
    const acks = this.#acks.get(op) ?? 0;
    for (let to = 0; to < core.config.replicaCount; to += 1) {
      if (to !== core.replicaId && (acks & (1 << to)) === 0) core.send(to, prepare);
    }
  }

  /** A heartbeat of the current view: the commit that it tells of, and an answer. */
  onCommit({ header }: Message): void {
    const core = this.#core;
    core.learnCommit(header.commit);
    this.#executor.advance();
    const fields = { command: 'commit_ok', timestampUs: header.timestampUs } as const;
    core.send(core.primaryOf(core.view), core.build(fields));
  }

  onCommitOk({ header }: Message): void {
    if (!this.#isNormalPrimary || header.view !== this.#core.view) return;
    const last = this.#answered[header.replica] as number;
    this.#answered[header.replica] = Math.max(last, header.timestampUs);
    if (this.#isAnswered(header.timestampUs)) this.#quorumTick = this.#core.tickCount;
    this.#serveBarriers();
  }

  #isAnswered(heartbeat: number): boolean {
    const count = this.#answered.filter((answered) => answered >= heartbeat).length;
    return count >= this.#core.quorums.replication;
  }

  /**
   * Calls back when what is executed here has everything that was answered to anybody before this call:
   * a linearizable read may then be served from here. Not at all when this replica is no primary, or
   * ceases to be it.
   *
   * The commit alone would not do: a new primary may hold, not yet committed, what the old one had
   * committed and answered. So it waits for the head at the start of its view too.
   */
  readBarrier(then: () => void): boolean {
    const core = this.#core;
    if (!this.#isNormalPrimary || !core.isViewDurable || this.#isAbdicating()) return false;
    core.mark('read.barrier');
    const op = Math.max(core.commitMax, this.#viewStartOp);
    this.#barriers.push({ op, heartbeat: this.#heartbeat + 1, done: then });
    this.#sendHeartbeat();
    return true;
  }

  #serveBarriers(): void {
    const isServed = ({ op, heartbeat }: Barrier): boolean =>
      this.#core.commitMin >= op && this.#isAnswered(heartbeat);
    const served = this.#barriers.filter(isServed);
    if (served.length === 0) return;
    this.#barriers = this.#barriers.filter((one) => !isServed(one));
    for (const { done } of served) done();
  }
}

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
