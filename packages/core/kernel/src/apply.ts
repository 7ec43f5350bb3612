/**
 * The kernel: (state, command) → { state, event }. Pure and deterministic: time is handed in, rows are
 * read by a port, and a refusal changes nothing.
 *
 * What must be atomic is decided here and nowhere else: a key is taken once, a row is replaced only by
 * who saw its newest version, a one-time token is spent once, a revoked token does nothing more.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type Offset,
  type Timestamp,
  assert,
  bytesToHex,
  toHash,
  unreachable,
} from '@veritydb/types';

import { recordExport, recordIntent, recordOutcome } from './apply-access.ts';
import { alterTable, evolveDefinition } from './apply-alter.ts';
import { changeConsent, evolveConsent, recordConsent } from './apply-consent.ts';
import {
  completeErasure,
  evolveHold,
  placeHold,
  releaseHold,
  requestErasure,
} from './apply-erasure.ts';
import { createIndex, dropIndex, evolveIndex } from './apply-index.ts';
import { createProjection, dropProjection, evolveProjection } from './apply-projection.ts';
import { closeRelease } from './apply-release.ts';
import { createTable, dropTable, evolveRules, evolveTable } from './apply-table.ts';
import { issueToken, revokeToken } from './apply-token.ts';
import { applyWrites } from './apply-write.ts';
import type { Command, Surrogate } from './command.ts';
import { KernelError } from './error.ts';
import type { DecodedChange, Event, RowChange } from './event.ts';
import { insertInto, readNamed, reservedTable } from './reserved-row.ts';
import { USER_TABLE_ID_MIN } from './reserved.ts';
import type { KernelState, TableReader } from './state.ts';

export interface ApplyContext {
  readonly crypto: Crypto;
  /** Where the command's record will stand. */
  readonly offset: Offset;
  readonly timestamp: Timestamp;
  readonly rows: TableReader;
}

export interface Applied {
  readonly state: KernelState;
  readonly event: Event;
}

/**
 * Applies a command.
 *
 * @throws {KernelError} when the command is refused; nothing was changed
 */
export function apply(state: KernelState, command: Command, context: ApplyContext): Applied {
  const changes = decide(state, command, context);
  const event: Event = { kind: command.kind, changes };
  return { state: evolve(state, event, context.crypto), event };
}

function decide(state: KernelState, command: Command, context: ApplyContext): readonly RowChange[] {
  switch (command.kind) {
    case 'create-table':
      return createTable(state, command, context.crypto);
    case 'drop-table':
      return dropTable(state, command.name);
    case 'alter-table':
      return alterTable(state, command, context);
    case 'create-index':
      return createIndex(state, command, context.rows);
    case 'drop-index':
      return dropIndex(state, command.name, context.rows);
    case 'create-projection':
      return createProjection(state, command);
    case 'drop-projection':
      return dropProjection(state, command.name, context.rows);
    case 'write':
      return applyWrites(state, command.writes, context);
    case 'issue-token':
      return issueToken(state, command.token, context);
    case 'revoke-token':
      return revokeToken(state, command.tokenId, command.reason, context);
    case 'activate-policy':
      return activatePolicy(state, command, context);
    case 'record-consent':
      return recordConsent(state, command.consent, context);
    case 'change-consent':
      return changeConsent(state, command, context);
    case 'record-intent':
      return recordIntent(state, command.intent, context);
    case 'record-outcome':
      return recordOutcome(state, command.outcome, context);
    case 'record-export':
      return recordExport(state, command, context);
    case 'close-release':
      return closeRelease(state, command, context);
    case 'take-proof':
      return takeProof(state, command.proof, context);
    case 'mint-surrogates':
      return mintSurrogates(state, command.surrogates, context);
    case 'place-hold':
      return placeHold(state, command.hold, context);
    case 'release-hold':
      return releaseHold(state, command, context);
    case 'request-erasure':
      return requestErasure(state, command.erasures, context);
    case 'complete-erasure':
      return completeErasure(state, command.receipt, context);
    default:
      return unreachable(command);
  }
}

function activatePolicy(
  state: KernelState,
  policy: Extract<Command, { kind: 'activate-policy' }>,
  context: ApplyContext,
): readonly RowChange[] {
  const active = state.policies.get(policy.name);
  if (active !== undefined && policy.version <= active.version) {
    throw new KernelError(
      'conflict',
      'ERR_KERNEL_POLICY_VERSION',
      `policy ${policy.name} is active in version ${active.version}`,
      { hint: `raise metadata.version above ${active.version}` },
    );
  }
  return [
    insertInto(state, 'verity_policies', {
      name: policy.name,
      version: policy.version,
      sha256: policy.sha256,
      document: policy.document,
      activated_at: context.timestamp / 1000n,
    }),
  ];
}

/** A proof is of one use, over every restart. */
function takeProof(
  state: KernelState,
  proof: Uint8Array,
  context: ApplyContext,
): readonly RowChange[] {
  if (readNamed(state, 'verity_proofs', [proof], context) !== undefined) {
    throw new KernelError('denied', 'ERR_KERNEL_PROOF_USED', 'the proof was used before', {
      hint: 'make a new proof for each request',
    });
  }
  const taken_at = context.timestamp / 1000n;
  return [insertInto(state, 'verity_proofs', { proof, taken_at })];
}

/** Mints what has no surrogate yet: the first code of a value stays its code for ever. */
function mintSurrogates(
  state: KernelState,
  surrogates: readonly Surrogate[],
  context: ApplyContext,
): readonly RowChange[] {
  // The reader shows only the state before the command, which may name a value twice.
  const minted = new Set<string>();
  const changes: RowChange[] = [];
  for (const { domain, sourceMac, code } of surrogates) {
    const name = `${bytesToHex(sourceMac)} ${domain}`;
    const known = readNamed(state, 'verity_surrogates', [domain, sourceMac], context);
    if (known !== undefined || minted.has(name)) continue;
    minted.add(name);
    changes.push(insertInto(state, 'verity_surrogates', { domain, source_mac: sourceMac, code }));
  }
  return changes;
}

/**
 * Moves the state on by an event: the one fold, for commands just applied and for the log read back.
 * Returns the same state where neither catalogue, policies, consents nor holds changed.
 */
export function evolve(
  state: KernelState,
  event: { readonly changes: readonly DecodedChange[] },
  crypto: Crypto,
): KernelState {
  let next = state;
  for (const { table, values } of event.changes) {
    // Most rows are of user tables, which are no part of the state.
    if (table.id >= USER_TABLE_ID_MIN) continue;
    assert(values !== null, 'row of a reserved table was erased');
    if (table === reservedTable(state, 'verity_tables')) next = evolveTable(next, values, crypto);
    else if (table === reservedTable(state, 'verity_definitions')) {
      next = evolveDefinition(next, values, crypto);
    } else if (table === reservedTable(state, 'verity_rules')) next = evolveRules(next, values);
    else if (table === reservedTable(state, 'verity_indexes')) next = evolveIndex(next, values);
    else if (table === reservedTable(state, 'verity_projections')) {
      next = evolveProjection(next, values);
    } else if (table === reservedTable(state, 'verity_policies')) next = evolvePolicy(next, values);
    else if (table === reservedTable(state, 'verity_holds')) next = evolveHold(next, values);
    else if (table === reservedTable(state, 'verity_consents')) next = evolveConsent(next, 1);
  }
  return next;
}

/** Moves the state on by a row of `verity_policies`. */
export function evolvePolicy(state: KernelState, values: RowChange['values']): KernelState {
  const [name, version, sha256] = values;
  const active = state.policies.get(name as string);
  if (active !== undefined && active.version >= (version as number)) return state;
  const policies = new Map(state.policies);
  policies.set(name as string, {
    name: name as string,
    version: version as number,
    sha256: toHash(sha256 as Uint8Array),
  });
  return { ...state, policies };
}
