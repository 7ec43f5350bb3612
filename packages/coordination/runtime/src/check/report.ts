/**
 * What a check of a database found: one line for each question, and under it each place that fails.
 *
 * Nothing passes in silence: what could not be looked at says so, and why.
 */

/** The questions, in the order in which they are told. */
export const CHECKS = [
  'superblock',
  'segments',
  'checksums',
  'payload-digests',
  'places',
  'chain',
  'timestamps',
  'generations',
  'end',
  'checkpoint-records',
  'recoveries',
  'tree',
  'signed-checkpoint',
  'keys',
  'seals',
  'events',
  'commitments',
  'state-roots',
  'store',
  'state',
] as const;
export type CheckName = (typeof CHECKS)[number];

/** `harmless`: something is damaged, and another copy or the next open makes up for it. */
export type Verdict = 'ok' | 'harmless' | 'failed' | 'not-checked';

export interface Fault {
  /** In the tenant's folder. */
  readonly file: string;
  /** Byte position in the file; null where the file as a whole is meant. */
  readonly position: number | null;
  /** Offset of the record that is meant, if one is. */
  readonly offset: number | null;
  readonly what: string;
  readonly remedy: string;
}

export interface CheckLine {
  readonly check: CheckName;
  readonly verdict: Verdict;
  /** What was looked at, or why it was not. */
  readonly what: string;
  /** How many places fail; the first of them are in `faults`. */
  readonly faultCount: number;
  readonly faults: readonly Fault[];
}

/** Places that are told of one question: a damaged disk has thousands. */
const FAULTS_TOLD_MAX = 20;

interface Entry {
  verdict: Verdict;
  what: string;
  faultCount: number;
  readonly faults: Fault[];
}

export class Report {
  readonly #entries = new Map<CheckName, Entry>();

  #entry(check: CheckName): Entry {
    let entry = this.#entries.get(check);
    if (entry === undefined) {
      entry = { verdict: 'ok', what: '', faultCount: 0, faults: [] };
      this.#entries.set(check, entry);
    }
    return entry;
  }

  /** Says what was looked at. */
  note(check: CheckName, what: string): void {
    this.#entry(check).what = what;
  }

  /** Says that a question stays open, unless it has failed already. */
  skip(check: CheckName, why: string): void {
    const entry = this.#entry(check);
    if (entry.verdict !== 'failed') entry.verdict = 'not-checked';
    entry.what = why;
  }

  fault(check: CheckName, fault: Fault, isHarmless = false): void {
    const entry = this.#entry(check);
    if (!isHarmless) entry.verdict = 'failed';
    else if (entry.verdict === 'ok') entry.verdict = 'harmless';
    entry.faultCount += 1;
    if (entry.faults.length < FAULTS_TOLD_MAX) entry.faults.push(fault);
  }

  hasFailed(...checks: readonly CheckName[]): boolean {
    return checks.some((check) => this.#entries.get(check)?.verdict === 'failed');
  }

  lines(): readonly CheckLine[] {
    return CHECKS.map((check) => {
      const { faultCount, faults, verdict, what } = this.#entry(check);
      return { check, verdict, what, faultCount, faults };
    });
  }
}
