/** Whether the decisions on consent are those that the manifest sums up. That they were right is the operator's word. */

import { utf8Decode } from '@veritydb/types';

import { CONSENT_NAME, buildConsent } from '../consent-file.ts';
import { CONSENT } from '../entry-name.ts';
import { BundleError } from '../error.ts';
import { type Evidence, entryOf } from '../evidence.ts';

const LINE = /^\{"permit":true,"reason":"given","subject":"([0-9a-f]{32})"\}$/;

/** @throws {BundleError} ERR_BUNDLE_CONSENT, ERR_BUNDLE_MISSING; null where nothing is claimed */
export function checkConsent(evidence: Evidence): string | null {
  const { consent, tables } = evidence.manifest;
  if (consent === null) return null;
  // Attacker-controlled: any bytes.
  let text: string;
  try {
    text = utf8Decode(entryOf(evidence, CONSENT));
  } catch (cause) {
    if (cause instanceof BundleError) throw cause;
    throw refused('it is no text', cause);
  }
  const lines = text.split('\n');
  if (lines.pop() !== '') throw refused('its last line is not ended');
  const subjects = lines.map((line) => LINE.exec(line)?.[1] ?? '');
  for (const [index, subject] of subjects.entries()) {
    if (!CONSENT_NAME.test(subject)) throw refused('a line is no permit');
    if (index > 0 && subject <= (subjects[index - 1] as string))
      throw refused('it is not in order');
  }
  const { summary } = buildConsent(evidence.crypto, subjects);
  if (summary.permits !== consent.permits || summary.root !== consent.root) {
    throw refused('it is not what the manifest sums up');
  }
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  if (consent.permits > rows || (rows > 0 && consent.permits === 0)) {
    throw refused('it has not one data subject for each row at most, and one at least');
  }
  return `${consent.permits} data subjects permitted it, as the operator recorded`;
}

function refused(what: string, cause?: unknown): BundleError {
  return new BundleError('ERR_BUNDLE_CONSENT', `the decisions on consent do not hold: ${what}`, {
    file: CONSENT,
    cause,
  });
}
