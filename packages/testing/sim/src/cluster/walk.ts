/**
 * A cluster without time: at each step a seed chooses what happens next among all that can. Messages wait
 * until they are delivered, disks until they are told to go on, timeouts until they come. So crashes and
 * view changes are as frequent as messages, and a run of a few hundred steps goes where a run in
 * simulated time comes once in a year.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import { assert, utf8Decode } from '@veritydb/types';
import {
  type Command,
  HEADER_SIZE,
  type Mark,
  type Message,
  type Mutation,
  OPERATION_REGISTER,
  Replica,
  type VsrConfig,
  buildDisk,
  buildMessage,
} from '@veritydb/vsr';

import { SimRandom } from '../random.ts';
import { Checkers, type FailureKind, SimFailure } from './checkers.ts';
import { LogMachine } from './log-machine.ts';
import {
  type Envelope,
  type Io,
  type Stage,
  type WalkNode,
  envelopeOf,
  fingerprintOf,
} from './stage.ts';
import { ZoneDisk } from './zone-disk.ts';

const CONFIG = {
  slotCount: 16,
  pipelineLength: 4,
  checkpointOps: 4,
  messageSizeMax: 4096,
  clientsMax: 4,
};
const CLIENT = 100;
/** More wait nowhere: the network forgets some. */
const MESSAGES_MAX = 60;
/** A timeout: enough ticks for any of them. */
const TIMEOUT_TICKS = 130;
/** Carried at once, as they decide nothing: they only would be in the way. */
const AT_ONCE: ReadonlySet<Command> = new Set(['ping', 'pong', 'commit_ok']);

/** How often what happens, of a thousand steps. */
interface Weights {
  readonly io: number;
  readonly timeout: number;
  readonly crash: number;
  readonly start: number;
  readonly request: number;
  readonly settle: number;
  readonly drop: number;
  readonly again: number;
  readonly rot: number;
  readonly part: number;
}

export interface WalkOptions {
  readonly script?: (stage: Stage) => void;
  readonly replicaCount?: number;
  readonly steps?: number;
  readonly mutation?: Mutation;
  readonly say?: (text: string) => void;
}

export interface WalkResult {
  readonly failure:
    | { readonly kind: FailureKind; readonly message: string; readonly stack: string }
    | undefined;
  readonly commits: number;
  readonly views: number;
  readonly marks: ReadonlySet<Mark>;
}

/** One run. */
export function runWalk(seed: number, options: WalkOptions = {}): WalkResult {
  return new Walk(seed, options).run();
}

class Walk {
  readonly #random: SimRandom;
  readonly #options: WalkOptions;
  readonly #config: VsrConfig;
  readonly #nodes: readonly WalkNode[];
  readonly #checkers = new Checkers();
  readonly #weights: Weights;
  #mail: Envelope[] = [];
  /** Delivered before, and perhaps once more. */
  readonly #archive: Envelope[] = [];
  readonly #views: Envelope[] = [];
  readonly #acks: Envelope[] = [];
  readonly #marks = new Set<Mark>();
  #rotLeft = 1;
  /** Whose messages wait, and who gets none. */
  #lonely: readonly number[] = [];
  #held: number | undefined;
  #request = 0;
  #waiting: Message | undefined;

  constructor(seed: number, options: WalkOptions) {
    const random = new SimRandom(seed);
    this.#random = random;
    this.#options = options;
    const replicaCount = options.replicaCount ?? 3;
    this.#config = { ...CONFIG, cluster: new Uint8Array(16).fill(9), replicaCount };
    this.#nodes = Array.from({ length: replicaCount }, (_, id) => ({
      id,
      disk: new ZoneDisk(buildDisk(nativeCrypto, this.#config, id)),
      replica: undefined,
      life: 0,
      nowUs: 0,
      io: [],
      heard: new Set(),
    }));
    const often = (most: number): number => (random.isOneIn(4) ? 0 : 1 + random.below(most));
    this.#weights = {
      io: 100 + random.below(500),
      timeout: 2 + random.below(40),
      crash: often(40),
      start: 20 + random.below(60),
      request: 10 + random.below(80),
      settle: often(25),
      drop: often(300),
      again: often(60),
      rot: often(1000),
      part: often(30),
    };
  }

  run(): WalkResult {
    const failure = this.#attempt();
    const views = Math.max(...this.#nodes.map(({ replica }) => replica?.state.view ?? 0));
    return { failure, commits: this.#checkers.commit, views, marks: this.#marks };
  }

  #attempt(): WalkResult['failure'] {
    try {
      for (const node of this.#nodes) this.#start(node);
      for (let round = 0; round < 40 && !this.#isReady(); round += 1) this.#settle();
      // Until their clocks agree.
      for (let round = 0; round < 12; round += 1) this.#settle();
      const { script, steps } = this.#options;
      if (script !== undefined) script(this.#buildStage());
      else for (let step = steps ?? 400; step > 0; step -= 1) this.#step();
      return undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : 'unknown';
      const kind = error instanceof SimFailure ? error.kind : 'crash';
      return { kind, message, stack: (error instanceof Error ? error.stack : undefined) ?? '' };
    }
  }

  #buildStage(): Stage {
    const at = (replica: number): WalkNode => this.#nodes[replica] as WalkNode;
    return {
      settle: (rounds) => {
        for (let round = 0; round < rounds; round += 1) this.#settle();
      },
      cutOff: (...replicas) => {
        this.#lonely = replicas;
      },
      ask: (replica) => {
        this.#waiting = undefined;
        this.#ask(at(replica));
      },
      crash: (replica, rottenOp) => {
        at(replica).replica = undefined;
        at(replica).io = [];
        at(replica).disk.crash(() => 0, 0);
        if (rottenOp !== undefined) this.#rot(at(replica), rottenOp);
      },
      start: (replica) => this.#start(at(replica)),
      timeOut: (replica) => this.#timeout(at(replica)),
      handNewest: (command, replica) => this.#handNewest(command, replica),
      handOldView: (replica) => {
        const old = this.#views.find(({ to }) => to === replica);
        if (old !== undefined) this.#hand(old);
      },
      hold: (replica) => {
        this.#held = replica;
      },
      withhold: (command, replica) => {
        const isMeant = (one: Envelope): boolean => one.to === replica && one.command === command;
        const taken = this.#mail.filter(isMeant);
        this.#mail = this.#mail.filter((one) => !isMeant(one));
        return () => {
          for (const envelope of taken) this.#hand(envelope);
        };
      },
      forget: () => {
        this.#mail = [];
      },
      stateOf: (replica) => at(replica).replica?.state,
      choices: () => this.#choices(),
      take: (choice) => this.#take(choice),
      fingerprint: () => [...this.#nodes.map(fingerprintOf), ...this.#choices()].join('\n'),
    };
  }

  #isReady(): boolean {
    return this.#nodes.every(({ replica }) => replica?.state.status === 'normal');
  }

  #step(): void {
    const { io, timeout, crash, start, request, settle, part } = this.#weights;
    const node = this.#nodes[this.#random.below(this.#nodes.length)] as WalkNode;
    let choice = this.#random.below(1000);
    const is = (weight: number): boolean => {
      choice -= weight;
      return choice < 0;
    };
    if (is(crash)) this.#crash(node);
    else if (is(start)) this.#start(node);
    else if (is(settle)) for (let round = 0; round < 3; round += 1) this.#settle();
    else if (is(part)) this.#part(node);
    else if (is(request)) this.#ask(node);
    else if (is(timeout)) this.#timeout(node);
    else if (is(io)) this.#goOnFor(node);
    else this.#deliver();
  }

  /** Everything that is under way goes on, and a little time passes. */
  #settle(): void {
    for (const node of this.#nodes) {
      while (this.#canGoOn(node)) this.#goOn(node);
      this.#tick(node);
    }
    const mail = this.#mail;
    this.#mail = mail.filter((one) => this.#isCut(one) && !AT_ONCE.has(one.command));
    for (const envelope of mail) {
      if (this.#isCut(envelope)) continue;
      this.#hand(envelope);
      if (!AT_ONCE.has(envelope.command)) this.#remember(envelope);
    }
  }

  #say(text: string): void {
    this.#options.say?.(text);
  }

  #observe(node: WalkNode): void {
    if (node.replica === undefined) return;
    const { status, durableView, durableLogView } = node.replica.state;
    if (status !== 'recovering') this.#checkers.onDurable(node.id, durableView, durableLogView);
  }

  #start(node: WalkNode): void {
    if (node.replica !== undefined) return;
    const { id } = node;
    const { mutation } = this.#options;
    node.life += 1;
    node.heard.clear();
    const { life } = node;
    this.#say(`${id} starts`);
    const machine = new LogMachine();
    if (mutation === 'amnesia' && life > 1 && this.#random.isOneIn(2)) {
      node.disk.reformat(buildDisk(nativeCrypto, this.#config, id));
    }
    this.#checkers.onStart(id);
    const isAlive = (): boolean => node.life === life && node.replica !== undefined;
    node.replica = new Replica({
      config: this.#config,
      replicaId: id,
      ...(mutation !== undefined && { mutation }),
      ports: {
        crypto: nativeCrypto,
        clock: { monotonicUs: () => node.nowUs, realtimeUs: () => 1_000_000 + node.nowUs },
        nonce: this.#random.bytes(32),
        read: (zone, at, size, then) => {
          node.io.push({ kind: 'read', zone, at, size, done: then });
        },
        write: (zone, at, bytes, then) => {
          node.io.push({ kind: 'write', pending: node.disk.begin(zone, at, bytes), done: then });
        },
        send: (to, message) => {
          if (isAlive()) this.#post(id, to, message);
        },
        sendClient: (_client, message) => this.#onAnswer(message),
        machine: {
          apply: (op, bytes) => {
            const reply = machine.apply(op, bytes);
            this.#checkers.onApplied(id, op, bytes, utf8Decode(reply));
            return reply;
          },
        },
        onExecuted: (header) => {
          this.#say(`${id} commits ${header.op}`);
          this.#checkers.onExecuted(id, header);
        },
        mark: (name) => {
          this.#marks.add(name);
        },
      },
    });
    node.replica.open();
    // Reading the disk is no decision.
    for (let count = 0; count < 3; count += 1) this.#goOn(node);
    for (let count = 0; count < 3; count += 1) this.#tick(node);
    // A replica that lost its head is at the mercy of old news.
    const old = this.#views.filter(({ to }) => to === id);
    const isHeadless = node.replica.state.status === 'recovering_head';
    if (!isHeadless || old.length === 0 || this.#random.isOneIn(2)) return;
    this.#hand(old[this.#random.below(old.length)] as Envelope);
  }

  #post(from: number, to: number, message: Message): void {
    const envelope = envelopeOf(from, to, message);
    if (!AT_ONCE.has(envelope.command) && this.#mail.length >= MESSAGES_MAX) {
      this.#mail.splice(this.#random.below(MESSAGES_MAX), 1);
    }
    this.#mail.push(envelope);
  }

  #choices(): readonly string[] {
    const mail = this.#mail.filter(({ command }) => !AT_ONCE.has(command));
    const goingOn = this.#nodes.filter((node) => this.#canGoOn(node));
    const names = [...mail.map(({ name }) => name), ...goingOn.map(({ id }) => `${id} goes on`)];
    return [...new Set(names)].toSorted();
  }

  #take(choice: string): void {
    const node = this.#nodes.find(({ id }) => choice === `${id} goes on`);
    if (node !== undefined) {
      do this.#goOn(node);
      while (isOfSuperblock(node.io[0]));
      return;
    }
    const envelope = this.#mail.find(({ name }) => name === choice);
    assert(envelope !== undefined, 'what is to happen cannot');
    this.#mail = this.#mail.filter(({ name }) => name !== choice);
    this.#hand(envelope);
  }

  #deliver(): void {
    const urgent = this.#mail.findIndex(({ command }) => AT_ONCE.has(command));
    const index = urgent >= 0 ? urgent : this.#random.below(Math.max(1, this.#mail.length));
    const envelope = this.#mail[index];
    // What is for, or from, somebody who is cut off waits, as in a router; what is at once is lost.
    if (envelope === undefined || (urgent < 0 && this.#isCut(envelope))) return;
    this.#mail.splice(index, 1);
    if (urgent >= 0) {
      if (!this.#isCut(envelope)) this.#hand(envelope);
      this.#deliver();
      return;
    }
    if (this.#random.below(1000) < this.#weights.drop) return;
    this.#hand(envelope);
    this.#remember(envelope);
    if (this.#random.below(1000) < this.#weights.again) this.#repeat();
  }

  /** Something that was delivered before comes once more; what decides, as often as all the rest. */
  #repeat(): void {
    const lists = [this.#archive, this.#views, this.#acks].filter((list) => list.length > 0);
    const from = lists[this.#random.below(lists.length)] as readonly Envelope[];
    const envelope = from[this.#random.below(from.length)] as Envelope;
    if (!this.#isCut(envelope)) this.#hand(envelope);
  }

  #remember(envelope: Envelope): void {
    this.#archive.push(envelope);
    if (envelope.command === 'start_view') this.#views.push(envelope);
    if (envelope.command === 'prepare_ok') this.#acks.push(envelope);
    if (this.#archive.length > MESSAGES_MAX) this.#archive.shift();
  }

  /** Cuts somebody off, or nobody. Who was cut off until now may hear of the newest first. */
  #part(node: WalkNode): void {
    const [before] = this.#lonely;
    this.#lonely = this.#random.isOneIn(3) ? [] : [node.id];
    if (before === undefined || before === this.#lonely[0] || this.#random.isOneIn(2)) return;
    this.#handNewest('prepare', before);
  }

  #handNewest(wanted: Command, replica: number): void {
    const index = this.#mail.findLastIndex(
      ({ to, command }) => to === replica && command === wanted,
    );
    const [envelope] = index < 0 ? [] : this.#mail.splice(index, 1);
    if (envelope !== undefined && !this.#isCut(envelope)) this.#hand(envelope);
  }

  #isCut({ from, to }: Envelope): boolean {
    return this.#lonely.includes(from) || this.#lonely.includes(to);
  }

  #hand(envelope: Envelope): void {
    const node = this.#nodes[envelope.to] as WalkNode;
    if (node.replica === undefined) return;
    if (!AT_ONCE.has(envelope.command)) this.#say(`${envelope.to} gets ${envelope.command}`);
    node.heard.add(envelope.name);
    node.replica.onMessage(envelope.bytes);
    this.#observe(node);
  }

  /** A superblock takes five calls, one after the other: they are mostly made without a break. */
  #goOnFor(node: WalkNode): void {
    do this.#goOn(node);
    while (isOfSuperblock(node.io[0]) && !this.#random.isOneIn(20));
  }

  #isHeld(node: WalkNode, io: Io): boolean {
    return node.id === this.#held && io.kind === 'write' && io.pending.zone === 'prepares';
  }

  #canGoOn(node: WalkNode): boolean {
    return node.replica !== undefined && node.io.some((io) => !this.#isHeld(node, io));
  }

  #goOn(node: WalkNode): void {
    const index = node.io.findIndex((one) => !this.#isHeld(node, one));
    const [io] = index < 0 ? [] : node.io.splice(index, 1);
    if (io === undefined || node.replica === undefined) return;
    if (io.kind === 'read') io.done(node.disk.read(io.zone, io.at, io.size));
    else {
      node.disk.complete(io.pending);
      io.done();
    }
    this.#observe(node);
  }

  #tick(node: WalkNode): void {
    node.nowUs += 10_000;
    node.replica?.tick();
  }

  #timeout(node: WalkNode): void {
    if (node.replica === undefined) return;
    this.#say(`${node.id} times out`);
    for (let count = 0; count < TIMEOUT_TICKS; count += 1) this.#tick(node);
    this.#observe(node);
  }

  #crash(node: WalkNode): void {
    if (node.replica === undefined) return;
    this.#say(`${node.id} crashes`);
    const { status, op } = node.replica.state;
    node.replica = undefined;
    node.io = [];
    node.disk.crash(() => this.#random.next(), 900);
    if (this.#rotLeft === 0 || status === 'recovering') return;
    if (this.#random.below(1000) >= this.#weights.rot || op === 0) return;
    // One bit in one place, where it hurts: at the head of the log, or one below.
    const slot = Math.max(1, op - this.#random.below(2)) % this.#config.slotCount;
    this.#rotLeft -= 1;
    this.#rot(node, slot);
  }

  #rot(node: WalkNode, op: number): void {
    const slot = op % this.#config.slotCount;
    this.#say(`${node.id} rots: slot ${slot}`);
    const at = slot * this.#config.messageSizeMax + this.#random.below(HEADER_SIZE);
    node.disk.flip('prepares', at, this.#random.below(8));
  }

  /** The one client asks whomever. */
  #ask(someone: WalkNode): void {
    const node = this.#nodes.find(isNormalPrimary) ?? someone;
    if (node.replica === undefined) return;
    if (this.#waiting === undefined || this.#random.isOneIn(8))
      this.#waiting = this.#buildRequest();
    node.replica.onMessage(this.#waiting.bytes);
    this.#observe(node);
  }

  /** Each request is a client of its own, so that as many as there is room for are under way at once. */
  #buildRequest(): Message {
    this.#request += 1;
    const client = CLIENT + this.#request;
    const fields = { client, operation: OPERATION_REGISTER, replica: 0, view: 0 };
    return buildMessage(nativeCrypto, this.#config.cluster, { command: 'request', ...fields });
  }

  #onAnswer({ header }: Message): void {
    if (header.command !== 'reply') return;
    this.#say(`client is told of ${header.op}`);
    this.#waiting = undefined;
  }
}

function isOfSuperblock(io: Io | undefined): boolean {
  return (io?.kind === 'write' ? io.pending.zone : io?.zone) === 'superblock';
}

function isNormalPrimary({ replica }: WalkNode): boolean {
  return replica !== undefined && replica.state.status === 'normal' && replica.state.isPrimary;
}
