/**
 * A cluster in one thread: replicas, clients, disks, a network and a clock, all of which obey a plan.
 * First anything may go wrong, and nothing may be lost; then faults end, and the cluster must come to
 * rest: everything answered, everybody at the same op.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import { utf8Decode } from '@veritydb/types';
import {
  type Mark,
  type Message,
  type Mutation,
  Replica,
  TICK_MS,
  type VsrConfig,
  buildDisk,
  buildQuorums,
} from '@veritydb/vsr';

import { drawBits, drawExponential } from '../draw.ts';
import { EventQueue } from '../event-queue.ts';
import type { HistoryOperation } from '../history.ts';
import { checkLinearizable } from '../linearizability.ts';
import { logModel } from '../models.ts';
import { SimNetwork } from '../network.ts';
import { Trace } from '../trace.ts';
import { Checkers, type FailureKind, History, SimFailure } from './checkers.ts';
import { FaultInjector } from './fault-injector.ts';
import { LogMachine } from './log-machine.ts';
import type { Event, ReplicaNode } from './node.ts';
import type { Plan } from './plan.ts';
import { CLIENT_OFFSET, Workload } from './workload.ts';
import { type PendingWrite, ZoneDisk } from './zone-disk.ts';

/** Small, so that every run wraps the journal, makes checkpoints and ends sessions. */
const SMALL = {
  slotCount: 32,
  pipelineLength: 4,
  checkpointOps: 8,
  messageSizeMax: 4096,
  clientsMax: 4,
};
const TICK_US = TICK_MS * 1000;
const LIVENESS_US = 60_000_000;
const BARRIER_US = 300_000;
/** Histories longer than that per key are left to the check by witnesses. */
const LINEARIZABILITY_STEPS = 200_000;
const EPOCH_US = 1_700_000_000_000_000;

export interface RunOptions {
  readonly mutation?: Mutation;
  /** How many lines of the timeline to keep. */
  readonly linesMax?: number;
}

export interface RunResult {
  readonly failure:
    | { readonly kind: FailureKind; readonly message: string; readonly stack: string }
    | undefined;
  /** 16 hexadecimal digits: the same for the same plan, or something is not deterministic. */
  readonly traceHash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly commits: number;
  readonly messages: number;
  readonly views: number;
  readonly marks: ReadonlyMap<Mark, number>;
  readonly undecided: boolean;
  readonly lines: Trace['lines'];
  readonly history: readonly HistoryOperation[];
}

/** Runs a plan. */
export function runPlan(plan: Plan, options: RunOptions = {}): RunResult {
  return new Cluster(plan, options).run();
}

export class Cluster {
  readonly plan: Plan;
  readonly mutation: Mutation | undefined;
  readonly config: VsrConfig;
  readonly queue: EventQueue<Event> = new EventQueue<Event>();
  readonly network: SimNetwork;
  readonly trace: Trace;
  readonly replicas: readonly ReplicaNode[];
  readonly #workload: Workload;
  readonly #checkers = new Checkers();
  readonly #history = new History();
  readonly #marks = new Map<Mark, number>();
  readonly #faults: FaultInjector;
  #messages = 0;
  #isCalm = false;
  #undecided = false;

  constructor(plan: Plan, options: RunOptions) {
    this.plan = plan;
    this.mutation = options.mutation;
    this.trace = new Trace(options.linesMax ?? 0);
    const cluster = new Uint8Array(16).fill(7);
    this.config = { ...SMALL, cluster, replicaCount: plan.replicaCount };
    const { seed, delayMinUs, delayMeanUs, lossPermille, duplicatePermille } = plan;
    const nodeCount = plan.replicaCount + plan.clients.length;
    this.network = new SimNetwork({
      seed,
      nodeCount,
      delayMinUs,
      delayMeanUs,
      lossPermille,
      duplicatePermille,
    });
    this.replicas = Array.from({ length: plan.replicaCount }, (_, id) => this.#buildNode(id));
    this.#workload = new Workload({
      plan,
      config: this.config,
      queue: this.queue,
      checkers: this.#checkers,
      history: this.#history,
      transmit: (from, to, message) => this.#transmit(from, to, message),
      say: (text) => this.say(text),
    });
    this.#faults = new FaultInjector(this);
  }

  #buildNode(id: number): ReplicaNode {
    return {
      id,
      disk: new ZoneDisk(buildDisk(nativeCrypto, this.config, id)),
      replica: undefined,
      machine: new LogMachine(),
      life: 0,
      pausedUntilUs: 0,
      slowFactor: 1,
      slowUntilUs: 0,
      clockOffsetUs: this.plan.clockOffsetsUs[id] ?? 0,
      isDiskFailing: false,
      downForUs: 0,
      ioCount: 0,
      isGone: false,
    };
  }

  run(): RunResult {
    const failure = this.#attempt();
    const views = Math.max(...this.replicas.map(({ replica }) => replica?.state.view ?? 0));
    return {
      failure,
      traceHash: this.trace.digest(),
      events: this.trace.count,
      virtualMs: Math.floor(this.queue.nowUs / 1000),
      commits: this.#checkers.commit,
      messages: this.#messages,
      views,
      marks: this.#marks,
      undecided: this.#undecided,
      lines: this.trace.lines,
      history: this.#history.operations,
    };
  }

  #attempt(): RunResult['failure'] {
    try {
      this.#start();
      this.#loop();
      this.#finish();
      return undefined;
    } catch (error) {
      const failure =
        error instanceof SimFailure
          ? error
          : new SimFailure('crash', error instanceof Error ? error.message : 'unknown', {
              cause: error,
            });
      const { cause } = failure;
      const stack = (cause instanceof Error ? cause.stack : failure.stack) ?? '';
      this.say(`FAILED: ${failure.kind}: ${failure.message}`);
      return { kind: failure.kind, message: failure.message, stack };
    }
  }

  #start(): void {
    for (const { id } of this.replicas) this.queue.push(0, { kind: 'start', node: id });
    this.#workload.start();
    for (const fault of this.plan.faults) this.queue.push(fault.atUs, { kind: 'fault', fault });
    this.queue.push(BARRIER_US, { kind: 'barrier', count: 0 });
    this.queue.push(this.plan.safetyUs, { kind: 'calm' });
  }

  #loop(): void {
    const endUs = this.plan.safetyUs + LIVENESS_US;
    for (;;) {
      const event = this.queue.pop();
      if (event === undefined || this.queue.nowUs > endUs) break;
      this.#handle(event);
      if (this.#isCalm && event.kind === 'tick' && this.#isAtRest()) return;
    }
    throw new SimFailure('liveness', `the cluster does not come to rest: ${this.describe()}`);
  }

  describe(): string {
    const replicas = this.replicas.map(({ id, replica, isGone }) => {
      if (replica === undefined) return `${id} ${isGone ? 'gone' : 'down'}`;
      const { status, view, logView, op, commitMin, commitMax, checkpointOp } = replica.state;
      return `${id} ${status} v${view}/${logView} op ${op} commit ${commitMin}/${commitMax} checkpoint ${checkpointOp}`;
    });
    return `${replicas.join('; ')}; ${this.#workload.busyCount} clients wait`;
  }

  /** Everything was asked and answered, and all who are there agree. */
  #isAtRest(): boolean {
    if (this.#workload.busyCount > 0) return false;
    const commit = this.#checkers.commit;
    return this.replicas.every(({ replica, isGone }) => {
      if (isGone) return true;
      if (replica === undefined) return false;
      const { status, commitMin, op } = replica.state;
      return status === 'normal' && commitMin === commit && op === commit;
    });
  }

  #finish(): void {
    for (const { id, replica, disk } of this.replicas) {
      if (replica === undefined) continue;
      const { commitMin, checkpointOp } = replica.state;
      this.#checkers.onSessions(id, commitMin, replica.sessions);
      const bytes = disk.read('committed', 0, disk.committedSize);
      this.#checkers.onCommittedBytes(id, bytes, checkpointOp);
    }
    const result = checkLinearizable(this.#history.operations, logModel, LINEARIZABILITY_STEPS);
    if (result.verdict === 'unknown') this.#undecided = true;
    if (result.verdict === 'illegal') {
      throw new SimFailure('linearizability', `the history of ${result.key} has no order`);
    }
  }

  #handle(event: Event): void {
    const now = this.queue.nowUs;
    switch (event.kind) {
      case 'start':
        this.#startReplica(event.node);
        break;
      case 'next':
        this.#workload.sendNext(event.node);
        break;
      case 'barrier':
        this.#readAtPrimaries(event.count);
        break;
      case 'fault':
        this.#faults.inject(event.fault);
        break;
      case 'mend':
        if (this.network.isCut(event.from, event.to)) this.network.mend(event.from, event.to);
        break;
      case 'calm':
        this.#calm();
        break;
      case 'tick':
      case 'deliver':
      case 'read':
      case 'write': {
        const node = this.replicas[event.node];
        if (node === undefined) this.#workload.handle(event);
        else if (node.pausedUntilUs > now) this.queue.push(node.pausedUntilUs, event);
        else this.#handleReplica(node, event);
        break;
      }
    }
  }

  #handleReplica(node: ReplicaNode, event: Event): void {
    const { replica } = node;
    if (replica === undefined) return;
    const isOld = 'life' in event && event.life !== node.life;
    if (isOld) return;
    this.trace.add(this.queue.nowUs, event.kind.length, node.id);
    if (event.kind === 'tick') {
      this.queue.push(this.queue.nowUs + TICK_US, event);
      replica.tick();
    } else if (event.kind === 'deliver') {
      this.trace.addBytes(event.bytes.subarray(0, 4));
      replica.onMessage(event.bytes);
    } else if (event.kind === 'write') {
      this.trace.add(event.pending.at, event.pending.bytes.length);
      node.disk.complete(event.pending);
      event.done();
    } else if (event.kind === 'read') event.done(node.disk.read(event.zone, event.at, event.size));
    // What a replica said may have made its disk fail.
    if (node.replica === replica) this.#observe(node.id, replica);
  }

  #observe(id: number, replica: Replica): void {
    const { status, durableView, durableLogView } = replica.state;
    if (status !== 'recovering') this.#checkers.onDurable(id, durableView, durableLogView);
  }

  #startReplica(id: number): void {
    const node = this.replicas[id] as ReplicaNode;
    if (node.replica !== undefined || node.isGone) return;
    node.life += 1;
    node.isDiskFailing = false;
    const { life } = node;
    const machine = new LogMachine();
    node.machine = machine;
    this.#checkers.onStart(id);
    if (
      this.mutation === 'amnesia' &&
      life > 1 &&
      drawBits(this.plan.seed, 800 + id, life) % 3 === 0
    ) {
      node.disk.reformat(buildDisk(nativeCrypto, this.config, id));
    }
    const nonce = new Uint8Array(32);
    for (let at = 0; at < 32; at += 1)
      nonce[at] = drawBits(this.plan.seed, 700 + id, life * 32 + at);
    const isAlive = (): boolean => node.life === life && node.replica !== undefined;
    node.replica = new Replica({
      config: this.config,
      replicaId: id,
      ...(this.mutation !== undefined && { mutation: this.mutation }),
      ports: {
        crypto: nativeCrypto,
        clock: {
          monotonicUs: () => this.queue.nowUs,
          realtimeUs: () => EPOCH_US + this.queue.nowUs + node.clockOffsetUs,
        },
        nonce,
        read: (zone, at, size, then) => {
          const timeUs = this.#ioTime(node, this.plan.readMeanUs);
          this.queue.push(timeUs, { kind: 'read', node: id, life, zone, at, size, done: then });
        },
        write: (zone, at, bytes, then) => {
          if (isAlive()) this.#write(node, { zone, at, bytes }, then);
        },
        send: (to, message) => {
          if (isAlive()) this.#transmit(id, to, message);
        },
        sendClient: (client, message) => {
          const to = client - CLIENT_OFFSET;
          if (isAlive() && to < this.plan.replicaCount + this.plan.clients.length && to >= 0) {
            this.#transmit(id, to, message);
          }
        },
        machine: {
          apply: (op, bytes) => {
            const reply = machine.apply(op, bytes);
            this.#checkers.onApplied(id, op, bytes, utf8Decode(reply));
            return reply;
          },
        },
        onExecuted: (header) => this.#checkers.onExecuted(id, header),
        mark: (name) => {
          this.#marks.set(name, (this.#marks.get(name) ?? 0) + 1);
        },
      },
    });
    this.say(`replica ${id} starts`);
    node.replica.open();
    const offset = drawBits(this.plan.seed, 600 + id, life) % TICK_US;
    this.queue.push(this.queue.nowUs + offset, { kind: 'tick', node: id, life });
  }

  #ioTime(node: ReplicaNode, meanUs: number): number {
    node.ioCount += 1;
    const bits = drawBits(this.plan.seed, 500 + node.id, node.ioCount);
    const isSlow = node.slowUntilUs > this.queue.nowUs;
    const mean = this.#isCalm ? 500 : meanUs * (isSlow ? node.slowFactor : 1);
    return this.queue.nowUs + 1 + drawExponential(bits, mean);
  }

  #write(node: ReplicaNode, { zone, at, bytes }: PendingWrite, then: () => void): void {
    if (node.isDiskFailing) {
      // The call is never told how it ended; the process ends as soon as this event is over.
      this.#faults.crashSoon(node);
      return;
    }
    const pending = node.disk.begin(zone, at, bytes);
    const timeUs = this.#ioTime(node, this.plan.writeMeanUs);
    this.queue.push(timeUs, { kind: 'write', node: node.id, life: node.life, pending, done: then });
  }

  #transmit(from: number, to: number, message: Message): void {
    const { header, bytes } = message;
    this.#messages += 1;
    this.trace.addBytes(header.checksum.subarray(0, 4));
    const times = this.network.route(from, to, this.queue.nowUs);
    if (this.trace.isVerbose) {
      const what = `${header.command} v${header.view} op ${header.op}`;
      const fate = times.length === 0 ? ' (lost)' : '';
      this.say(`${from} -> ${to} ${what}${fate}`);
    }
    for (const timeUs of times) {
      const copy = bytes.slice();
      const bits = drawBits(this.plan.seed, 400, this.#messages);
      if (!this.#isCalm && bits % 1000 < this.plan.flipPermille) {
        const at = (bits >>> 10) % copy.length;
        copy[at] = (copy[at] as number) ^ (1 << (bits & 7));
      }
      const extra = this.#slowness(from) + this.#slowness(to);
      this.queue.push(timeUs + extra, { kind: 'deliver', node: to, bytes: copy });
    }
  }

  #slowness(node: number): number {
    const replica = this.replicas[node];
    if (replica === undefined || replica.slowUntilUs <= this.queue.nowUs) return 0;
    return replica.slowFactor * 1000;
  }

  /** A line of the timeline. */
  say(text: string): void {
    this.trace.line(this.queue.nowUs, text);
  }

  /** Who believes to be the primary is asked what it would answer to a read. */
  #readAtPrimaries(count: number): void {
    this.queue.push(this.queue.nowUs + BARRIER_US, { kind: 'barrier', count: count + 1 });
    for (const { id, replica, machine, pausedUntilUs } of this.replicas) {
      if (replica === undefined || pausedUntilUs > this.queue.nowUs) continue;
      if (this.#isCalm || replica.state.status !== 'normal' || !replica.state.isPrimary) continue;
      const key = `k${count % 3}`;
      const operation = this.#history.invoke(1000 + id, 'len', key, null);
      // Where it is refused it never returns, which says nothing.
      replica.readBarrier(() => {
        this.#history.ok(operation, machine.execute({ op: 'len', key, argument: null }));
      });
    }
  }

  /** Faults end. Who is not in the core is gone for good. */
  #calm(): void {
    this.#isCalm = true;
    this.say('faults end');
    this.network.calm();
    for (const node of this.replicas) {
      node.isGone = (this.plan.core & (1 << node.id)) === 0;
      node.isDiskFailing = false;
      node.clockOffsetUs = 0;
      node.pausedUntilUs = Math.min(node.pausedUntilUs, this.queue.nowUs);
      if (node.isGone && node.replica !== undefined) this.#faults.crash(node, 0, 0);
      else this.#startReplica(node.id);
    }
  }

  get viewChangeQuorum(): number {
    return buildQuorums(this.plan.replicaCount).viewChange;
  }
}
