/** What the page and the printed report say in the same words. */

import type { CheckName, CheckResult, Failure, Report, Verdict } from '@veritydb/bundle';

/** What was checked, with what, and when. */
export interface Circumstances {
  readonly fileName: string;
  /** Bytes. */
  readonly size: number;
  /** Of the bundle, hexadecimal. */
  readonly sha256: string;
  readonly verifierKey: string;
  /** By the clock of this machine. */
  readonly checkedAt: string;
}

/** What each check is about: the end of a sentence that the verdict begins. */
const SUBJECTS: Readonly<Record<CheckName, string>> = {
  signature: 'the key that you gave signed the state of the log that the proofs lead to',
  'export record': 'this very export was recorded in the log before it was handed out',
  integrity: 'every file is the one that the recorded manifest names, byte for byte',
  inclusion: 'the rows come from records of that log',
  rows: 'each proved value is the one that was committed when its row was written',
  policy: 'the policy in the bundle was put in force in that log, word for word',
  consistency: 'the log has only grown since a checkpoint that you hold',
  completeness: 'no row that answers the question was left out',
  witnesses: 'others than the operator saw the same state of the log',
  time: 'it was there at that time',
  consent: 'the people concerned agreed',
};

const BEGINNINGS: Readonly<Record<Verdict, string>> = {
  proved: 'Shows that',
  attested: 'Only the operator says that',
  'not-claimed': 'Does not show that',
  failed: 'Was to show that',
};

export const WORDS = {
  proved: '✓ proved',
  attested: '~ attested',
  'not-claimed': '– not claimed',
  failed: '✗ failed',
} as const;

/** What the verdict on a check means: one sentence. */
export function meaningOf({ check, verdict }: CheckResult): string {
  return `${BEGINNINGS[verdict]} ${SUBJECTS[check]}.`;
}

/** A failure with its place. */
export function placeOf({ code, file, reason, record }: Failure): string {
  const place = [file, record].filter((each) => each !== null).join(', ');
  return `${place === '' ? '' : `${place}: `}${reason} (${code})`;
}

/** Attacker-controlled: text of a bundle, which must not hide or reorder what the page says. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
}

/** What was checked, as names and values. */
export function factsOf(
  report: Report,
  circumstances: Circumstances,
): readonly (readonly [string, string])[] {
  const { bundle, checkpoint } = report;
  return [
    ['Export', bundle.exportId],
    ['Recipient', bundle.recipient],
    ['Purpose', bundle.purpose],
    ['Legal basis', bundle.legalBasis ?? 'none named'],
    ['Policy', `${bundle.policy.name}, version ${bundle.policy.version}`],
    ['Log', `${checkpoint.origin}, ${checkpoint.size} records`],
    ['Root', checkpoint.root],
    ['Key', circumstances.verifierKey],
    ['File', `${circumstances.fileName}, ${circumstances.size} bytes`],
    ['SHA-256', circumstances.sha256],
    ['Checked', `${circumstances.checkedAt}, by the clock of this machine`],
  ];
}
