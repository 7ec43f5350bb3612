/**
 * Events: what a command came to, as row changes. They are what the log keeps, so the state is rebuilt
 * without deciding anything again, also by a later version of the rules.
 *
 * Plaintext: canonical([1, kind, command MAC or null, [change …]]), then the row of each change in order,
 * then, where there are more rows than one, their commitments as one byte string. A change is [table id,
 * event, key id], and an update or a delete of a row about a data subject says as well which version it
 * takes the place of: [table id, event, key id, offset, row]. The key is that of the row's data subject,
 * which hides its values: such a row is a byte string. A row about nobody has key id 0, and is
 * canonical([value …]) in schema order. The table's id is that of its definition: another one once the
 * table was altered, so that a row is always read as it was written.
 *
 * When a subject's key has been destroyed its rows cannot be read any more. What is left of such a row is
 * its change: that there was one, in which table, and after which version. The commitments are there
 * because what one was made of is gone with the key, while the rows beside it are still to be proved
 * under the same root.
 */

import { ROW_EVENTS, type RowEvent } from '@veritydb/crypto';
import {
  CanonicalReader,
  CanonicalWriter,
  HASH_SIZE,
  type Hash,
  type KeyId,
  type Offset,
  type Row,
  type TableId,
  type TableSchema,
  assert,
  readRow,
  toHash,
  toKeyId,
  toOffset,
  toTableId,
} from '@veritydb/types';

import type { CommandKind } from './command.ts';
import { KernelError } from './error.ts';

/** A version of a row, by the record that wrote it and its place among that record's rows. */
export interface RowPlace {
  readonly offset: Offset;
  readonly row: number;
}

export interface RowChange {
  /** As it was when the row was written. */
  readonly table: TableSchema;
  readonly event: RowEvent;
  /** In schema order; a delete keeps the key and the subject and has NULL elsewhere. */
  readonly values: Row;
  /** The version that an update or a delete takes the place of, in a table of data subjects; else null. */
  readonly previous: RowPlace | null;
}

export interface Event {
  readonly kind: CommandKind;
  readonly changes: readonly RowChange[];
}

/** A change as it is read back: its values are null where the key that sealed them was destroyed. */
export type DecodedChange = Omit<RowChange, 'values'> & { readonly values: Row | null };

/** An event as it lies in the log. */
export interface DecodedEvent {
  readonly kind: CommandKind;
  /** MAC of the command, where it carried an idempotency id: tells a retry from another command. */
  readonly commandMac: Hash | null;
  readonly changes: readonly DecodedChange[];
  /** For each change the key of its data subject; null for a row about nobody. */
  readonly keyIds: readonly (KeyId | null)[];
  /** Of the rows, one behind the other, where there are more than one; else empty. */
  readonly commitments: Uint8Array;
}

/** A row as it lies in an event. */
export interface RowInEvent {
  /** Of its data subject; null for a row about nobody. */
  readonly keyId: KeyId | null;
  /** Its values: canonical, or hidden under the key. */
  readonly bytes: Uint8Array;
}

export interface EventParts {
  /** One for each change. */
  readonly rows: readonly RowInEvent[];
  readonly commandMac: Hash | null;
  /** Of the rows, where there are more than one; else empty. */
  readonly commitments: Uint8Array;
}

const EVENT_VERSION = 1;

/** Names in the format: never reused. */
const KINDS = {
  'create-table': true,
  'drop-table': true,
  'alter-table': true,
  write: true,
  'issue-token': true,
  'revoke-token': true,
  'activate-policy': true,
  'record-consent': true,
  'change-consent': true,
  'record-intent': true,
  'record-outcome': true,
  'record-export': true,
  'close-release': true,
  'take-proof': true,
  'mint-surrogates': true,
  'place-hold': true,
  'release-hold': true,
  'request-erasure': true,
  'complete-erasure': true,
  'create-index': true,
  'drop-index': true,
  'create-projection': true,
  'drop-projection': true,
} satisfies Record<CommandKind, true>;

const NOTHING = new Uint8Array(0);

/** Whether a change says which version it takes the place of. */
function hasPrevious(table: TableSchema, event: RowEvent): boolean {
  return table.subjectIndex !== null && event !== 'insert';
}

/** Bytes of commitments in an event of so many rows. */
function commitmentsSize(rowCount: number): number {
  return rowCount > 1 ? rowCount * HASH_SIZE : 0;
}

/**
 * Encodes an event for the log.
 *
 * @param writer that it is written to: what is returned is a view of what was written
 */
export function encodeEvent(
  { kind, changes }: Event,
  { rows, commandMac, commitments }: EventParts,
  writer: CanonicalWriter = new CanonicalWriter(),
): Uint8Array {
  assert(rows.length === changes.length, 'a change has no row');
  assert(commitments.length === commitmentsSize(rows.length), 'commitments are not of the rows');
  const start = writer.size;
  writer.array(4).integer(EVENT_VERSION).text(kind);
  if (commandMac === null) writer.null();
  else writer.bytes(commandMac);
  writer.array(changes.length);
  for (let index = 0; index < changes.length; index += 1) {
    const { table, event, previous } = changes[index] as RowChange;
    const { keyId } = rows[index] as RowInEvent;
    assert((table.subjectIndex === null) === (keyId === null), 'a row is under another key');
    assert(hasPrevious(table, event) === (previous !== null), 'a change lacks its version');
    writer.array(previous === null ? 3 : 5).integer(table.definitionId);
    writer.text(event).integer(keyId ?? 0);
    if (previous !== null) writer.integer(previous.offset).integer(previous.row);
  }
  for (const { keyId, bytes } of rows) {
    if (keyId === null) writer.raw(bytes);
    else writer.bytes(bytes);
  }
  if (rows.length > 1) writer.bytes(commitments);
  return writer.view(start);
}

/** The tables that events are of, by the ids of their definitions. */
export interface DefinitionReader {
  get(id: TableId): TableSchema | undefined;
}

/** Shows the values of a row that a key hides, as canonical bytes; null where the key was destroyed. */
export type ShowRow = (keyId: KeyId, row: number, hidden: Uint8Array) => Uint8Array | null;

/**
 * Reads an event back, strictly: what this accepts, {@link encodeEvent} writes back to the same bytes.
 *
 * @throws {KernelError} ERR_KERNEL_EVENT when it does not fit the catalogue
 * @throws {TypesError} ERR_TYPES_CANONICAL when it is not canonical
 */
export function decodeEvent(
  plaintext: Uint8Array,
  tables: DefinitionReader,
  show: ShowRow,
): DecodedEvent {
  const reader = new CanonicalReader(plaintext);
  reader.arrayOf(4);
  if (reader.count() !== EVENT_VERSION) throw malformed('an unknown version');
  const kind = reader.text();
  if (!isKind(kind)) throw malformed('an unknown kind');
  const commandMac = readMac(reader);
  const outline = Array.from({ length: reader.array() }, () => readOutline(reader, tables));
  const changes = outline.map(({ keyId, ...change }, row): DecodedChange => {
    if (keyId === null) return { ...change, values: readRow(reader, change.table.definition) };
    const shown = show(keyId, row, reader.bytes());
    if (shown === null) return { ...change, values: null };
    const inner = new CanonicalReader(shown);
    const values = readRow(inner, change.table.definition);
    inner.end();
    return { ...change, values };
  });
  const commitments = changes.length > 1 ? reader.bytes() : NOTHING;
  if (commitments.length !== commitmentsSize(changes.length)) throw malformed('other commitments');
  reader.end();
  return { kind, commandMac, changes, keyIds: outline.map(({ keyId }) => keyId), commitments };
}

function readOutline(
  reader: CanonicalReader,
  tables: DefinitionReader,
): Omit<DecodedChange, 'values'> & { readonly keyId: KeyId | null } {
  const size = reader.array();
  const id = reader.count();
  const table = id === 0 ? undefined : tables.get(toTableId(id));
  const event = reader.text() as RowEvent;
  if (table === undefined || !ROW_EVENTS.includes(event)) {
    throw malformed('a change of an unknown table or event');
  }
  const key = reader.count();
  if ((key === 0) !== (table.subjectIndex === null)) throw malformed('a row under another key');
  if (size !== (hasPrevious(table, event) ? 5 : 3)) throw malformed('a change of another size');
  const previous = size === 3 ? null : { offset: toOffset(reader.count()), row: reader.count() };
  return { table, event, previous, keyId: key === 0 ? null : toKeyId(key) };
}

function isKind(text: string): text is CommandKind {
  return Object.hasOwn(KINDS, text);
}

function readMac(reader: CanonicalReader): Hash | null {
  if (reader.peek() === 'null') return reader.null();
  const bytes = reader.bytes();
  if (bytes.length !== HASH_SIZE) throw malformed('a MAC that is not 32 bytes');
  return toHash(bytes);
}

function malformed(found: string): KernelError {
  return new KernelError('verification', 'ERR_KERNEL_EVENT', `event is malformed: found ${found}`);
}
