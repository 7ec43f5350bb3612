/**
 * A kernel with its rows in a map: the slow obvious twin of the store, and a small language in which
 * tables of cases are written.
 */

import { schemaDigest } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import {
  CanonicalWriter,
  type Hash,
  type IdempotencyId,
  type IndexSchema,
  type Row,
  type TableDefinition,
  type TableSchema,
  type Timestamp,
  type Value,
  VerityError,
  bytesToHex,
  toKeyId,
  toOffset,
  toTableId,
  toTableSchema,
  toTimestamp,
  utf8Encode,
  writeValue,
} from '@veritydb/types';

import {
  type BudgetCharge,
  type Command,
  type CommittedCommand,
  type ConsentState,
  type Event,
  type IdempotencyReader,
  type KernelState,
  type TableReader,
  type RowWrite,
  type StoredRow,
  apply,
  checkRetry,
  commandMac,
  initialState,
} from '../src/index.ts';

export const PEOPLE: TableDefinition = {
  name: 'people',
  columns: [
    { name: 'id', type: 'integer', notNull: true, dataClass: null, ladder: null },
    { name: 'name', type: 'text', notNull: true, dataClass: 'direct-id', ladder: null },
    { name: 'note', type: 'text', notNull: false, dataClass: null, ladder: null },
  ],
  primaryKey: ['id'],
  subject: 'name',
};

export function schemaOf(id: number, definition: TableDefinition): TableSchema {
  return toTableSchema(toTableId(id), definition, schemaDigest(nativeCrypto, definition));
}

export class KernelHouse implements TableReader, IdempotencyReader {
  state: KernelState = initialState(nativeCrypto);
  readonly events: Event[] = [];
  readonly #rows = new Map<string, { readonly table: TableSchema; readonly stored: StoredRow }>();
  readonly #committed = new Map<IdempotencyId, CommittedCommand>();

  get nextOffset(): number {
    return this.events.length;
  }

  get(table: TableSchema, key: Row): StoredRow | undefined {
    return this.#rows.get(nameOf(table, key))?.stored;
  }

  find(table: TableSchema, { columns }: IndexSchema, values: Row): StoredRow | undefined {
    return this.rowsOf(table).find((row) =>
      columns.every((column, at) => row.values[column] === values[at]),
    );
  }

  scan(table: TableSchema): readonly StoredRow[] {
    return this.rowsOf(table);
  }

  committed(id: IdempotencyId): CommittedCommand | undefined {
    return this.#committed.get(id);
  }

  /** Newest rows of a table, in the order of their first insertion. */
  rowsOf(table: TableSchema | undefined): readonly StoredRow[] {
    return [...this.#rows.values()]
      .filter((row) => row.table.id === table?.id)
      .map(({ stored }) => stored);
  }

  /** Runs a command as a record of its own at the next offset. */
  run(
    command: Command,
    timestamp: Timestamp = toTimestamp(0n),
    id: IdempotencyId | null = null,
  ): Event | number {
    const offset = toOffset(this.nextOffset);
    const mac = id === null ? null : commandMac(nativeCrypto, new Uint8Array(32), command);
    const known = id === null ? undefined : this.committed(id);
    if (known !== undefined) return checkRetry(known, mac);
    const { state, event } = apply(this.state, command, {
      crypto: nativeCrypto,
      offset,
      timestamp,
      rows: this,
    });
    this.state = state;
    this.events.push(event);
    if (id !== null && mac !== null) this.#committed.set(id, { offset, commandMac: mac });
    for (const [rowIndex, { table, event: kind, values }] of event.changes.entries()) {
      const name = nameOf(
        table,
        table.keyIndexes.map((index) => values[index] as Value),
      );
      if (kind === 'delete') this.#rows.delete(name);
      else this.#rows.set(name, { table, stored: { values, erased: false, offset, rowIndex } });
    }
    return event;
  }
}

function nameOf(table: TableSchema, key: Row): string {
  const writer = new CanonicalWriter().integer(table.id);
  for (const [position, index] of table.keyIndexes.entries()) {
    const column = table.definition.columns[index];
    if (column === undefined) throw new Error('key column is not a column');
    writeValue(writer, column.type, key[position] as Value);
  }
  return bytesToHex(writer.view());
}

const bytes32 = (text: string): Hash => nativeCrypto.sha256(utf8Encode(text));

/** Writes of the language: `insert people 1 ann`, `update people 1 ann @3`, `delete people 1 ann @3`. */
function parseWrite(house: KernelHouse, text: string): RowWrite {
  const [event, name = '', ...rest] = text.trim().split(/\s+/);
  const table = name.startsWith('#')
    ? toTableId(Number(name.slice(1)))
    : (house.state.tablesByName.get(name)?.id ?? toTableId(999_999));
  const at = rest.at(-1)?.startsWith('@') === true ? Number(rest.pop()?.slice(1)) : -1;
  const cells = rest.map((cell) =>
    cell === 'null' ? null : /^-?[0-9.]+$/.test(cell) ? Number(cell) : cell,
  );
  const values = cells.length === 2 ? [...cells, null] : cells;
  if (event === 'insert') return { event, table, values };
  if (event !== 'update' && event !== 'delete') throw new Error(`no write: ${text}`);
  return { event, table, values, expected: toOffset(at) };
}

/** A command in the language of the tables. */
export function parseCommand(house: KernelHouse, text: string): Command {
  const [verb, ...words] = text.trim().split(/\s+/);
  const [first = '', second = '', third = '', queries, parent] = words;
  switch (verb ?? '') {
    case 'create':
      return { kind: 'create-table', definition: { ...PEOPLE, name: first } };
    case 'drop':
      return { kind: 'drop-table', name: first };
    case 'insert':
    case 'update':
    case 'delete':
      return {
        kind: 'write',
        writes: text.split(';').map((write) => parseWrite(house, write)),
      };
    case 'issue':
      return {
        kind: 'issue-token',
        token: {
          tokenId: first,
          recipient: 'lab',
          purpose: 'research',
          policy: second,
          claimsSha256: bytes32(first),
          issuedAt: 0n,
          expiresAt: 100_000_000n,
          exportsMax: third === 'any' ? null : Number(third),
          queriesMax: queries === undefined ? null : Number(queries),
          parent: parent ?? null,
          scope: 'verity:query',
          tables: { people: '*' },
          reason: null,
          approvals: [],
        },
      };
    case 'revoke':
      return { kind: 'revoke-token', tokenId: first, reason: 'asked' };
    case 'policy':
      return {
        kind: 'activate-policy',
        name: first,
        version: Number(second),
        sha256: bytes32(text),
        document: text,
      };
    case 'consent':
      return {
        kind: 'record-consent',
        consent: {
          consentId: first,
          subjectMacs: [bytes32('subject')],
          controller: 'clinic',
          recipient: null,
          purpose: 'research',
          tables: '*',
          legalBasis: 'eu-gdpr:A6-1-a',
          jurisdiction: null,
          notice: null,
          expression: 'explicit',
          method: null,
          state: second as 'given',
          expiresAt: null,
        },
      };
    case 'now':
      return {
        kind: 'change-consent',
        consentId: first,
        state: second as ConsentState,
        expiresAt: third === '' ? null : BigInt(third),
      };
    default:
      return parseAccess(verb ?? '', words);
  }
}

function parseAccess(verb: string, words: readonly string[]): Command {
  const [first = '', second = '', third = ''] = words;
  const outcome = (accessId: string, charge: BudgetCharge | null = null) => ({
    accessId,
    decision: 'allowed' as const,
    code: null,
    table: 'people',
    columns: ['id', 'name'],
    rows: 1,
    fingerprint: 'f',
    policy: 'clinic',
    policyVersion: 1,
    position: toOffset(0),
    resultMac: bytes32('result'),
    consent: null,
    subjects: null,
    members: null,
    charge,
    noise: null,
  });
  switch (verb) {
    case 'intent':
      return {
        kind: 'record-intent',
        intent: {
          accessId: first,
          recipient: 'lab',
          tokenId: second,
          purpose: 'research',
          action: 'export',
          transport: 'http',
          client: null,
          spendsQuery: third === 'spends',
        },
      };
    case 'outcome':
      return { kind: 'record-outcome', outcome: outcome(first) };
    case 'consented': {
      const consent = { changes: Number(second), permits: 1, denials: 0, root: bytes32('root') };
      return { kind: 'record-outcome', outcome: { ...outcome(first), consent } };
    }
    case 'charged': {
      const most = { queries: 3, rows: 10, cells: 30 };
      const statistics = third === '' ? null : Number(third);
      const charge = { rows: Number(second), cells: 2 * Number(second), most, statistics };
      return { kind: 'record-outcome', outcome: outcome(first, charge) };
    }
    case 'noisy': {
      const [question = '', cost = '', budget = ''] = words.slice(1);
      const noise = {
        question: bytes32(question),
        cost: BigInt(cost || 1),
        budget: BigInt(budget || 1),
        answer: '[[7]]',
      };
      return { kind: 'record-outcome', outcome: { ...outcome(first), noise } };
    }
    case 'publish': {
      const [exportId = '', accessId = '', tokenId = ''] = words;
      const made = parseAccess('export', [exportId, accessId, tokenId]);
      if (made.kind !== 'record-export') throw new Error('no export');
      const [position, level] = words.slice(3).map(Number) as [number, number];
      const fixed = { table: 'people', policy: 'clinic', policyVersion: 1 };
      const release = { ...fixed, position: toOffset(position), levels: { age: level } };
      return { ...made, release };
    }
    case 'prove':
      return { kind: 'take-proof', proof: bytes32(first) };
    case 'close-release':
      return { kind: 'close-release', recipient: first, table: second };
    case 'export':
      return {
        kind: 'record-export',
        release: null,
        exported: {
          exportId: first,
          accessId: second,
          tokenId: third,
          policy: 'clinic',
          policyVersion: 1,
          position: toOffset(0),
          rows: 1,
          requestMac: bytes32('request'),
          requestSealed: bytes32('sealed'),
          manifestSha256: bytes32('manifest'),
        },
        outcome: outcome(second),
      };
    case 'hold':
      return {
        kind: 'place-hold',
        hold: {
          holdId: first,
          subjectMacs: [bytes32('other'), bytes32(second)],
          reason: 'case 7',
        },
      };
    case 'release':
      return { kind: 'release-hold', holdId: first };
    case 'erase':
      return {
        kind: 'request-erasure',
        erasures: [
          {
            keyId: toKeyId(Number(first)),
            subjectMac: bytes32(second),
            legalBasis: 'GDPR Article 17(1)(b)',
            approvals: ['data protection officer'],
          },
        ],
      };
    case 'erased':
      return {
        kind: 'complete-erasure',
        receipt: {
          keyId: toKeyId(Number(first)),
          records: 2,
          rows: 3,
          firstOffset: toOffset(1),
          lastOffset: toOffset(4),
          before: { size: 5, root: bytes32('before') },
          after: { size: 6, root: bytes32('after') },
        },
      };
    case 'mint':
      return {
        kind: 'mint-surrogates',
        surrogates: words.map((word) => {
          const [domain = '', source = '', code = ''] = word.split(':');
          return { domain, sourceMac: bytes32(source), code };
        }),
      };
    default:
      throw new Error(`no command: ${verb}`);
  }
}

/** Columns of reserved tables that a table of cases shows; of the users' tables it shows all. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  verity_tables: ['table_id', 'name', 'dropped'],
  verity_tokens: ['token_id', 'exports', 'queries', 'state'],
  verity_policies: ['name', 'version'],
  verity_consents: ['consent_id', 'revision', 'state', 'expires_at'],
  verity_access: ['access_id', 'phase', 'decision'],
  verity_exports: ['export_id', 'recipient'],
  verity_proofs: ['taken_at'],
  verity_privacy_budgets: ['table_name', 'spent', 'answers'],
  verity_noisy_answers: ['access_id', 'cost', 'answer'],
  verity_releases: ['table_name', 'position', 'levels', 'state'],
  verity_surrogates: ['domain', 'code'],
  verity_holds: ['hold_id', 'state'],
  verity_erasures: ['key_id', 'state', 'rows'],
  verity_budgets: ['table_name', 'queries', 'rows', 'cells', 'statistics'],
};

function shownValue(value: Value | undefined): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export function describeEvent(event: Event): string {
  if (event.changes.length === 0) return 'nothing';
  return event.changes
    .map(({ table, event: kind, values }) => {
      const { name, columns } = table.definition;
      const shown = columns.flatMap((column, index) =>
        (SHOWN[name] ?? columns.map((each) => each.name)).includes(column.name)
          ? [shownValue(values[index])]
          : [],
      );
      return `${kind} ${name.replace('verity_', '')} ${shown.join(' ')}`;
    })
    .join(', ');
}

/** What a command comes to: its changes, or the code that refused it. */
export function outcomeOf(house: KernelHouse, text: string, seconds = 0): string {
  const command = parseCommand(house, text);
  try {
    const event = house.run(command, toTimestamp(BigInt(seconds) * 1_000_000_000n));
    return typeof event === 'number' ? `known at ${event}` : describeEvent(event);
  } catch (error) {
    if (error instanceof VerityError) return error.code;
    throw error;
  }
}
