/**
 * Events: what a command came to, as row changes. They are what the log keeps, so the state is rebuilt
 * without deciding anything again, also by a later version of the rules.
 *
 * Plaintext of section 0: canonical([1, kind, command MAC, [change …]]) and then the rows of section 0; of
 * every other section: its rows. A change is [table id, event, section], and an update or a delete of a
 * row about a data subject says as well which version it takes the place of: [table id, event, section,
 * offset, row]. A row is canonical([value …]) in schema order. Sections part the rows by the key that
 * seals them: 0 is the segment's, the others belong to data subjects.
 *
 * When a subject's key has been destroyed its sections cannot be read any more. What is left of such a
 * row is its change: that there was one, in which table, and after which version.
 */

import { ROW_EVENTS, type RowEvent } from '@veritydb/crypto';
import {
  CanonicalReader,
  CanonicalWriter,
  HASH_SIZE,
  type Hash,
  type Offset,
  type Row,
  type TableId,
  type TableSchema,
  type Value,
  assert,
  readValue,
  toHash,
  toOffset,
  toTableId,
  writeValue,
} from '@veritydb/types';

import type { CommandKind } from './command.ts';
import { KernelError } from './error.ts';

/** A version of a row, by the record that wrote it and its place among that record's rows. */
export interface RowPlace {
  readonly offset: Offset;
  readonly row: number;
}

export interface RowChange {
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
  /** For each change the section that it was sealed in. */
  readonly sections: readonly number[];
}

const EVENT_VERSION = 1;

/** Names in the format: never reused. */
const KINDS = {
  'create-table': true,
  'drop-table': true,
  write: true,
  'issue-token': true,
  'revoke-token': true,
  'activate-policy': true,
  'grant-consent': true,
  'withdraw-consent': true,
  'record-intent': true,
  'record-outcome': true,
  'record-export': true,
  'mint-surrogates': true,
  'place-hold': true,
  'release-hold': true,
  'request-erasure': true,
  'complete-erasure': true,
} satisfies Record<CommandKind, true>;

/** Those of most events: the outline, and the rows of one data subject. */
const outlineWriter = new CanonicalWriter(1024);
const subjectWriter = new CanonicalWriter(1024);

/** Whether a change says which version it takes the place of. */
function hasPrevious(table: TableSchema, event: RowEvent): boolean {
  return table.subjectIndex !== null && event !== 'insert';
}

/**
 * Writes an event as one plaintext a section.
 *
 * @param sections for each change the section that seals it, numbered in order of first use, from 0
 */
export function encodeEvent(
  event: Event,
  sections: readonly number[],
  commandMac: Hash | null,
): readonly Uint8Array[] {
  assert(sections.length === event.changes.length, 'a change has no section');
  const head = outlineWriter.reset();
  const writers = [head];
  head.array(4).integer(EVENT_VERSION).text(event.kind);
  if (commandMac === null) head.null();
  else head.bytes(commandMac);
  head.array(event.changes.length);
  for (const [index, { table, event: rowEvent, previous }] of event.changes.entries()) {
    const section = sections[index] as number;
    head
      .array(previous === null ? 3 : 5)
      .integer(table.id)
      .text(rowEvent)
      .integer(section);
    assert(hasPrevious(table, rowEvent) === (previous !== null), 'a change lacks its version');
    if (previous !== null) head.integer(previous.offset).integer(previous.row);
  }
  for (const [index, change] of event.changes.entries()) {
    const section = sections[index] as number;
    assert(section <= writers.length, 'sections are not numbered in order of first use');
    if (section === writers.length) {
      writers.push(section === 1 ? subjectWriter.reset() : new CanonicalWriter(256));
    }
    writeRow(writers[section] as CanonicalWriter, change.table, change.values);
  }
  return writers.map((writer) => writer.finish());
}

/**
 * Reads an event back, strictly: what this accepts, {@link encodeEvent} writes back to the same bytes.
 * A section whose key was destroyed is null: only rows are in it.
 *
 * @throws {KernelError} ERR_KERNEL_EVENT when the sections do not fit each other or the catalogue
 * @throws {TypesError} ERR_TYPES_CANONICAL when a section is not canonical
 */
export function decodeEvent(
  sections: readonly (Uint8Array | null)[],
  tables: ReadonlyMap<TableId, TableSchema>,
): DecodedEvent {
  const readers = sections.map((section) =>
    section === null ? null : new CanonicalReader(section),
  );
  const head = readers[0];
  if (head === undefined || head === null) throw malformed('no outline');
  head.arrayOf(4);
  if (head.count() !== EVENT_VERSION) throw malformed('an unknown version');
  const kind = head.text();
  if (!isKind(kind)) throw malformed('an unknown kind');
  const commandMac = readMac(head);
  let used = 1;
  const outline = Array.from({ length: head.array() }, () => {
    const size = head.array();
    const id = head.count();
    const table = id === 0 ? undefined : tables.get(toTableId(id));
    const event = head.text() as RowEvent;
    const section = head.count();
    const reader = readers[section];
    if (table === undefined || reader === undefined || !ROW_EVENTS.includes(event)) {
      throw malformed('a change of an unknown table, event or section');
    }
    if (size !== (hasPrevious(table, event) ? 5 : 3)) throw malformed('a change of another size');
    if (section > used) throw malformed('sections out of the order of their first use');
    used = Math.max(used, section + 1);
    const previous = size === 3 ? null : { offset: toOffset(head.count()), row: head.count() };
    return { table, event, previous, section, reader };
  });
  if (used !== readers.length) throw malformed('a section without a row');
  const changes = outline.map(({ table, event, previous, reader }) => {
    return { table, event, previous, values: reader === null ? null : readRow(reader, table) };
  });
  for (const reader of readers) reader?.end();
  return { kind, commandMac, changes, sections: outline.map(({ section }) => section) };
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

export function writeRow(writer: CanonicalWriter, table: TableSchema, values: Row): void {
  const { columns } = table.definition;
  assert(values.length === columns.length, 'row has another number of values than columns');
  writer.array(columns.length);
  for (const [index, column] of columns.entries()) {
    writeValue(writer, column.type, values[index] as Value);
  }
}

export function readRow(reader: CanonicalReader, table: TableSchema): Row {
  const { columns } = table.definition;
  reader.arrayOf(columns.length);
  return columns.map((column) => readValue(reader, column.type));
}

function malformed(found: string): KernelError {
  return new KernelError('verification', 'ERR_KERNEL_EVENT', `event is malformed: found ${found}`);
}
