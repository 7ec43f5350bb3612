/** What is kept for ever must not name a data subject: its own record would outlive its erasure. */

import { DisclosureError } from './error.ts';

/** A shorter id is found in any text, and names nobody by itself. */
const NAME_LENGTH_MIN = 5;

/** @throws {DisclosureError} ERR_DISCLOSURE_SUBJECT_NAMED */
export function refuseNamed(subject: string, texts: readonly string[]): void {
  const name = subject.trim().toLowerCase();
  const isNamed =
    name.length >= NAME_LENGTH_MIN && texts.some((text) => text.toLowerCase().includes(name));
  if (name !== '' && !isNamed) return;
  throw new DisclosureError(
    'format',
    'ERR_DISCLOSURE_SUBJECT_NAMED',
    'the record would name the data subject, or the subject is empty',
    { hint: 'give reasons and approvals by law, role or case number: they are kept for ever' },
  );
}
