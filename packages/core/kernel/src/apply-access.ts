/** Access and export records: intent before execution, outcome before release, spent with the export. */

import { type Timestamp, assert, canonicalJson } from '@veritydb/types';

import { chargeBudget, moved } from './apply-budget.ts';
import { spendPrivacy } from './apply-noise.ts';
import { fixRelease } from './apply-release.ts';
import { spendToken } from './apply-token.ts';
import type { AccessIntent, AccessOutcome, Command } from './command.ts';
import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import { type NamedRow, insertInto, readNamed } from './reserved-row.ts';
import type { KernelState, RowReader } from './state.ts';

interface Context {
  readonly timestamp: Timestamp;
  readonly rows: RowReader;
}

export function recordIntent(
  state: KernelState,
  intent: AccessIntent,
  context: Context,
): readonly RowChange[] {
  if (readNamed(state, 'verity_access', [intent.accessId, 'intent'], context) !== undefined) {
    throw accessExists();
  }
  const spent = intent.spendsQuery ? spendToken(state, intent.tokenId, 'queries', context) : [];
  return [
    ...spent,
    insertInto(state, 'verity_access', {
      access_id: intent.accessId,
      phase: 'intent',
      at: context.timestamp / 1000n,
      recipient: intent.recipient,
      token_id: intent.tokenId,
      purpose: intent.purpose,
      action: intent.action,
      decision: 'pending',
      code: null,
      table_name: null,
      columns: '[]',
      rows: null,
      fingerprint: null,
      policy: null,
      policy_version: null,
      position: null,
      result_mac: null,
      consent_permits: null,
      consent_denials: null,
      consent_root: null,
      subjects: null,
      members: null,
      transport: intent.transport,
      client: intent.client,
    }),
  ];
}

export function recordOutcome(
  state: KernelState,
  outcome: AccessOutcome,
  context: Context,
): readonly RowChange[] {
  const { change, intent } = outcomeRow(state, outcome, context);
  return [
    ...chargeBudget(state, outcome, intent, context),
    ...spendPrivacy(state, outcome, intent, context),
    change,
  ];
}

/** An export, its outcome and the spending of its token, in one record: all or nothing. */
export function recordExport(
  state: KernelState,
  command: Extract<Command, { kind: 'record-export' }>,
  context: Context,
): readonly RowChange[] {
  const { exported, outcome, release } = command;
  assert(exported.accessId === outcome.accessId, 'export and outcome are of two accesses');
  assert(outcome.noise === null, 'an export is of rows');
  if (readNamed(state, 'verity_exports', [exported.exportId], context) !== undefined) {
    throw new KernelError('conflict', 'ERR_KERNEL_EXPORT_EXISTS', 'the export has been made', {
      hint: 'download it under its id',
    });
  }
  const { change, intent } = outcomeRow(state, outcome, context);
  return [
    insertInto(state, 'verity_exports', {
      export_id: exported.exportId,
      access_id: exported.accessId,
      token_id: exported.tokenId,
      recipient: intent['recipient'] as string,
      purpose: intent['purpose'] as string,
      policy: exported.policy,
      policy_version: exported.policyVersion,
      position: BigInt(exported.position),
      rows: exported.rows,
      request_mac: exported.requestMac,
      request_sealed: exported.requestSealed,
      manifest_sha256: exported.manifestSha256,
      created_at: context.timestamp / 1000n,
    }),
    ...spendToken(state, exported.tokenId, 'exports', context),
    ...(release === null ? [] : fixRelease(state, intent['recipient'] as string, release, context)),
    ...chargeBudget(state, outcome, intent, context),
    change,
  ];
}

function outcomeRow(
  state: KernelState,
  outcome: AccessOutcome,
  context: Context,
): { readonly change: RowChange; readonly intent: NamedRow } {
  const intent = readNamed(state, 'verity_access', [outcome.accessId, 'intent'], context);
  if (intent === undefined) {
    throw new KernelError('assertion', 'ERR_KERNEL_ACCESS_UNKNOWN', 'outcome without an intent');
  }
  if (readNamed(state, 'verity_access', [outcome.accessId, 'outcome'], context) !== undefined) {
    throw accessExists();
  }
  const { consent } = outcome;
  if (consent !== null && consent.changes !== state.consentChanges) throw moved();
  const change = insertInto(state, 'verity_access', {
    ...intent,
    phase: 'outcome',
    at: context.timestamp / 1000n,
    decision: outcome.decision,
    code: outcome.code,
    table_name: outcome.table,
    columns: canonicalJson(outcome.columns),
    rows: outcome.rows,
    fingerprint: outcome.fingerprint,
    policy: outcome.policy,
    policy_version: outcome.policyVersion,
    position: outcome.position === null ? null : BigInt(outcome.position),
    result_mac: outcome.resultMac,
    consent_permits: consent?.permits ?? null,
    consent_denials: consent?.denials ?? null,
    consent_root: consent?.root ?? null,
    subjects: outcome.subjects,
    members: outcome.members,
  });
  return { change, intent };
}

function accessExists(): KernelError {
  return new KernelError('assertion', 'ERR_KERNEL_ACCESS_EXISTS', 'an access record has this id');
}
