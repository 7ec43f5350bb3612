/**
 * A log's side of one witness: what it is believed to have seen, and how its cosignature is got. A
 * witness may be slow, down or lying: what comes back is a cosignature that verifies, or nothing.
 */

import { type PolicyWitness, formatAddCheckpoint, takeCosignatures } from '@veritydb/merkle';

import type { SigningLog } from './publication.ts';

export interface SubmitAnswer {
  readonly status: number;
  readonly body: string;
}

/** Posts a body to a URL and returns the answer; rejects when there is none in time. */
export type Submit = (url: string, body: string) => Promise<SubmitAnswer>;

/** With what is believed, with what it answers, and once more where it has moved on in between. */
const ATTEMPTS_MAX = 3;

export class WitnessLink {
  readonly witness: PolicyWitness & { readonly url: string };
  readonly #submit: Submit;
  readonly #onTrouble: (message: string) => void;
  #knownSize = 0;
  #busy = false;
  #trouble: string | null = null;

  constructor(
    witness: PolicyWitness & { readonly url: string },
    submit: Submit,
    onTrouble: (message: string) => void,
  ) {
    this.witness = witness;
    this.#submit = submit;
    this.#onTrouble = onTrouble;
  }

  /** Whether an earlier request is still under way: a witness that hangs holds up nobody but itself. */
  get isBusy(): boolean {
    return this.#busy;
  }

  /** The line of its cosignature; null where there is none. Never rejects. */
  async cosign(log: SigningLog, note: string, size: number): Promise<string | null> {
    this.#busy = true;
    try {
      const line = await this.#ask(log, note, size);
      this.#tell(null);
      return line;
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : 'unknown reason');
      return null;
    } finally {
      this.#busy = false;
    }
  }

  async #ask(log: SigningLog, note: string, size: number): Promise<string> {
    const { key, url } = this.witness;
    const target = `${url.replace(/\/+$/, '')}/add-checkpoint`;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const oldSize = this.#knownSize;
      const proof = oldSize === 0 ? [] : log.tree.consistencyProof(oldSize, size);
      const body = formatAddCheckpoint({ oldSize, proof, checkpoint: note });
      // Attacker-controlled: the answer.
      const answer = await this.#submit(target, body);
      if (answer.status === 200) {
        const line = takeCosignatures(log.crypto, note, answer.body, key);
        if (line === '') throw new Error('its answer holds no good cosignature');
        this.#knownSize = size;
        return line;
      }
      if (answer.status !== 409) throw new Error(`it answered ${answer.status}`);
      const told = /^(0|[1-9][0-9]{0,15})\n$/.exec(answer.body)?.[1];
      if (told === undefined) throw new Error('it answered 409 without a size');
      if (Number(told) > size) throw new Error(`it says that it has seen size ${told}`);
      if (Number(told) === oldSize) throw new Error(`it has seen another tree of size ${told}`);
      this.#knownSize = Number(told);
    }
    throw new Error('it names another size each time');
  }

  /** Tells of a change, not of every round. */
  #tell(trouble: string | null): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    const { name } = this.witness;
    this.#onTrouble(
      trouble === null ? `witness ${name} cosigns again` : `witness ${name}: ${trouble}`,
    );
  }
}
