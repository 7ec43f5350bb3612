/** What the operator does with the consent ledger. */

import type { ConsentState } from '@veritydb/kernel';
import type { Offset } from '@veritydb/types';

/** A consent, or a refusal, as it is recorded. */
export interface ConsentOrder {
  /** The data subject's id as text, as the tables have it. */
  readonly subject: string;
  readonly state: 'given' | 'refused' | 'requested' | 'deferred';
  readonly purpose: string;
  /** Absent: every recipient. */
  readonly recipient?: string;
  readonly tables: readonly string[] | '*';
  readonly controller: string;
  readonly legalBasis: string;
  readonly jurisdiction?: string;
  /** The text that was shown; SHA-256 of its bytes in hexadecimal. */
  readonly notice?: { readonly uri: string; readonly language: string; readonly sha256: string };
  readonly expression: 'explicit' | 'expressed' | 'implied';
  /** How it was obtained, in words. */
  readonly method?: string;
  /** Microseconds since the epoch. */
  readonly expiresAt?: bigint;
}

export interface ConsentChange {
  readonly consentId: string;
  readonly state: ConsentState;
  /** New end, where it is given or renewed; absent: until it is withdrawn. */
  readonly expiresAt?: bigint;
}

/** A consent as the ledger has it. No personal data. */
export interface ConsentSummary {
  readonly consentId: string;
  readonly state: ConsentState;
  readonly controller: string;
  readonly recipient: string | null;
  readonly purpose: string;
  readonly tables: readonly string[] | '*';
  readonly legalBasis: string;
  readonly jurisdiction: string | null;
  readonly notice: ConsentOrder['notice'] | null;
  readonly expression: ConsentOrder['expression'];
  readonly method: string | null;
  readonly expiresAt: string | null;
  readonly recordedAt: string;
  readonly changedAt: string;
  /** Of its newest record: from there on it is so. */
  readonly offset: Offset;
}

export interface RecordedConsent {
  readonly consentId: string;
  readonly offset: Offset;
}

export interface ConsentDesk {
  /** Records what a data subject allowed, refused or was asked. */
  record(order: ConsentOrder): Promise<RecordedConsent>;
  /** In force from its own record on. */
  change(change: ConsentChange): Promise<RecordedConsent>;
  /** In the order of their newest records; of one data subject where it is named. */
  list(subject?: string): Promise<readonly ConsentSummary[]>;
  /** The newest record of a consent, proven in the log: for the data subject to keep. */
  receipt(consentId: string): Promise<string>;
}
