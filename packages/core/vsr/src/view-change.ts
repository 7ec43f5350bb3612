/** View changes: who suspects whom, what the new view's log is, and how others learn of it. */

import { assert, bytesEqual } from '@veritydb/types';

import type { Core } from './core.ts';
import { type Join, elect } from './election.ts';
import type { Executor } from './executor.ts';
import { type Header, type Message, encodeHeaders, parseHeaders } from './message.ts';
import type { NormalOperation } from './normal.ts';
import {
  type RecoveryRecord,
  OPERATION_RECOVERY_RECORD,
  encodeRecoveryRecord,
} from './operation.ts';
import {
  JOIN_RESEND_TICKS,
  REQUEST_VIEW_TICKS,
  SUSPECT_JITTER_TICKS,
  SUSPECT_TICKS,
  VIEW_CHANGE_TICKS,
  VOTE_RESEND_TICKS,
  VOTE_TICKS,
} from './timing.ts';

const NEVER = -1_000_000;

export class ViewChange {
  readonly #core: Core;
  readonly #executor: Executor;
  readonly #normal: NormalOperation;
  /** When each replica voted to leave the current view. */
  readonly #votes: number[];
  #joins: (Join | undefined)[];
  /** When to suspect the primary, or to give this view change up. */
  #deadline = 0;
  /** What of this view was sent already. */
  #joinSentFor = -1;
  #viewSentFor = -1;
  #requestedTick = NEVER;
  /** What was cut when this view began, to be said in the log. */
  #record: RecoveryRecord | undefined;

  constructor(core: Core, executor: Executor, normal: NormalOperation) {
    this.#core = core;
    this.#executor = executor;
    this.#normal = normal;
    this.#votes = Array.from({ length: core.config.replicaCount }, () => NEVER);
    this.#joins = Array.from({ length: core.config.replicaCount }, () => undefined);
  }

  /** The primary is alive. */
  hear(): void {
    const core = this.#core;
    this.#deadline = core.tickCount + SUSPECT_TICKS + core.random(SUSPECT_JITTER_TICKS);
    this.#votes[core.replicaId] = NEVER;
  }

  /** After a restart in the middle of a view change. */
  wait(): void {
    const core = this.#core;
    this.#deadline = core.tickCount + VIEW_CHANGE_TICKS + core.random(SUSPECT_JITTER_TICKS);
  }

  tick(): void {
    const core = this.#core;
    const { status, tickCount } = core;
    if (status === 'recovering') return;
    if (status === 'recovering_head') {
      if (tickCount % REQUEST_VIEW_TICKS === 0) this.requestView(core.view);
      return;
    }
    const isWaiting = status === 'view_change' || !core.isPrimary;
    if (isWaiting && tickCount >= this.#deadline) this.#suspect();
    if (status === 'normal') return;
    if (tickCount % JOIN_RESEND_TICKS === 0) {
      if (this.#joinSentFor === core.view && core.logView < core.view) this.#sendJoin();
      if (this.#viewSentFor === core.view) this.#sendView();
    }
    if (tickCount % REQUEST_VIEW_TICKS === 0 && !core.isPrimary) this.requestView(core.view);
  }

  /** Votes to leave the view. Nobody goes before a quorum does: one who hears nothing can stop nobody. */
  #suspect(): void {
    const core = this.#core;
    if (core.superblock.durable.view !== core.view) return;
    this.#votes[core.replicaId] = core.tickCount;
    if (core.tickCount % VOTE_RESEND_TICKS === 0) {
      core.broadcast(core.build({ command: 'start_view_change' }));
    }
    this.#countVotes();
  }

  onStartViewChange({ header }: Message): void {
    if (header.view !== this.#core.view) return;
    this.#votes[header.replica] = this.#core.tickCount;
    if (this.#core.status !== 'recovering_head') this.#countVotes();
  }

  #countVotes(): void {
    const core = this.#core;
    const since = core.tickCount - VOTE_TICKS;
    const count = this.#votes.filter((tick) => tick >= since).length;
    if (count < core.quorums.viewChange) return;
    core.mark('start_view_change.quorum');
    this.enter(core.view + 1);
  }

  /** Leaves the view for a later one: durable, and only then said to others. */
  enter(view: number): void {
    const core = this.#core;
    assert(view > core.view, 'a view change goes back');
    assert(core.status !== 'recovering_head', 'a replica without a head joins a view change');
    // While no log of this view was whole here, what this replica says of its log stays the same.
    if (core.logView === core.view) core.viewHeaders = this.#buildJoinHeaders();
    core.view = view;
    core.status = 'view_change';
    this.#votes.fill(NEVER);
    this.#joins.fill(undefined);
    this.#record = undefined;
    this.#deadline = core.tickCount + VIEW_CHANGE_TICKS + core.random(SUSPECT_JITTER_TICKS);
    this.#normal.reset();
    const change = { view, viewHeaders: core.viewHeaders, commitMax: core.commitMax };
    core.superblock.update(change);
  }

  /** The headers of the log from its head down to what is committed, as far as they are known. */
  #buildJoinHeaders(): readonly (Header | undefined)[] {
    const core = this.#core;
    const known = Math.min(core.commitMax, core.op);
    const low = Math.max(
      core.op - core.config.pipelineLength,
      Math.min(core.checkpoint.op, core.op),
      known,
      0,
    );
    const headers: (Header | undefined)[] = [];
    for (let op = core.op; op >= low; op -= 1) headers.push(core.logHeader(op));
    assert(headers[0] !== undefined, 'the head is not known');
    return headers;
  }

  /** What this replica says of its log. */
  #buildJoin(): Join {
    const core = this.#core;
    const headers = core.viewHeaders;
    const { op } = headers[0] as Header;
    let nacks = 0;
    let present = 0;
    for (const [index, header] of headers.entries()) {
      const at = op - index;
      if (at <= core.checkpoint.op) break;
      const own = core.journal.headerAt(at);
      const isOwn =
        own !== undefined && header !== undefined && bytesEqual(own.checksum, header.checksum);
      if (isOwn && core.journal.prepareAt(at) !== undefined) present |= 1 << index;
      if (this.#isNack(at, header, isOwn)) nacks |= 1 << index;
      if (header === undefined) core.mark('do_view_change.blank_header');
    }
    const { replicaId: replica, logView, commitMax: commit } = core;
    return { replica, logView, op, commit, headers, nacks: nacks >>> 0, present: present >>> 0 };
  }

  /** Surely never acknowledged here. What may have been, and cannot be read, is not. */
  #isNack(op: number, header: Header | undefined, isOwn: boolean): boolean {
    const { journal, mutation } = this.#core;
    if (journal.isFaulty(op)) return mutation === 'nackFaulty';
    if (header === undefined) return journal.headerAt(op) === undefined;
    return !isOwn || !journal.isDurable(op);
  }

  #sendJoin(): void {
    const core = this.#core;
    const join = this.#buildJoin();
    this.#joins[core.replicaId] = join;
    const message = core.build(
      {
        command: 'do_view_change',
        op: join.op,
        commit: join.commit,
        request: join.logView,
        session: join.nacks,
        client: join.present,
      },
      encodeHeaders(join.headers),
    );
    core.broadcast(message);
  }

  onDoViewChange({ header, body }: Message): void {
    const core = this.#core;
    const isCandidate = core.status === 'view_change' && core.isPrimary && core.logView < core.view;
    if (header.view !== core.view || !isCandidate) return;
    const { crypto } = core.ports;
    this.#joins[header.replica] = {
      replica: header.replica,
      logView: header.request,
      op: header.op,
      commit: header.commit,
      headers: parseHeaders(crypto, core.config.cluster, body, header.op),
      nacks: header.session,
      present: header.client,
    };
    this.#tryElect();
  }

  #tryElect(): void {
    const core = this.#core;
    const joins = this.#joins.filter((join) => join !== undefined);
    // Its own is there as soon as it is durable.
    if (joins.length < core.quorums.viewChange || !this.#joins[core.replicaId]) return;
    const { nack } = core.quorums;
    const result = elect(joins, {
      nackQuorum: core.mutation === 'nackQuorum' ? nack - 1 : nack,
      pipelineLength: core.config.pipelineLength,
      isByOp: core.mutation === 'byOp',
    });
    if (result.outcome === 'wait') {
      core.mark('do_view_change.awaiting_repair');
      return;
    }
    core.learnCommit(result.commit);
    if (result.op > core.prepareMax) {
      // Too far behind to hold this log: the next view's primary may do better.
      core.mark('do_view_change.forfeit');
      this.enter(core.view + 1);
      return;
    }
    const { op, opMax, logView, headers, commit } = result;
    if (op < opMax) {
      core.mark('do_view_change.nack_truncated');
      this.#record = {
        view: core.view,
        logView,
        knownCommitted: commit,
        recoveryPoint: op,
        discardedMax: opMax,
        checksums: result.discarded.map((header) => header?.checksum ?? new Uint8Array(32)),
      };
    }
    this.#install(headers);
    this.#executor.advance();
  }

  /** Makes a view's log this replica's: durable together with the view that it is of. */
  #install(headers: readonly (Header | undefined)[]): void {
    const core = this.#core;
    const head = headers[0] as Header;
    assert(head.op >= core.commitMin, 'a view cuts what is committed');
    core.journal.truncateAbove(head.op);
    const durable = core.mutation === 'lvNoHeaders' ? this.#keepDurable(headers) : headers;
    core.logView = core.view;
    core.op = head.op;
    core.head = head;
    for (const header of headers) {
      if (header === undefined || header.op <= core.checkpoint.op) continue;
      const executed = this.#executor.committed.checksumAt(header.op);
      const isFork = executed !== undefined && !bytesEqual(executed, header.checksum);
      assert(!isFork, 'a view has another op where one is committed');
      core.journal.setHeader(header, core.logView);
    }
    for (const header of headers) if (header !== undefined) core.vouchDown(header.op);
    core.viewHeaders = durable;
    const { view, commitMax } = core;
    if (core.mutation === 'logViewVolatile') core.superblock.update({ view, commitMax });
    else core.superblock.update({ view, logView: view, viewHeaders: durable, commitMax });
  }

  /** TESTS ONLY: of a view's headers those whose prepares are on the disk anyway. */
  #keepDurable(headers: readonly (Header | undefined)[]): readonly (Header | undefined)[] {
    const { journal, root, checkpoint } = this.#core;
    const isOnDisk = (header: Header | undefined): boolean => {
      if (header === undefined || header.op <= checkpoint.op) return true;
      const own = journal.headerAt(header.op);
      return (
        own !== undefined &&
        bytesEqual(own.checksum, header.checksum) &&
        journal.isDurable(header.op)
      );
    };
    const from = headers.findLastIndex((header) => !isOnDisk(header)) + 1;
    const kept = headers.slice(from);
    return kept[0] === undefined ? [root.header] : kept;
  }

  /** The superblock is written: what was waiting for it is sent. */
  onSuperblock(): void {
    const core = this.#core;
    if (core.status === 'recovering' || core.status === 'recovering_head') return;
    const { durable } = core.superblock;
    const isJoining = core.status === 'view_change' && core.logView < core.view;
    if (isJoining && durable.view === core.view && this.#joinSentFor !== core.view) {
      this.#joinSentFor = core.view;
      this.#sendJoin();
      if (core.isPrimary) this.#tryElect();
      return;
    }
    if (!core.isViewDurable || this.#viewSentFor === core.view) return;
    this.#viewSentFor = core.view;
    if (core.isPrimary) {
      this.#sendView();
      this.finish();
    } else this.#normal.acknowledgeAll();
  }

  #sendView(): void {
    if (this.#core.isPrimary && this.#core.view > 0) this.#core.broadcast(this.#buildView());
  }

  #buildView(nonce?: Uint8Array): Message {
    const core = this.#core;
    const low = Math.max(0, core.op - core.config.pipelineLength);
    const headers: (Header | undefined)[] = [];
    for (let op = core.op; op >= low; op -= 1) headers.push(core.logHeader(op));
    const fields = { command: 'start_view', op: core.op, commit: core.commitMax } as const;
    return core.build(nonce ? { ...fields, parent: nonce } : fields, encodeHeaders(headers));
  }

  /** The new primary goes to work as soon as it has all of its log on disk, and what is committed executed. */
  finish(): void {
    const core = this.#core;
    const isRepairing = core.status === 'view_change' && core.isPrimary && core.isViewDurable;
    if (!isRepairing || core.commitMin < core.commitMax) return;
    for (let op = core.commitMin + 1; op <= core.op; op += 1) {
      if (core.logHeader(op) === undefined || !core.journal.isDurable(op)) return;
    }
    core.status = 'normal';
    this.hear();
    this.#normal.begin();
    const record = this.#record;
    this.#record = undefined;
    if (record === undefined || core.op >= core.prepareMax) return;
    const subject = new Uint8Array(32);
    const fields = {
      client: 0,
      session: 0,
      request: 0,
      operation: OPERATION_RECOVERY_RECORD,
      subject,
    };
    if (this.#normal.prepare(fields, encodeRecoveryRecord(record))) {
      core.mark('recovery_record.emitted');
    }
  }

  /** Asks the primary of a view for its log. */
  requestView(view: number): void {
    const core = this.#core;
    const to = core.primaryOf(view);
    if (to === core.replicaId || core.tickCount - this.#requestedTick < REQUEST_VIEW_TICKS / 2)
      return;
    this.#requestedTick = core.tickCount;
    core.send(to, core.build({ command: 'request_start_view', parent: core.ports.nonce }));
  }

  onRequestStartView({ header }: Message): void {
    const core = this.#core;
    const isPrimary = core.status === 'normal' && core.isPrimary && core.isViewDurable;
    if (!isPrimary || header.view > core.view) return;
    core.send(header.replica, this.#buildView(header.parent));
  }

  onStartView({ header, body }: Message): void {
    const core = this.#core;
    if (header.view < core.view || core.primaryOf(header.view) === core.replicaId) return;
    if (header.replica !== core.primaryOf(header.view)) return;
    const wasWithoutHead = core.status === 'recovering_head';
    if (wasWithoutHead) {
      // An old message of this view could be from before this replica acknowledged what it now lacks.
      const isFresh = header.view > core.view || bytesEqual(header.parent, core.ports.nonce);
      if (!isFresh && core.mutation !== 'staleView') {
        core.mark('start_view.nonce_rejected');
        return;
      }
    } else if (header.view === core.logView) return;
    core.learnCommit(header.commit);
    if (header.op > core.prepareMax) {
      // What it lacks is in the committed log of others; then it asks again.
      if (header.view > core.view && !wasWithoutHead) this.enter(header.view);
      this.#deadline = core.tickCount + VIEW_CHANGE_TICKS;
      return;
    }
    if (header.op < core.commitMin) return;
    const { crypto } = core.ports;
    const headers = parseHeaders(crypto, core.config.cluster, body, header.op);
    if (wasWithoutHead) core.mark('start_view.from_recovering_head');
    core.view = header.view;
    core.status = 'normal';
    this.#votes.fill(NEVER);
    this.#joins.fill(undefined);
    this.#normal.reset();
    this.hear();
    this.#install(headers);
    this.#executor.advance();
    // Of a replica that lost its head in this very view the superblock needs no new word.
    this.onSuperblock();
  }

  /** TESTS ONLY: state transfer as in "Viewstamped Replication Revisited" §5.2, which loses what is committed. */
  truncateAndTransfer(view: number): void {
    const core = this.#core;
    const head = core.journal.headerAt(core.commitMin) ?? core.checkpoint;
    core.view = view;
    core.status = 'normal';
    this.#votes.fill(NEVER);
    this.hear();
    if (head.op === core.commitMin) this.#install([head]);
  }
}
