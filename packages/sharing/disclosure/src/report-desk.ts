/** Answers that a law asks of whoever keeps data about people, each from the log in one call. */

import type { JsonValue, Offset } from '@veritydb/types';

import type { ConsentSummary } from './consent-desk.ts';
import type { PolicyVersion, TokenSummary } from './gateway.ts';

/** One disclosure of rows about a data subject, 45 CFR 164.528(b)(2). */
export interface Disclosure {
  readonly accessId: string;
  readonly at: string;
  readonly recipient: string;
  /** What left: an answer or an export, of which table and columns. */
  readonly description: string;
  readonly purpose: string;
  readonly policy: string;
  readonly offset: Offset;
  /** Why the law does not count it; null where it does. */
  readonly exempt: string | null;
}

/** Several disclosures to one recipient for one purpose, 164.528(b)(3). */
export interface DisclosureSeries {
  readonly recipient: string;
  readonly purpose: string;
  readonly count: number;
  readonly first: string;
  readonly last: string;
}

export interface Accounting {
  /** Disclosures from here on are told: six years before now. */
  readonly since: string;
  readonly disclosures: readonly Disclosure[];
  readonly series: readonly DisclosureSeries[];
}

/** Rows about a data subject, of one table. */
export interface SubjectRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly JsonValue[])[];
}

/** GDPR, Article 15(1) and (3). */
export interface SubjectAccess {
  readonly at: string;
  readonly purposes: readonly string[];
  /** Classes of the columns that are kept about the data subject. */
  readonly categories: readonly string[];
  readonly recipients: readonly DisclosureSeries[];
  /** How long recipients may keep it, by policy. */
  readonly retention: Readonly<Record<string, string>>;
  readonly consents: readonly ConsentSummary[];
  readonly data: readonly SubjectRows[];
}

/** A row of the records of processing, GDPR, Article 30(1). */
export interface ProcessingActivity {
  readonly policy: PolicyVersion['name'];
  readonly version: number;
  readonly controller: string | null;
  readonly purposes: readonly string[];
  readonly legalBasis: string | null;
  /** Tables that are about people. */
  readonly subjects: readonly string[];
  readonly categories: readonly string[];
  readonly recipients: readonly string[];
  readonly retention: string | null;
  /** Technical measures, Article 32(1): transforms, and what is asked of tokens. */
  readonly measures: readonly string[];
}

/** Who holds a right, of what, until when. */
export interface Holder extends TokenSummary {
  readonly scope: string;
  readonly tables: Readonly<Record<string, readonly string[] | '*'>>;
  readonly parent: string | null;
  readonly reason: string | null;
  readonly approvals: readonly string[];
  readonly lastUsed: string | null;
}

/** A row that is kept for longer than a policy in force says. */
export interface DueRow {
  readonly table: string;
  /** Its key, in the order of the key's columns. */
  readonly key: readonly JsonValue[];
  /** The class by which it is due, how long that may be kept, and the policy that says so. */
  readonly dataClass: string;
  readonly keep: string;
  readonly policy: string;
  /** When this version of it was written, by the log, and the record. */
  readonly writtenAt: string;
  readonly offset: Offset;
}

export interface DueRows {
  readonly at: string;
  /** The oldest first. */
  readonly rows: readonly DueRow[];
  /** Tables that have more rows than one report reads. */
  readonly truncated: readonly string[];
}

export interface ReportDesk {
  accounting(subject: string): Promise<Accounting>;
  /** Reads the rows as the operator does: each table by a recorded query of this purpose. */
  subjectAccess(subject: string, purpose: string): Promise<SubjectAccess>;
  processing(): Promise<readonly ProcessingActivity[]>;
  holders(): Promise<readonly Holder[]>;
  /** Rows past the retention of their classes. Reads keys as the operator does: by recorded queries of this purpose. */
  dueRows(purpose: string): Promise<DueRows>;
}
