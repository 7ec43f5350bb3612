/**
 * The kernel: (state, command) → { state, event }. Pure and deterministic: time is handed in, rows are
 * read by a port, and a refusal changes nothing.
 *
 * What must be atomic is decided here and nowhere else: a key is taken once, a row is replaced only by
 * who saw its newest version, a one-time token is spent once, a revoked token does nothing more.
 */

import { type Crypto, schemaDigest } from '@veritydb/crypto';
import {
  type Offset,
  type TableDefinition,
  type Timestamp,
  assert,
  bytesToHex,
  checkTableDefinition,
  formatTableDefinition,
  parseCanonicalJson,
  parseTableDefinition,
  toHash,
  toTableId,
  toTableSchema,
  unreachable,
} from '@veritydb/types';

import { recordExport, recordIntent, recordOutcome } from './apply-access.ts';
import { changeConsent, evolveConsent, recordConsent } from './apply-consent.ts';
import {
  completeErasure,
  evolveHold,
  placeHold,
  releaseHold,
  requestErasure,
} from './apply-erasure.ts';
import { issueToken, revokeToken } from './apply-token.ts';
import { applyWrites } from './apply-write.ts';
import type { Command, Surrogate } from './command.ts';
import { KernelError } from './error.ts';
import type { DecodedChange, Event, RowChange } from './event.ts';
import { insertInto, readNamed, reservedTable } from './reserved-row.ts';
import { RESERVED_PREFIX, USER_TABLE_ID_MIN } from './reserved.ts';
import type { KernelState, RowReader } from './state.ts';

export interface ApplyContext {
  readonly crypto: Crypto;
  /** Where the command's record will stand. */
  readonly offset: Offset;
  readonly timestamp: Timestamp;
  readonly rows: RowReader;
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
      return createTable(state, command.definition);
    case 'drop-table':
      return dropTable(state, command.name);
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

function createTable(state: KernelState, definition: TableDefinition): readonly RowChange[] {
  checkTableDefinition(definition);
  const { name } = definition;
  if (name.startsWith(RESERVED_PREFIX)) throw reservedName();
  if (state.tablesByName.has(name)) {
    throw new KernelError('conflict', 'ERR_KERNEL_TABLE_EXISTS', `table ${name} exists`, {
      hint: 'choose another name, or drop the table first',
    });
  }
  return [
    insertInto(state, 'verity_tables', {
      table_id: BigInt(state.nextTableId),
      name,
      definition: formatTableDefinition(definition),
      dropped: false,
    }),
  ];
}

function dropTable(state: KernelState, name: string): readonly RowChange[] {
  if (name.startsWith(RESERVED_PREFIX)) throw reservedName();
  const table = state.tablesByName.get(name);
  if (table === undefined) throw unknownTable();
  const changed = insertInto(state, 'verity_tables', {
    table_id: BigInt(table.id),
    name,
    definition: formatTableDefinition(table.definition),
    dropped: true,
  });
  return [{ ...changed, event: 'update' }];
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
    else if (table === reservedTable(state, 'verity_policies')) next = evolvePolicy(next, values);
    else if (table === reservedTable(state, 'verity_holds')) next = evolveHold(next, values);
    else if (table === reservedTable(state, 'verity_consents')) next = evolveConsent(next, 1);
  }
  return next;
}

/** Moves the state on by a row of `verity_tables`: at a change, and when the store is opened. */
export function evolveTable(
  state: KernelState,
  values: RowChange['values'],
  crypto: Crypto,
): KernelState {
  const [id, name, definitionText, dropped] = values;
  const tableId = toTableId(Number(id));
  const definition = parseTableDefinition(parseCanonicalJson(definitionText as string));
  const table = toTableSchema(tableId, definition, schemaDigest(crypto, definition));
  const tablesByName = new Map(state.tablesByName);
  const tablesById = new Map(state.tablesById);
  assert(definition.name === name, 'table row names another table than its definition');
  // Opening the store meets only the newest version of a row: a table that was dropped is not known
  // yet, and its creation counts as well.
  const changes = dropped === true && !tablesById.has(tableId) ? 2 : 1;
  if (dropped === true) {
    if (tablesByName.get(definition.name)?.id === tableId) tablesByName.delete(definition.name);
    if (!tablesById.has(tableId)) tablesById.set(tableId, table);
  } else {
    tablesByName.set(definition.name, table);
    tablesById.set(tableId, table);
  }
  return {
    ...state,
    tablesByName,
    tablesById,
    nextTableId: Math.max(state.nextTableId, tableId + 1),
    schemaVersion: state.schemaVersion + changes,
  };
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

function reservedName(): KernelError {
  return new KernelError(
    'denied',
    'ERR_KERNEL_RESERVED',
    `tables named ${RESERVED_PREFIX}… belong to the database`,
    { hint: 'choose a name without that beginning' },
  );
}

function unknownTable(): KernelError {
  return new KernelError('format', 'ERR_KERNEL_TABLE_UNKNOWN', 'no such table', {
    hint: 'check the name; a dropped table is read AS OF a position before the drop',
  });
}
