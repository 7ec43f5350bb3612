/**
 * One replica: a synchronous machine that is driven from outside. `open` reads its disk; `tick` says that
 * 10 ms have passed; `onMessage` hands over what came from the network; disks call back. Whoever drives
 * it decides when, so that a simulator can, and drops the replica when a process would have died: an
 * exception that leaves a call means just that.
 */

import { assert, bytesEqual } from '@veritydb/types';

import { ClockSync } from './clock-sync.ts';
import { type VsrConfig, parseConfig } from './config.ts';
import { Core, type CoreOptions, type Status } from './core.ts';
import { VsrError } from './error.ts';
import { Executor } from './executor.ts';
import { recoverJournal } from './journal-recovery.ts';
import { Journal } from './journal.ts';
import { HEADER_SIZE, type Header, type Message, parseMessage } from './message.ts';
import { NormalOperation } from './normal.ts';
import type { Mutation, ReplicaPorts } from './ports.ts';
import { Repair } from './repair.ts';
import type { Session } from './sessions.ts';
import { SuperblockStore } from './superblock-store.ts';
import { SUPERBLOCK_ZONE_SIZE, openSuperblock } from './superblock.ts';
import { ViewChange } from './view-change.ts';

export interface ReplicaOptions {
  readonly config: VsrConfig;
  readonly replicaId: number;
  readonly ports: ReplicaPorts;
  /** TESTS ONLY. */
  readonly mutation?: Mutation;
}

/** What may be seen of a replica from outside: for operators, and for checkers. */
export interface ReplicaState {
  readonly status: Status;
  readonly view: number;
  readonly logView: number;
  readonly op: number;
  readonly commitMin: number;
  readonly commitMax: number;
  readonly checkpointOp: number;
  readonly isPrimary: boolean;
  /** What the superblock promises. */
  readonly durableView: number;
  readonly durableLogView: number;
}

export class Replica {
  readonly #core: Core;
  readonly #executor: Executor;
  readonly #normal: NormalOperation;
  readonly #viewChange: ViewChange;
  readonly #repair: Repair;
  readonly #clock: ClockSync;
  /** The checkpoint that was the last one. */
  #checkpointOp = 0;

  /**
   * @throws {VsrError} ERR_VSR_CONFIG
   */
  constructor(options: ReplicaOptions) {
    const config = parseConfig(options.config);
    const coreOptions: CoreOptions = { ...options, config, mutation: options.mutation };
    const core = new Core(coreOptions);
    assert(options.replicaId < config.replicaCount, 'no such replica');
    this.#core = core;
    this.#executor = new Executor(core, (prepare) => {
      this.#onExecuted(prepare);
    });
    this.#clock = new ClockSync(core);
    this.#normal = new NormalOperation(core, this.#executor, this.#clock);
    this.#viewChange = new ViewChange(core, this.#executor, this.#normal);
    this.#repair = new Repair(core, this.#executor);
  }

  get state(): ReplicaState {
    const { status, view, logView, op, commitMin, commitMax, isPrimary } = this.#core;
    const durable = status === 'recovering' ? undefined : this.#core.superblock.durable;
    return {
      status,
      view,
      logView,
      op,
      commitMin,
      commitMax,
      checkpointOp: durable?.checkpoint.op ?? 0,
      isPrimary,
      durableView: durable?.view ?? 0,
      durableLogView: durable?.logView ?? 0,
    };
  }

  /** Of each client what it was last told. */
  get sessions(): readonly (readonly [client: number, session: Session])[] {
    return this.#executor.sessions.list();
  }

  /**
   * Begins to read the disk; messages are ignored until that is done.
   *
   * The call that completes it throws ERR_VSR_SUPERBLOCK_LOST, ERR_VSR_SUPERBLOCK_FORK,
   * ERR_VSR_SUPERBLOCK_FOREIGN or ERR_VSR_JOURNAL_LOST where the disk is not one to go on with.
   */
  open(): void {
    const { config, ports } = this.#core;
    const headersSize = config.slotCount * HEADER_SIZE;
    const preparesSize = config.slotCount * config.messageSizeMax;
    ports.read('superblock', 0, SUPERBLOCK_ZONE_SIZE, (superblock) => {
      ports.read('headers', 0, headersSize, (headers) => {
        ports.read('prepares', 0, preparesSize, (prepares) => {
          this.#start(superblock, headers, prepares);
        });
      });
    });
  }

  #start(zone: Uint8Array, headers: Uint8Array, prepares: Uint8Array): void {
    const core = this.#core;
    const { config, ports, replicaId, mutation } = core;
    const { crypto, read, write } = ports;
    const opened = openSuperblock(crypto, config.cluster, replicaId, zone);
    const { state } = opened;
    assert(state.replicaCount === config.replicaCount, 'the cluster has another size');
    if (opened.broken.length > 0) core.mark('superblock.repaired');
    core.superblock = new SuperblockStore(
      { crypto, config, read, write, onDurable: () => this.#onSuperblock() },
      opened,
    );
    core.journal = new Journal({
      crypto,
      config,
      write,
      onDurable: (header) => this.#onDurable(header),
      isUnsticky: mutation === 'unstick',
    });
    const checkpointOp = state.checkpoint.op;
    const mark = ports.mark.bind(ports);
    recoverJournal(core.journal, { headers, prepares }, { crypto, config, checkpointOp, mark });
    core.view = mutation === 'viewVolatile' ? state.logView : state.view;
    core.logView = state.logView;
    core.viewHeaders = state.viewHeaders;
    core.learnCommit(Math.max(state.commitMax, checkpointOp));
    this.#checkpointOp = checkpointOp;
    this.#findHead();
    this.#takePlace();
    core.journal.rewrite();
    this.#executor.committed.replay();
  }

  /** Where the log ends, and which headers are of it. */
  #findHead(): void {
    const core = this.#core;
    const first = core.viewHeaders[0] as Header;
    const isLeaving = core.logView < core.view;
    core.op = first.op;
    core.head = first;
    if (isLeaving) core.journal.truncateAbove(first.op);
    for (const header of core.viewHeaders) {
      if (header === undefined || header.op <= core.checkpoint.op) continue;
      core.journal.setHeader(header, core.logView);
    }
    if (!isLeaving) {
      core.op = core.journal.settle(first.op, core.logView);
      if (core.op > first.op) core.head = core.journal.headerAt(core.op) as Header;
    }
    if (core.op < core.checkpoint.op) {
      core.op = core.checkpoint.op;
      core.head = core.checkpoint;
    }
    for (let op = core.op; op > core.checkpoint.op; op -= 1) {
      if (core.logHeader(op) !== undefined) core.vouchDown(op);
    }
  }

  /** Can the log go further than what can be read of it? */
  #isHeadUncertain(): boolean {
    const core = this.#core;
    const from = Math.max(core.op, core.checkpoint.op + 1);
    for (let op = from; op <= core.prepareMax; op += 1) {
      if (core.journal.isFaulty(op) && core.journal.prepareAt(op) === undefined) return true;
    }
    return false;
  }

  #takePlace(): void {
    const core = this.#core;
    if (core.logView < core.view) {
      core.status = 'view_change';
      this.#viewChange.wait();
      this.#viewChange.onSuperblock();
      return;
    }
    if (this.#isHeadUncertain()) {
      if (core.mutation !== 'truncTorn') {
        core.mark('recovering_head.entered');
        core.status = 'recovering_head';
        return;
      }
      core.journal.clearFaultyAbove(core.op, core.prepareMax);
    }
    core.status = 'normal';
    this.#viewChange.hear();
    // What it prepared in this view before, and did not write, it does not know: it must not go on in it.
    if (core.isPrimary && core.mutation !== 'samePrimary') this.#viewChange.enter(core.view + 1);
    else if (core.isPrimary) this.#normal.begin();
  }

  #onSuperblock(): void {
    const core = this.#core;
    core.journal.assertSound();
    const before = this.#checkpointOp;
    this.#checkpointOp = core.checkpoint.op;
    this.#executor.committed.onSuperblock(before);
    if (core.op < core.checkpoint.op) {
      core.op = core.checkpoint.op;
      core.head = core.checkpoint;
    }
    this.#executor.extendLog();
    this.#viewChange.onSuperblock();
    this.#viewChange.finish();
  }

  #onDurable(header: Header): void {
    this.#normal.acknowledge(header);
    this.#viewChange.finish();
  }

  #onExecuted({ header }: Message): void {
    const core = this.#core;
    this.#viewChange.finish();
    if (core.status !== 'normal' || !core.isPrimary) return;
    const session = this.#executor.sessions.get(header.client);
    // Of what was committed in views before, clients ask again.
    if (session?.op === header.op) this.#executor.reply(header.client, session);
  }

  /** 10 ms have passed. */
  tick(): void {
    const core = this.#core;
    if (core.status === 'recovering') return;
    core.tickCount += 1;
    this.#clock.tick();
    this.#viewChange.tick();
    this.#normal.tick();
    this.#repair.tick();
  }

  /** Bytes that came from the network. Those that are no message of this cluster are dropped. */
  onMessage(bytes: Uint8Array): void {
    const core = this.#core;
    if (core.status === 'recovering') return;
    // Attacker-controlled: whoever reaches the socket can send this.
    const message = this.#parse(bytes);
    if (message === undefined) {
      core.mark('message.malformed');
      return;
    }
    try {
      this.#dispatch(message);
    } catch (error) {
      if (!(error instanceof VsrError) || error.kind !== 'format') throw error;
      core.mark('message.malformed');
    }
  }

  #parse(bytes: Uint8Array): Message | undefined {
    const { config, ports } = this.#core;
    if (bytes.length > config.messageSizeMax) return undefined;
    try {
      const message = parseMessage(ports.crypto, config.cluster, bytes);
      return message.header.replica < config.replicaCount ? message : undefined;
    } catch (error) {
      if (error instanceof VsrError) return undefined;
      throw error;
    }
  }

  #dispatch(message: Message): void {
    const { header } = message;
    switch (header.command) {
      case 'request':
        this.#normal.onRequest(message);
        break;
      case 'prepare':
        this.#onPrepare(message);
        break;
      case 'prepare_ok':
        this.#normal.onPrepareOk(message);
        break;
      case 'commit':
        this.#onCommit(message);
        break;
      case 'commit_ok':
        this.#normal.onCommitOk(message);
        break;
      case 'start_view_change':
        if (this.#follow(header)) this.#viewChange.onStartViewChange(message);
        break;
      case 'do_view_change':
        if (this.#follow(header)) this.#viewChange.onDoViewChange(message);
        break;
      case 'start_view':
        this.#viewChange.onStartView(message);
        break;
      case 'request_start_view':
        this.#viewChange.onRequestStartView(message);
        break;
      case 'get_prepare':
        this.#repair.onGetPrepare(message);
        break;
      case 'get_committed':
        this.#repair.onGetCommitted(header);
        break;
      case 'committed':
        this.#executor.committed.receive(message);
        break;
      case 'ping':
        if (this.#follow(header)) this.#clock.onPing(header);
        break;
      case 'pong':
        if (this.#follow(header)) this.#clock.onPong(header);
        break;
      case 'reply':
      case 'eviction':
      case 'reserved':
        break;
    }
  }

  /** A later view means that a quorum has left this one: so does this replica. */
  #follow({ view }: Header): boolean {
    const core = this.#core;
    if (view <= core.view) return true;
    if (core.status === 'recovering_head') {
      this.#viewChange.requestView(view);
      return false;
    }
    this.#viewChange.enter(view);
    return true;
  }

  #onPrepare(message: Message): void {
    const core = this.#core;
    const { view, op, checksum } = message.header;
    if (view > core.view) {
      // Of a view whose log it does not have: it asks for that, and touches nothing before it comes.
      if (core.mutation === 'truncTransfer' && core.status === 'normal') {
        this.#viewChange.truncateAndTransfer(view);
      } else this.#viewChange.requestView(view);
      return;
    }
    const isNormal = core.status === 'normal' && core.isViewDurable;
    if (isNormal && view === core.view && !core.isPrimary) {
      this.#viewChange.hear();
      if (op > core.op) {
        this.#normal.onPrepare(message);
        return;
      }
    }
    const own = core.journal.headerAt(op);
    const isHere =
      own !== undefined && bytesEqual(own.checksum, checksum) && core.journal.isDurable(op);
    if (isNormal && isHere && !core.isPrimary) this.#normal.acknowledge(own);
    else this.#repair.onPrepare(message);
  }

  #onCommit(message: Message): void {
    const core = this.#core;
    const { view, commit } = message.header;
    if (view > core.view) {
      this.#viewChange.requestView(view);
      return;
    }
    if (view < core.view || core.isPrimary) return;
    if (core.status === 'normal' && core.isViewDurable) {
      this.#viewChange.hear();
      this.#normal.onCommit(message);
    } else if (core.status === 'view_change') {
      core.learnCommit(commit);
      this.#viewChange.requestView(view);
    }
  }

  /** See {@link NormalOperation.readBarrier}. */
  readBarrier(then: () => void): boolean {
    return this.#normal.readBarrier(then);
  }
}
