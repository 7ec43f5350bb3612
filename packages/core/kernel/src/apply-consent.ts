/**
 * The consent ledger's rules: who may turn which state into which. A change is in force from its own
 * record on; what was decided before is not undone.
 */

import { type Timestamp, canonicalJson, concatBytes } from '@veritydb/types';

import type { Command, ConsentRecord, ConsentState } from './command.ts';
import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import { insertInto, readNamed, updateIn } from './reserved-row.ts';
import type { KernelState, RowReader } from './state.ts';

interface Context {
  readonly timestamp: Timestamp;
  readonly rows: RowReader;
}

/** What may follow. An end is an end: who changes their mind gives a consent of its own. */
const FOLLOWING: Readonly<Record<ConsentState, readonly ConsentState[]>> = {
  requested: ['given', 'refused', 'deferred'],
  deferred: ['given', 'refused'],
  refused: [],
  given: ['renewed', 'withdrawn', 'revoked', 'invalidated'],
  renewed: ['renewed', 'withdrawn', 'revoked', 'invalidated'],
  withdrawn: [],
  revoked: [],
  invalidated: [],
};

export function recordConsent(
  state: KernelState,
  consent: ConsentRecord,
  context: Context,
): readonly RowChange[] {
  if (readNamed(state, 'verity_consents', [consent.consentId], context) !== undefined) {
    throw new KernelError('conflict', 'ERR_KERNEL_CONSENT_EXISTS', 'a consent has this id', {
      hint: 'record the new consent under an id of its own',
    });
  }
  const now = context.timestamp / 1000n;
  return [
    insertInto(state, 'verity_consents', {
      consent_id: consent.consentId,
      revision: 1,
      subject_macs: concatBytes(...consent.subjectMacs),
      controller: consent.controller,
      recipient: consent.recipient,
      purpose: consent.purpose,
      tables: canonicalJson(consent.tables),
      legal_basis: consent.legalBasis,
      jurisdiction: consent.jurisdiction,
      notice: consent.notice === null ? null : canonicalJson({ ...consent.notice }),
      expression: consent.expression,
      method: consent.method,
      state: consent.state,
      expires_at: consent.expiresAt,
      recorded_at: now,
      changed_at: now,
    }),
  ];
}

export function changeConsent(
  state: KernelState,
  { consentId, state: next, expiresAt }: Extract<Command, { kind: 'change-consent' }>,
  context: Context,
): readonly RowChange[] {
  const consent = readNamed(state, 'verity_consents', [consentId], context);
  if (consent === undefined) {
    throw new KernelError('format', 'ERR_KERNEL_CONSENT_UNKNOWN', 'no consent has this id', {
      hint: 'check the id',
    });
  }
  const before = consent['state'] as ConsentState;
  if (!FOLLOWING[before].includes(next)) {
    throw new KernelError(
      'conflict',
      'ERR_KERNEL_CONSENT_STATE',
      `a consent that is ${before} cannot become ${next}`,
      { hint: 'record a new consent under an id of its own' },
    );
  }
  return [
    updateIn(state, 'verity_consents', consent, {
      revision: (consent['revision'] as number) + 1,
      state: next,
      expires_at:
        next === 'given' || next === 'renewed' ? expiresAt : (consent['expires_at'] ?? null),
      changed_at: context.timestamp / 1000n,
    }),
  ];
}

/** Counts changes of the ledger: one at a change; as many as its revision for a row that is loaded. */
export function evolveConsent(state: KernelState, changes: number): KernelState {
  return { ...state, consentChanges: state.consentChanges + changes };
}
