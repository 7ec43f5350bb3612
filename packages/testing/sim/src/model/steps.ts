/** The steps of the model: every action of the protocol and every fault, from one state to the next. */

import { type Election, electedLogs } from './elect.ts';
import {
  type ModelBounds,
  type ModelMessage,
  type ModelReplica,
  type ModelState,
  type Slot,
  textOfMessage,
} from './state.ts';

export interface Step {
  /** Action and replica: `Commit 1`. */
  readonly name: string;
  readonly state: ModelState;
}

type JoinMessage = Extract<ModelMessage, { readonly kind: 'join' }>;

/** Every step that can be taken in a state. */
export function stepsOf(bounds: ModelBounds, state: ModelState): readonly Step[] {
  return state.replicas.flatMap((_, index) => new Steps(bounds, state, index).all());
}

/** The steps of one replica. */
class Steps {
  readonly #bounds: ModelBounds;
  readonly #state: ModelState;
  readonly #index: number;
  readonly #self: ModelReplica;
  readonly #found: Step[] = [];

  constructor(bounds: ModelBounds, state: ModelState, index: number) {
    this.#bounds = bounds;
    this.#state = state;
    this.#index = index;
    this.#self = state.replicas[index] as ModelReplica;
  }

  all(): readonly Step[] {
    this.#request();
    this.#writeDone();
    this.#backupAppend();
    this.#sendOk();
    this.#commit();
    this.#learnCommit();
    this.#startViewChange();
    this.#elect();
    this.#repairPrepare();
    this.#sendView();
    this.#respondView();
    this.#finishViewChange();
    this.#receiveView();
    this.#crash();
    this.#restart();
    this.#bitRot();
    return this.#found;
  }

  #mutated(mutation: ModelBounds['mutation']): boolean {
    return this.#bounds.mutation === mutation;
  }

  #primaryOf(view: number): number {
    return view % this.#bounds.replicas;
  }

  get #isPrimary(): boolean {
    const { status, view } = this.#self;
    return status === 'normal' && this.#primaryOf(view) === this.#index;
  }

  #isIn(...statuses: readonly ModelReplica['status'][]): boolean {
    return statuses.includes(this.#self.status);
  }

  /** Takes a step: what changes of this replica, of the rest, and what it sends. */
  #take(
    name: string,
    self: Partial<ModelReplica>,
    rest: Partial<ModelState> = {},
    sent?: ModelMessage,
  ): void {
    const replicas = this.#state.replicas.with(this.#index, { ...this.#self, ...self });
    const messages =
      sent === undefined
        ? this.#state.messages
        : new Map(this.#state.messages).set(textOfMessage(sent), sent);
    this.#found.push({
      name: `${name} ${this.#index}`,
      state: { ...this.#state, replicas, messages, ...rest },
    });
  }

  #has(message: ModelMessage): boolean {
    return this.#state.messages.has(textOfMessage(message));
  }

  #withSlot(op: number, slot: Partial<Slot>): readonly Slot[] {
    return this.#self.log.with(op - 1, { ...(this.#self.log[op - 1] as Slot), ...slot });
  }

  #request(): void {
    const { log, view } = this.#self;
    const { requests } = this.#state;
    const { opMax, requestMax } = this.#bounds;
    if (!this.#isPrimary || log.length >= opMax || requests >= requestMax) return;
    const entry = view * 10 + requests + 1;
    const op = log.length + 1;
    this.#take(
      'Request',
      { log: [...log, { entry, state: 'pending' }] },
      { requests: requests + 1 },
      { kind: 'prepare', view, op, entry, parent: entryAt(log, op - 1) },
    );
  }

  #writeDone(): void {
    if (!this.#isIn('normal', 'repair')) return;
    for (const [at, { state }] of this.#self.log.entries()) {
      if (state === 'pending') {
        this.#take('WriteDone', { log: this.#withSlot(at + 1, { state: 'clean' }) });
      }
    }
  }

  #backupAppend(): void {
    const { log, status, view } = this.#self;
    if (status !== 'normal' || this.#primaryOf(view) === this.#index) return;
    for (const message of this.#state.messages.values()) {
      if (message.kind !== 'prepare' || message.view !== view) continue;
      if (message.op !== log.length + 1 || entryAt(log, log.length) !== message.parent) continue;
      this.#take('BackupAppend', { log: [...log, { entry: message.entry, state: 'clean' }] });
    }
  }

  #sendOk(): void {
    const { commit, log, status, view } = this.#self;
    if (status !== 'normal') return;
    for (let op = commit + 1; op <= log.length; op += 1) {
      const { entry, state } = log[op - 1] as Slot;
      const ok: ModelMessage = { kind: 'ok', view, op, entry, replica: this.#index };
      if (state === 'clean' && !this.#has(ok)) this.#take('SendOk', {}, {}, ok);
    }
  }

  #commit(): void {
    const { commit, log, view } = this.#self;
    if (!this.#isPrimary || commit >= log.length) return;
    const op = commit + 1;
    const entry = entryAt(log, op);
    const acked = this.#state.replicas.filter((_, replica) =>
      this.#has({ kind: 'ok', view, op, entry, replica }),
    );
    if (acked.length < this.#bounds.replicationQuorum) return;
    this.#take(
      'Commit',
      { commit: op },
      { ...this.#choose(op, entry), ...this.#reached(view, op) },
    );
  }

  #learnCommit(): void {
    const { commit, log, status, view } = this.#self;
    if (status !== 'normal' || this.#primaryOf(view) === this.#index) return;
    const op = commit + 1;
    const slot = log[op - 1];
    if (slot === undefined || slot.state !== 'clean') return;
    if (op > (this.#state.viewCommit[view] as number)) return;
    this.#take('LearnCommit', { commit: op }, this.#choose(op, slot.entry));
  }

  #choose(op: number, entry: number): Partial<ModelState> {
    const { bad, chosen, chosenIn } = this.#state;
    if (op <= chosen.length) return { bad: bad || chosen[op - 1] !== entry };
    return {
      bad: bad || op !== chosen.length + 1,
      chosen: [...chosen, entry],
      chosenIn: [...chosenIn, this.#self.view],
    };
  }

  #reached(view: number, op: number): Partial<ModelState> {
    const { viewCommit } = this.#state;
    return { viewCommit: viewCommit.with(view, Math.max(viewCommit[view] as number, op)) };
  }

  /** Who began the view change is left out: safety must not depend on it. */
  #startViewChange(): void {
    const isLeaving = this.#isIn('must-leave');
    if (!isLeaving && !this.#isIn('normal', 'view-change', 'repair')) return;
    for (let view = this.#self.view + 1; view <= this.#bounds.viewMax; view += 1) {
      const name = isLeaving ? 'MustVC' : 'StartVC';
      this.#take(name, { view, status: 'view-change' }, {}, this.#joinOf(view));
    }
  }

  #joinOf(view: number): JoinMessage {
    const { commit, log, logView } = this.#self;
    const isNacked = ({ state }: Slot): boolean =>
      state === 'header' ||
      state === 'pending' ||
      (this.#mutated('nackFaulty') && (state === 'faulty' || state === 'lost'));
    return {
      kind: 'join',
      view,
      replica: this.#index,
      logView,
      commit,
      headers: log.map((slot) => ({
        entry: slot.entry,
        nack: isNacked(slot),
        present: slot.state === 'clean',
      })),
    };
  }

  #joins(): readonly JoinMessage[] {
    return [...this.#state.messages.values()].filter(
      (message): message is JoinMessage =>
        message.kind === 'join' && message.view === this.#self.view,
    );
  }

  #elect(): void {
    const { commit, logView, status, view } = this.#self;
    if (status !== 'view-change' || this.#primaryOf(view) !== this.#index || logView >= view)
      return;
    const election: Election = {
      bounds: this.#bounds,
      joins: this.#joins(),
      self: this.#index,
      commit,
    };
    for (const entries of electedLogs(election)) {
      this.#take('Elect', {
        log: this.#installed(entries),
        logViewBefore: logView,
        logView: view,
        status: 'repair',
      });
    }
  }

  /** Log view and header suffix become durable in one write: a pending entry is a header from now on. */
  #installed(entries: readonly number[]): readonly Slot[] {
    return entries.map((entry, at): Slot => {
      const own = this.#self.log[at];
      if (own === undefined) return { entry, state: 'header' };
      if (own.entry === entry) {
        const isLost = own.state === 'pending' && !this.#mutated('lvNoHeaders');
        return isLost ? { entry, state: 'header' } : own;
      }
      if (own.entry !== 0 || this.#mutated('unstick')) return { entry, state: 'header' };
      return { entry, state: 'faulty' };
    });
  }

  #repairPrepare(): void {
    if (!this.#isIn('normal', 'repair')) return;
    for (const [at, { entry, state }] of this.#self.log.entries()) {
      if (state !== 'header' && state !== 'faulty') continue;
      const hasSource = this.#state.replicas.some(
        ({ log, status }, other) =>
          other !== this.#index &&
          status !== 'down' &&
          log[at]?.entry === entry &&
          log[at].state === 'clean',
      );
      if (hasSource) {
        this.#take('RepairPrepare', { log: this.#withSlot(at + 1, { state: 'clean' }) });
      }
    }
  }

  #viewTo(to: number, nonce: number): ModelMessage {
    const { log, view } = this.#self;
    return { kind: 'view', view, to, nonce, entries: log.map(({ entry }) => entry) };
  }

  #sendView(): void {
    const { logView, view } = this.#self;
    const all = this.#bounds.replicas;
    if (this.#primaryOf(view) !== this.#index || logView !== view || view === 0) return;
    if (!this.#isIn('repair', 'normal')) return;
    for (const message of this.#state.messages.values()) {
      if (message.kind === 'view' && message.view === view && message.to === all) return;
    }
    this.#take('SendView', {}, {}, this.#viewTo(all, 0));
  }

  #respondView(): void {
    if (!this.#isPrimary) return;
    for (const [other, { nonce, status, view }] of this.#state.replicas.entries()) {
      if (other === this.#index || status !== 'recovering-head' || view > this.#self.view) continue;
      const message = this.#viewTo(other, nonce);
      if (!this.#has(message)) this.#take('RespondView', {}, {}, message);
    }
  }

  #finishViewChange(): void {
    const { commit, log, status, view } = this.#self;
    if (status !== 'repair' || this.#primaryOf(view) !== this.#index) return;
    if (log.some(({ state }) => state !== 'clean')) return;
    const known = this.#joins().map((join) => Math.min(join.commit, log.length));
    const reached = Math.max(commit, ...known);
    const { bad, chosen } = this.#state;
    const isLost = log.slice(0, reached).some(({ entry }, at) => chosen[at] !== entry);
    this.#take(
      'FinishVC',
      { commit: reached, status: 'normal' },
      { ...this.#reached(view, reached), bad: bad || isLost },
    );
  }

  #receiveView(): void {
    const { commit, logView, nonce, status, view } = this.#self;
    for (const message of this.#state.messages.values()) {
      if (message.kind !== 'view' || this.#primaryOf(message.view) === this.#index) continue;
      const isForSelf = message.to === this.#index;
      if (message.view < view || (!isForSelf && message.to !== this.#bounds.replicas)) continue;
      const isTaken =
        status === 'recovering-head'
          ? message.view > view || (isForSelf && message.nonce === nonce)
          : this.#isIn('normal', 'view-change', 'repair') && logView < message.view;
      if (!isTaken) continue;
      this.#take(
        'ReceiveView',
        {
          log: this.#installed(message.entries),
          logViewBefore: logView,
          logView: message.view,
          view: message.view,
          status: 'normal',
        },
        { bad: this.#state.bad || message.entries.length < commit },
      );
    }
  }

  #crash(): void {
    const { log, nonce, status } = this.#self;
    const { crashes } = this.#state;
    if (crashes >= this.#bounds.crashMax || status === 'down') return;
    const pending = log.findIndex(({ state }) => state === 'pending');
    this.#take(
      'Crash',
      {
        status: 'down',
        log: pending < 0 ? log : log.slice(0, pending),
        nonce: nonce + 1,
        // Where its last checkpoint is.
        commit: 0,
      },
      { crashes: crashes + 1 },
    );
  }

  #canRot(op: number): boolean {
    return (
      this.#state.corruptions < this.#bounds.corruptionMax &&
      this.#self.log[op - 1]?.state === 'clean'
    );
  }

  #rotten(op: number, isKnown: boolean): readonly Slot[] {
    return this.#withSlot(op, isKnown ? { state: 'faulty' } : { entry: 0, state: 'lost' });
  }

  /** With a disk as it was left, or with one slot that cannot be read. */
  #restart(): void {
    if (this.#self.status !== 'down') return;
    this.#restartWith(0);
    for (let op = 1; op <= this.#self.log.length; op += 1) {
      if (this.#canRot(op)) this.#restartWith(op);
    }
  }

  #restartWith(op: number): void {
    const { log, logViewBefore } = this.#self;
    const corruptions = this.#state.corruptions + (op === 0 ? 0 : 1);
    if (this.#mutated('amnesia')) {
      const status = this.#index === 0 ? 'down' : 'normal';
      this.#take('Restart', { log: [], logView: 0, view: 0, commit: 0, status }, { corruptions });
      return;
    }
    const view = this.#mutated('viewVolatile') ? this.#self.logView : this.#self.view;
    const logView = this.#mutated('logViewVolatile') ? logViewBefore : this.#self.logView;
    const isChanging = logView < view;
    const found = op === 0 ? log : this.#rotten(op, isChanging);
    const isUncertain = op !== 0 && op === found.length && !isChanging;
    const isTorn = isUncertain && this.#mutated('truncTorn');
    const status = isChanging
      ? 'view-change'
      : isUncertain && !isTorn
        ? 'recovering-head'
        : this.#primaryOf(view) === this.#index && !this.#mutated('samePrimary')
          ? 'must-leave'
          : 'normal';
    const again =
      this.#mutated('logViewVolatile') && isChanging
        ? { ...this.#joinOf(this.#self.view), logView: logViewBefore }
        : undefined;
    this.#take(
      'Restart',
      { log: isTorn ? found.slice(0, op - 1) : found, logView, view, status },
      { corruptions },
      again,
    );
  }

  #bitRot(): void {
    if (!this.#isIn('normal', 'view-change')) return;
    for (let op = 1; op <= this.#self.log.length; op += 1) {
      if (!this.#canRot(op)) continue;
      const corruptions = this.#state.corruptions + 1;
      this.#take('BitRot', { log: this.#rotten(op, true) }, { corruptions });
    }
  }
}

function entryAt(log: readonly Slot[], op: number): number {
  return log[op - 1]?.entry ?? 0;
}
