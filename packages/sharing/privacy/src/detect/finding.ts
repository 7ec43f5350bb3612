/** What is found in a text: a stretch of it, of what kind, how surely, and by which recogniser. */

export const ENTITY_TYPES = [
  'EMAIL_ADDRESS',
  'URL',
  'IP_ADDRESS',
  'CREDIT_CARD',
  'IBAN_CODE',
  'US_SSN',
  'PHONE_NUMBER',
  'ID_NUMBER',
  'DATE_TIME',
  'AGE',
  'ZIP_CODE',
  'STREET_ADDRESS',
  'PERSON',
  'ORGANIZATION',
  'LOCATION',
  'NRP',
  'TITLE',
  'CUSTOM',
] as const;
/** NRP: nationality, religious or political group. CUSTOM: a pattern of the policy. */
export type EntityType = (typeof ENTITY_TYPES)[number];

export interface EntityFinding {
  readonly type: EntityType;
  /** In UTF-16 units of the text; `end` is after the last. */
  readonly start: number;
  readonly end: number;
  /** 0 to 1: a checksum or an unmistakable form is 0.9 and up, a guess from context 0.5 and below. */
  readonly score: number;
}

/** The best of findings that overlap: by score, then by length, then the first; in the order of the text. */
export function withoutOverlaps(findings: readonly EntityFinding[]): readonly EntityFinding[] {
  const ranked = findings.toSorted(
    (a, b) => b.score - a.score || b.end - b.start - (a.end - a.start) || a.start - b.start,
  );
  const marks = new Marks();
  const kept: EntityFinding[] = [];
  for (const one of ranked) {
    if (marks.isFree(one)) {
      kept.push(one);
      marks.add(one);
    }
  }
  return kept.toSorted((a, b) => a.start - b.start);
}

/** Which places of a text are taken: linear, however much is found. */
export class Marks {
  #places = new Uint8Array(1024);

  add({ start, end }: Pick<EntityFinding, 'start' | 'end'>): void {
    if (end > this.#places.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#places);
      this.#places = larger;
    }
    this.#places.fill(1, start, end);
  }

  isFree({ start, end }: Pick<EntityFinding, 'start' | 'end'>): boolean {
    const places = this.#places;
    for (let at = start; at < end; at += 1) if (places[at] === 1) return false;
    return true;
  }
}
