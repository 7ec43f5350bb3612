/** The consent ledger's rules: given once, withdrawn once, effective at the record's position. */

import type { Timestamp } from '@veritydb/types';

import type { ConsentGrant } from './command.ts';
import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import { insertInto, readNamed, updateIn } from './reserved-row.ts';
import type { KernelState, RowReader } from './state.ts';

interface Context {
  readonly timestamp: Timestamp;
  readonly rows: RowReader;
}

export function grantConsent(
  state: KernelState,
  consent: ConsentGrant,
  context: Context,
): readonly RowChange[] {
  if (readNamed(state, 'verity_consents', [consent.consentId], context) !== undefined) {
    throw new KernelError('conflict', 'ERR_KERNEL_CONSENT_EXISTS', 'a consent has this id', {
      hint: 'record the new consent under an id of its own',
    });
  }
  return [
    insertInto(state, 'verity_consents', {
      consent_id: consent.consentId,
      subject_mac: consent.subjectMac,
      recipient: consent.recipient,
      purpose: consent.purpose,
      legal_basis: consent.legalBasis,
      expires_at: consent.expiresAt,
      state: 'given',
      changed_at: context.timestamp / 1000n,
    }),
  ];
}

export function withdrawConsent(
  state: KernelState,
  consentId: string,
  context: Context,
): readonly RowChange[] {
  const consent = readNamed(state, 'verity_consents', [consentId], context);
  if (consent === undefined) {
    throw new KernelError('format', 'ERR_KERNEL_CONSENT_UNKNOWN', 'no consent has this id', {
      hint: 'check the id',
    });
  }
  if (consent['state'] !== 'given') {
    throw new KernelError('conflict', 'ERR_KERNEL_CONSENT_STATE', 'the consent is not in force', {
      hint: 'it was withdrawn before; a new consent gets a new id',
    });
  }
  return [
    updateIn(state, 'verity_consents', consent, {
      state: 'withdrawn',
      changed_at: context.timestamp / 1000n,
    }),
  ];
}
