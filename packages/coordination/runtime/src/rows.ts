/**
 * Rows in the store: a tree a table, keyed in SQL order, and one tree for idempotency ids.
 *
 * The value of a row's entry is canonical([row index, [value …], row commitment]), and of one that was
 * written since its table was altered [row index, definition, [value …], row commitment]; the entry's position is
 * the offset of the record that wrote it, so every row knows its source in the log. The commitment is there
 * for the state tries (`state-tries.ts`), which are made again from the store; who reads a row stops before.
 */

import type { RowChange } from '@veritydb/kernel';
import {
  type CommittedCommand,
  type IdempotencyReader,
  type RowPlace,
  type StoredRow,
  type TableReader,
} from '@veritydb/kernel';
import type { KeyAccess, RangeOrder } from '@veritydb/query';
import {
  type EntryReader,
  type EntryView,
  type ScanRange,
  type Store,
  type StoreEntry,
  type StoreWrite,
  copyEntry,
  keyAfter,
} from '@veritydb/store';
import {
  CanonicalReader,
  CanonicalWriter,
  type EncodedRow,
  HASH_SIZE,
  type Hash,
  type IdempotencyId,
  type IndexSchema,
  type KeyId,
  type Row,
  type TableSchema,
  assert,
  bytesEqual,
  compareBytes,
  encodeRow,
  idempotencyIdToBytes,
  presentRow,
  readRow,
  schemaOfDefinition,
  toHash,
  toOffset,
} from '@veritydb/types';

import {
  indexPrefix,
  keysFrom,
  rangeOf,
  rowStoreKey,
  storeKey,
  storeKeyToSeek,
} from './store-key.ts';

const IDEMPOTENCY_TREE = 0;
const writer = new CanonicalWriter(1024);
const reader = new CanonicalReader(new Uint8Array(0));

/** A row as it is kept: written once, since what the log has of it is a part of what the store has. */
export interface KeptRow extends EncodedRow {
  /** Value of the row's entry in the store. It ends with the row's commitment, of zeros until it is put in. */
  readonly entry: Uint8Array;
}

const NO_COMMITMENT = new Uint8Array(HASH_SIZE);

/** @param into that it is written to: its bytes are views of what was written */
export function encodeKeptRow(
  { table, values }: Pick<RowChange, 'table' | 'values'>,
  rowIndex: number,
  into: CanonicalWriter = new CanonicalWriter(),
): KeptRow {
  const start = into.size;
  const isAltered = table.definitionId !== table.id;
  into.array(isAltered ? 4 : 3).integer(rowIndex);
  if (isAltered) into.integer(table.definitionId);
  const { bytes, starts } = encodeRow(table.definition, values, into);
  into.bytes(NO_COMMITMENT);
  return { bytes, starts, entry: into.view(start) };
}

/** Puts the commitment of a row into its entry, before the store takes it. */
export function putCommitment({ entry }: KeptRow, commitment: Uint8Array): void {
  entry.set(commitment, entry.length - HASH_SIZE);
}

/**
 * What a change does to the store, which copies it.
 *
 * @param entry what it keeps of the row; null to end it
 */
export function toStoreWrite(
  { table, event, values }: RowChange,
  entry: Uint8Array | null,
): StoreWrite {
  return {
    tree: table.id,
    key: rowStoreKey(table, values),
    value: event === 'delete' ? null : entry,
  };
}

/** Whether the key of an entry in a table's tree is that of a row which stands there as it was written. */
export function isRowKey(first: number | undefined): boolean {
  return first !== ERASED;
}

/** Whether versions of a table are current that nobody can read any more. */
export function hasErased(store: Store, table: TableSchema): boolean {
  for (const found of store.scan(table.id, ERASED_RANGE, () => true)) return found;
  return false;
}

export function idempotencyWrite(id: IdempotencyId, commandMac: Hash): StoreWrite {
  return { tree: IDEMPOTENCY_TREE, key: idempotencyIdToBytes(id), value: commandMac };
}

/** First byte of the keys of erased rows: behind those of all others, whose first column begins lower. */
const ERASED = 3;
const ERASED_RANGE: ScanRange = { from: Uint8Array.of(ERASED), to: Uint8Array.of(ERASED + 1) };

/**
 * What stands for a version of a row whose key was destroyed: that there was one, written there. Key:
 * 03, then offset u64 ‖ row u32, big-endian. Value: canonical([row index, key id]).
 */
export function erasedWrite(table: TableSchema, { offset, row }: RowPlace, id: KeyId): StoreWrite {
  const value = writer.reset().array(2).integer(row).integer(id).finish();
  return { tree: table.id, key: erasedKey(offset, row), value };
}

function erasedKey(offset: number, row: number): Uint8Array {
  const key = new Uint8Array(13);
  const view = new DataView(key.buffer);
  key[0] = ERASED;
  view.setUint32(1, Math.floor(offset / 0x1_0000_0000));
  view.setUint32(5, offset % 0x1_0000_0000);
  view.setUint32(9, row);
  return key;
}

/** Ends what stands for an erased version, if that version is one and is current. */
export function endErased(
  store: Store,
  table: TableSchema,
  { offset, row }: RowPlace,
): readonly StoreWrite[] {
  const key = erasedKey(offset, row);
  const isCurrent = store.get(table.id, key, () => true) === true;
  return isCurrent ? [{ tree: table.id, key, value: null }] : [];
}

/** Ends all that stands for current rows under a destroyed key: an erasure ends them. */
export function endErasedUnder(store: Store, table: TableSchema, id: KeyId): readonly StoreWrite[] {
  return Array.from(store.scan(table.id, ERASED_RANGE, copyEntry)).flatMap(({ key, value }) => {
    reader.reset(value, 0, value.length).arrayOf(2);
    reader.count();
    return reader.count() === id ? [{ tree: table.id, key, value: null }] : [];
  });
}

/** What makes rows of a table of its entries. */
const rowReaders = new WeakMap<TableSchema, EntryReader<StoredRow>>();

export function rowReaderOf(table: TableSchema): EntryReader<StoredRow> {
  let read = rowReaders.get(table);
  if (read === undefined) {
    read = (entry) => toStoredRow(table, entry);
    rowReaders.set(table, read);
  }
  return read;
}

function toStoredRow(
  table: TableSchema,
  entry: EntryView,
  wanted?: ReadonlySet<number>,
): StoredRow {
  const erased = entry.keyBytes[entry.keyStart] === ERASED;
  const size = reader.reset(entry.valueBytes, entry.valueStart, entry.valueEnd).array();
  const rowIndex = reader.count();
  const offset = toOffset(entry.position);
  if (erased) {
    return { values: table.definition.columns.map(() => null), erased, offset, rowIndex };
  }
  const definitionId = size === 4 ? reader.count() : table.id;
  if (definitionId === table.definitionId) {
    return { values: readRow(reader, table.definition, wanted), erased, offset, rowIndex };
  }
  const schema = schemaOfDefinition(table, definitionId);
  assert(schema !== undefined, 'a row is of no definition of its table');
  const written = readRow(reader, schema.definition);
  return { values: presentRow(table, definitionId, written), erased, offset, rowIndex };
}

function toCommitted({ position, valueBytes, valueEnd, valueStart }: EntryView): CommittedCommand {
  return { offset: toOffset(position), commandMac: toHash(valueBytes.slice(valueStart, valueEnd)) };
}

/** The store as the kernel sees it: the newest state. */
export function rowReader(store: Store): TableReader & IdempotencyReader {
  return {
    get: (table, key) => store.get(table.id, storeKeyToSeek(table, key), rowReaderOf(table)),
    find(table, index, values) {
      const access: KeyAccess = { kind: 'keys', index, keys: [values] };
      const [found] = scanRows(store, table, access, store.appliedPosition);
      return found;
    },
    *scan(table) {
      for (const row of scanRows(store, table, { kind: 'scan' }, store.appliedPosition)) {
        if (!row.erased) yield row;
      }
    },
    committed: (id) => store.get(IDEMPOTENCY_TREE, idempotencyIdToBytes(id), toCommitted),
  };
}

/** The newest row of a key of the store. */
export function getStoredRow(
  store: Store,
  table: TableSchema,
  key: Uint8Array,
): StoredRow | undefined {
  return store.get(table.id, key, rowReaderOf(table));
}

/** The values of a row that is on its way into the store, by its key there. */
export function readKeptRow(table: TableSchema, key: Uint8Array, entry: Uint8Array): Row {
  return toStoredRow(table, {
    position: 0,
    keyBytes: key,
    keyStart: 0,
    keyEnd: key.length,
    valueBytes: entry,
    valueStart: 0,
    valueEnd: entry.length,
  }).values;
}

/** The row of a key as of a position. */
export function getRow(
  store: Store,
  table: TableSchema,
  key: Row,
  position: number,
): StoredRow | undefined {
  return store.getAt(table.id, storeKeyToSeek(table, key), position, rowReaderOf(table));
}

/**
 * Rows of a table as of a position, by the access that the plan chose, and in its order.
 *
 * @param wanted indexes of the columns whose values a scan or a range of the key reads, the others are left NULL; all
 *   unless told
 */
export function scanRows(
  store: Store,
  table: TableSchema,
  access: KeyAccess,
  position: number,
  wanted?: ReadonlySet<number>,
): Iterable<StoredRow> {
  if (access.kind !== 'scan' && access.index !== undefined) {
    return rowsOfIndex(store, table, { ...access, index: access.index }, position);
  }
  if (access.kind === 'keys') return rowsOfKeys(store, table, access.keys, position);
  const read =
    wanted === undefined || wanted.size === table.definition.columns.length
      ? rowReaderOf(table)
      : (entry: EntryView) => toStoredRow(table, entry, wanted);
  const range = access.kind === 'scan' ? {} : rangeWithin((key) => storeKey(table, key), access);
  const reverse = access.kind === 'range' && access.order === 'backwards';
  return store.scanAt(table.id, { ...range, reverse }, position, read);
}

/** A version of a row, with the position that ended it; null while it is current. */
export interface RowVersion extends StoredRow {
  readonly endedAt: number | null;
}

/**
 * All versions of a table's rows that were made up to a position, with the position that ended each; null
 * for those that were current then.
 */
export function rowVersions(
  store: Store,
  table: TableSchema,
  position: number,
): readonly RowVersion[] {
  const made = store.history(table.id, (entry, endedAt): RowVersion | null => {
    // Of a later one the table may not know the definition.
    if (entry.position > position) return null;
    const isEnded = endedAt !== null && endedAt <= position;
    return { ...toStoredRow(table, entry), endedAt: isEnded ? endedAt : null };
  });
  return made.filter((version) => version !== null);
}

function* rowsOfKeys(
  store: Store,
  table: TableSchema,
  keys: readonly Row[],
  position: number,
): Iterable<StoredRow> {
  for (const key of keys) {
    const row = getRow(store, table, key, position);
    if (row !== undefined) yield row;
  }
}

/** Rows by an index: its entries name their keys, which are put into their own order. */
function* rowsOfIndex(
  store: Store,
  table: TableSchema,
  access: Exclude<KeyAccess, { kind: 'scan' }> & { readonly index: IndexSchema },
  position: number,
): Iterable<StoredRow> {
  const { index } = access;
  const prefixOf = (key: Row): Uint8Array => indexPrefix(table, index, key);
  const ranges =
    access.kind === 'range'
      ? [rangeWithin(prefixOf, access)]
      : access.keys.map((key) => rangeOf(prefixOf(key)));
  const order = access.kind === 'range' ? access.order : undefined;
  const found = keysInOrder(store, index, { ranges, position, order });
  for (const key of order === undefined ? [...found].toSorted(compareBytes) : found) {
    const row = store.getAt(table.id, key, position, rowReaderOf(table));
    assert(row !== undefined, 'an index names a row that is not there');
    yield row;
  }
}

interface IndexReading {
  readonly ranges: readonly ScanRange[];
  readonly position: number;
  readonly order: RangeOrder | undefined;
}

/** Keys of rows, as the entries of an index name them. */
function* keysInOrder(
  store: Store,
  { id }: IndexSchema,
  { order, position, ranges }: IndexReading,
): Iterable<Uint8Array> {
  const reverse = order === 'backwards' || order === 'index-descending';
  for (const each of ranges) {
    const range = { ...each, reverse };
    if (order !== 'index-descending') yield* store.scanAt(id, range, position, copyValue);
    else yield* inKeyOrder(store.scanAt(id, range, position, copyEntry));
  }
}

/** Keys of rows of entries that are read backwards; those that are equal but for the key the other way round. */
function* inKeyOrder(entries: Iterable<StoreEntry>): Iterable<Uint8Array> {
  let equal: Uint8Array[] = [];
  let prefix: Uint8Array = new Uint8Array(0);
  for (const { key, value } of entries) {
    const own = key.subarray(0, key.length - value.length);
    if (!bytesEqual(own, prefix)) {
      yield* equal.toReversed();
      equal = [];
      prefix = own;
    }
    equal.push(value);
  }
  yield* equal.toReversed();
}

function copyValue({ valueBytes, valueStart, valueEnd }: EntryView): Uint8Array {
  return valueBytes.slice(valueStart, valueEnd);
}

/** Bounds of a range of keys as bytes. A prefix of columns bounds every key that begins with it. */
function rangeWithin(
  encode: (key: Row) => Uint8Array,
  { index, prefix, lower, upper }: Extract<KeyAccess, { kind: 'range' }>,
): ScanRange {
  const from =
    lower === undefined
      ? encode(prefix)
      : keysFrom(!lower.inclusive, encode([...prefix, lower.value]));
  if (upper !== undefined) {
    return { from, to: keysFrom(upper.inclusive, encode([...prefix, upper.value])) };
  }
  // NULL, which stands behind all others, is on no side of a bound.
  const isBounded = lower !== undefined && index !== undefined;
  const to = isBounded ? encode([...prefix, null]) : keyAfter(encode(prefix));
  return to === undefined ? { from } : { from, to };
}
