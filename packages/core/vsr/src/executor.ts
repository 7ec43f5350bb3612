/** Executes what is committed, in order, each op once: sessions, the state machine, replies. */

import { assert, bytesEqual } from '@veritydb/types';

import { CommittedLog } from './committed-log.ts';
import type { Core } from './core.ts';
import type { Message } from './message.ts';
import { OPERATION_APPLY, OPERATION_REGISTER } from './operation.ts';
import { type Session, Sessions } from './sessions.ts';

const EMPTY = new Uint8Array(0);

export class Executor {
  readonly #core: Core;
  readonly committed: CommittedLog;
  readonly sessions: Sessions;
  /** Told of each op after it was executed. */
  readonly #onExecuted: (prepare: Message) => void;

  constructor(core: Core, onExecuted: (prepare: Message) => void) {
    this.#core = core;
    this.#onExecuted = onExecuted;
    this.sessions = new Sessions(core.config.clientsMax);
    this.committed = new CommittedLog(core, (prepare, isReplay) => {
      this.#execute(prepare, isReplay);
    });
  }

  /** Executes what is committed and here. */
  advance(): void {
    const core = this.#core;
    if (this.committed.isReplaying || core.logView !== core.view) return;
    if (core.status === 'recovering' || core.status === 'recovering_head') return;
    while (core.commitMin < core.commitMax) {
      const op = core.commitMin + 1;
      const header = core.logHeader(op);
      const prepare = core.journal.prepareAt(op);
      if (header === undefined || prepare === undefined) return;
      // The log of this view has all that was committed in those before: anything else is a fork.
      assert(
        bytesEqual(header.parent, core.committedChecksum),
        'the log forks from what is committed',
      );
      if (!core.journal.isDurable(op)) core.mark('commit.before_own_write');
      this.#execute(prepare, false);
    }
  }

  #execute(prepare: Message, isReplay: boolean): void {
    const core = this.#core;
    const { header } = prepare;
    assert(header.op === core.commitMin + 1, 'an op is executed out of order');
    core.commitMin = header.op;
    core.committedChecksum = header.checksum;
    core.learnCommit(header.op);
    if (!isReplay) this.#extend(prepare);
    core.ports.onExecuted(header);
    this.#apply(prepare);
    this.committed.push(prepare, isReplay);
    this.#onExecuted(prepare);
  }

  /** What is committed beyond the head is where the log of this view goes on, as far as there is room. */
  extendLog(): void {
    for (const prepare of this.committed.pendingAbove(this.#core.op)) this.#extend(prepare);
  }

  #extend(prepare: Message): void {
    const core = this.#core;
    const { header } = prepare;
    const isBehind = core.status === 'normal' && core.isViewDurable && header.op > core.op;
    if (!isBehind || header.op > core.prepareMax) return;
    core.op = header.op;
    core.head = header;
    core.journal.put(prepare, core.logView);
  }

  #apply({ header, body }: Message): void {
    if (header.operation === OPERATION_REGISTER) {
      this.sessions.register(header, EMPTY);
      return;
    }
    if (header.operation < OPERATION_APPLY || !this.sessions.accepts(header)) return;
    const reply = this.#core.ports.machine.apply(header.op, body, header.timestampUs);
    this.sessions.answer(header, reply);
  }

  /** Tells a client what its last request came to. */
  reply(client: number, session: Session): void {
    const { subject, op, timestampUs, request, operation } = session;
    const fields = {
      command: 'reply',
      subject,
      op,
      timestampUs,
      client,
      request,
      operation,
    } as const;
    const message = this.#core.build({ ...fields, session: session.session }, session.reply);
    this.#core.ports.sendClient(client, message);
  }
}
