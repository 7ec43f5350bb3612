/**
 * Publishes checkpoints: signs the tree when there are enough new records or the oldest new one has
 * waited long enough, has the witnesses of a policy cosign it, all at once, and puts it in the place of
 * the published one when their quorum is reached; until then the older one stays. A tree that is
 * published only gains cosignatures. Whatever witnesses do, writes go on.
 */

import {
  type PolicyWitness,
  type TlogPolicy,
  meetsQuorum,
  parseNote,
  takeCosignatures,
} from '@veritydb/merkle';

import type { Publication } from './publication.ts';
import { type Submit, WitnessLink } from './witness-link.ts';

/** New records that make a checkpoint due. */
export const PUBLISH_EVERY_RECORDS = 10_000;
/** How long a new record waits for a checkpoint at the most. */
export const PUBLISH_EVERY_MS = 1000;
/** After a round without a quorum: twice as long each time, up to this. */
const RETRY_MAX_MS = 60_000;

export interface PublisherOptions {
  readonly publication: Publication;
  /** Null: checkpoints are published with the log's signature alone. */
  readonly policy: TlogPolicy | null;
  readonly submit: Submit;
  /** Gets what the operator should know: a witness that has stopped answering, or answers again. */
  readonly onTrouble: (message: string) => void;
}

type Reachable = PolicyWitness & { readonly url: string };

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #links: readonly WitnessLink[];
  /** Whether what is published has the quorum of the policy. */
  #isMet: boolean;
  #isClosed = false;
  #isRunning = false;
  #pendingSinceMs: number | null = null;
  #failures = 0;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  /** The round under way, or the last one: the next waits for it, and finds its witnesses free. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: PublisherOptions) {
    this.#options = options;
    const { policy, submit, onTrouble } = options;
    this.#links = (policy?.witnesses ?? [])
      .filter((witness): witness is Reachable => witness.url !== null)
      .map((witness) => new WitnessLink(witness, submit, onTrouble));
    const { newest } = options.publication;
    // Policies change.
    this.#isMet = newest === null || this.#isEnough(this.#cosigned(newest.size));
  }

  /** Looks whether a checkpoint is due, and starts a round if so. To be called often. */
  step(nowMs: number): void {
    const { log, newest } = this.#options.publication;
    if (this.#isRunning || this.#isClosed) return;
    const published = newest?.size ?? 0;
    if (newest !== null && published === log.tree.size && this.#isMet) {
      this.#pendingSinceMs = null;
      return;
    }
    this.#pendingSinceMs ??= nowMs;
    const isDue =
      newest === null ||
      log.tree.size - published >= PUBLISH_EVERY_RECORDS ||
      nowMs - this.#pendingSinceMs >= PUBLISH_EVERY_MS;
    if (isDue && nowMs >= this.#retryAtMs) void this.#round(nowMs);
  }

  async #round(nowMs: number): Promise<void> {
    this.#isRunning = true;
    const isMet = await this.publish().catch((error: unknown) => {
      this.#options.onTrouble(`a checkpoint could not be signed: ${reasonOf(error)}`);
      return false;
    });
    this.#isRunning = false;
    if (isMet) {
      this.#failures = 0;
      this.#pendingSinceMs = null;
      return;
    }
    this.#failures += 1;
    this.#retryAtMs = nowMs + Math.min(RETRY_MAX_MS, PUBLISH_EVERY_MS * 2 ** this.#failures);
  }

  /**
   * Signs the tree as it is now and returns when its checkpoint is published, or when it is certain that
   * it will not be. Cosignatures that come later are added as long as no larger tree is published.
   */
  async publish(): Promise<boolean> {
    const turn = this.#turn.then(async () => this.#publish());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #publish(): Promise<boolean> {
    if (this.#isClosed) return false;
    const { log } = this.#options.publication;
    const { size } = log.tree;
    const note = log.signedCheckpoint(size);
    const lines = new Map<WitnessLink, string>();
    let isPublished = this.#offer(note, size, lines);
    const free = this.#links.filter(({ isBusy }) => !isBusy);
    const asked = free.map(async (link): Promise<void> => {
      const line = await link.cosign(log, note, size);
      if (line === null) throw new Error('no cosignature');
      lines.set(link, line);
      isPublished = this.#offer(note, size, lines) || isPublished;
      if (!isPublished) throw new Error('no quorum yet');
    });
    // The first that makes a quorum ends the wait; the others go on by themselves.
    const isMet = Promise.any(asked).then(
      () => true,
      () => isPublished,
    );
    return isPublished || isMet;
  }

  /** Publishes a checkpoint with the cosignatures that there are, if they are enough. */
  #offer(note: string, size: number, lines: ReadonlyMap<WitnessLink, string>): boolean {
    const { publication, onTrouble } = this.#options;
    const { newest } = publication;
    if (this.#isClosed || size < (newest?.size ?? 0)) return false;
    const all = new Map([...this.#cosigned(size), ...lines]);
    if (!this.#isEnough(all)) return false;
    // What other policies had gathered stays where there is nothing new.
    const isNew = newest?.size !== size || lines.size > 0;
    const signed = this.#links.map((link) => all.get(link) ?? '');
    try {
      if (isNew) publication.replace(note + signed.join(''));
      this.#isMet = true;
      return true;
    } catch (error) {
      onTrouble(`a checkpoint could not be kept: ${reasonOf(error)}`);
      return false;
    }
  }

  #isEnough(lines: ReadonlyMap<WitnessLink, string>): boolean {
    const { policy } = this.#options;
    const keys = [...lines.keys()].map(({ witness }) => witness.key);
    return policy === null || meetsQuorum(policy, keys);
  }

  /** The cosignatures of the published checkpoint, where it is of this size. */
  #cosigned(size: number): ReadonlyMap<WitnessLink, string> {
    const { log, newest } = this.#options.publication;
    const lines = new Map<WitnessLink, string>();
    if (newest?.size !== size) return lines;
    const signatures = newest.note.slice(parseNote(newest.note).text.length + 1);
    for (const link of this.#links) {
      const line = takeCosignatures(log.crypto, newest.note, signatures, link.witness.key);
      if (line !== '') lines.set(link, line);
    }
    return lines;
  }

  /** Publishes nothing from now on, whatever is still under way. */
  close(): void {
    this.#isClosed = true;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown reason';
}
