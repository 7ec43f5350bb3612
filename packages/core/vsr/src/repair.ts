/**
 * Repair: what is missing or unreadable here comes from others, the same bytes. Prepares of the journal
 * are asked for by op and checksum, oldest first; what is committed comes from committed logs. Peers are
 * chosen by chance, so that two replicas do not ask each other for ever.
 */

import { bytesEqual } from '@veritydb/types';

import type { Core } from './core.ts';
import type { Executor } from './executor.ts';
import type { Message } from './message.ts';
import { REPAIR_BUDGET, REPAIR_TICKS } from './timing.ts';

export class Repair {
  readonly #core: Core;
  readonly #executor: Executor;
  #nextTick = 0;

  constructor(core: Core, executor: Executor) {
    this.#core = core;
    this.#executor = executor;
  }

  tick(): void {
    const core = this.#core;
    if (core.config.replicaCount === 1 || core.tickCount < this.#nextTick) return;
    if (core.status === 'recovering') return;
    this.#nextTick = core.tickCount + REPAIR_TICKS + core.random(REPAIR_TICKS);
    this.#executor.committed.replay();
    this.#executor.advance();
    this.#wantCommitted();
    if (core.status !== 'recovering_head' && core.isViewDurable) this.#wantPrepares();
  }

  #wantCommitted(): void {
    const core = this.#core;
    const { committed } = this.#executor;
    let op = committed.wanted;
    const isBehind = !committed.isReplaying && core.commitMin < core.commitMax;
    if (op === undefined && isBehind) op = core.commitMin + 1;
    if (op === undefined) return;
    if (isBehind) core.mark('state_transfer.started');
    core.send(core.randomPeer(), core.build({ command: 'get_committed', op }));
  }

  #wantPrepares(): void {
    const core = this.#core;
    let budget = REPAIR_BUDGET;
    for (let op = core.checkpoint.op + 1; op <= core.op && budget > 0; op += 1) {
      const subject = this.#wantedAt(op);
      if (subject === undefined) continue;
      budget -= 1;
      core.send(core.randomPeer(), core.build({ command: 'get_prepare', op, subject }));
    }
  }

  /** The checksum of the prepare that is missing at an op, where it is missing and known which it is. */
  #wantedAt(op: number): Uint8Array | undefined {
    const core = this.#core;
    const header = core.logHeader(op);
    if (header !== undefined) {
      if (core.journal.prepareAt(op) !== undefined) return undefined;
      // What is executed is in the committed log soon; only what is damaged is mended.
      return op > core.commitMin || core.journal.isFaulty(op) ? header.checksum : undefined;
    }
    return op > core.commitMin ? core.logHeader(op + 1)?.parent : undefined;
  }

  /** A prepare that is not for the end of the log: taken if it is what is missing. */
  onPrepare(prepare: Message): void {
    const core = this.#core;
    const { op, checksum } = prepare.header;
    if (!core.isViewDurable || op <= core.checkpoint.op || op > core.op) return;
    if (core.status === 'recovering_head') return;
    const wanted = this.#wantedAt(op);
    if (wanted === undefined || !bytesEqual(wanted, checksum)) return;
    core.mark('repair.prepare');
    core.journal.put(prepare, core.logView);
    core.vouchDown(op);
    this.#executor.advance();
  }

  onGetPrepare({ header }: Message): void {
    const core = this.#core;
    const prepare = core.journal.prepareAt(header.op);
    if (prepare !== undefined && bytesEqual(prepare.header.checksum, header.subject)) {
      core.send(header.replica, prepare);
      return;
    }
    this.onGetCommitted(header);
  }

  onGetCommitted({ op, replica }: Pick<Message['header'], 'op' | 'replica'>): void {
    const core = this.#core;
    this.#executor.committed.read(op, (records) => {
      core.send(replica, core.build({ command: 'committed', op }, records));
    });
  }
}
