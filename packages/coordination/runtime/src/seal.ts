/**
 * From an event to a record: which key hides which row, the commitments of all rows, the plaintext. A
 * record is planned first, so that it can be refused, and hidden once its place is certain.
 *
 * A record is sealed under the segment's key. In it the values of rows about a data subject are hidden
 * under the subject's own key. A row's salts come from the key that hides it, or else the segment's.
 */

import {
  type Crypto,
  type Position,
  type RecordCipher,
  type RowToCommit,
  clearBytes,
  commitRow,
} from '@veritydb/crypto';
import {
  type Command,
  type DecodedChange,
  type Event,
  type RowChange,
  type RowInEvent,
  commandMac,
  encodeEvent,
} from '@veritydb/kernel';
import { STATE_SALT_SIZE, treeRoot } from '@veritydb/merkle';
import {
  CanonicalWriter,
  type ColumnType,
  type Decimal,
  type Hash,
  type KeyId,
  type Offset,
  type Value,
  assert,
  concatBytes,
  digestCount,
  isDecimal,
  utf8Encode,
  writeValue,
} from '@veritydb/types';

import type { KeyStore } from './key-store.ts';
import { RecentMap } from './recent-map.ts';
import { type KeptRow, encodeKeptRow, putCommitment } from './rows.ts';

const COMMAND_TAG = utf8Encode('vdb.cmd1');
const SALT_TAG = utf8Encode('vdb.slt1');
const NOTHING = new Uint8Array(0);
/** Most bytes that an event adds to its rows: one for each of them, and once. */
const ROW_OVERHEAD_MAX = 128;
const HEAD_SIZE_MAX = 128;
/** Data subjects whose keys are found without a MAC, in each half of those met lately. */
const SUBJECTS_KEPT_MAX = 10_000;
/**
 * Keys whose ciphers are kept, in each half. Fewer, since a cipher is made in some six microseconds and is
 * dear to the garbage collector as long as it lives: with ten thousand in each half, a write of a new data
 * subject took a fifth longer.
 */
const CIPHERS_KEPT_MAX = 1000;
const macWriter = new CanonicalWriter(256);

/** An event that is made ready for the log: its rows encoded, its keys chosen, nothing hidden yet. */
export interface PlannedRecord {
  readonly event: Event;
  /** The rows of the event, as the log and the store keep them. */
  readonly rows: readonly KeptRow[];
  /** For each row the key of its data subject; null for a row about nobody. */
  readonly rowKeyIds: readonly (KeyId | null)[];
  /** The key that it is to be sealed under. */
  readonly keyId: KeyId;
  readonly commandMac: Hash | null;
}

export interface PlainRecord {
  readonly plaintext: Uint8Array;
  readonly commitmentsRoot: Hash;
}

/** Finds and keeps the keys that rows are sealed with. */
export class RowKeys {
  readonly #crypto: Crypto;
  readonly #keys: KeyStore;
  readonly #pseudonymKey: Uint8Array;
  readonly #ciphers = new RecentMap<KeyId, RecordCipher>(CIPHERS_KEPT_MAX, (cipher) =>
    cipher.clear(),
  );
  /** Keys of data subjects that were met lately, for each type by their ids. */
  readonly #subjects = new Map<ColumnType, RecentMap<string, KeyId>>();
  #segmentKey: KeyId;

  constructor(crypto: Crypto, keys: KeyStore) {
    this.#crypto = crypto;
    this.#keys = keys;
    this.#pseudonymKey = keys.key(keys.keyFor('pseudonym'));
    this.#segmentKey = keys.keyFor('segment');
  }

  /** The key of whatever is about nobody. */
  get segmentKey(): KeyId {
    return this.#segmentKey;
  }

  /** Begins another key of segments, so that none seals more than a segment or so. */
  renewSegmentKey(): void {
    this.#segmentKey = this.#keys.newKey('segment');
  }

  /** Keyed pseudonym of a value: the same for the same type and value, meaningless without the key. */
  mac(type: ColumnType, value: Value): Uint8Array {
    macWriter.reset().array(2).text(type);
    // 42.0 equals 42: who is held or erased by the one is by the other.
    writeValue(macWriter, type, isDecimal(value) ? withoutZeros(value) : value);
    return this.#crypto.hmacSha256(this.#pseudonymKey, macWriter.view());
  }

  /** What hides a word of this tenant's, the same each time: 16 bytes, which say nothing of each other. */
  salt(word: string): Uint8Array {
    const bytes = concatBytes(SALT_TAG, utf8Encode(word));
    return this.#crypto.hmacSha256(this.#pseudonymKey, bytes).subarray(0, STATE_SALT_SIZE);
  }

  /** The key of a row's data subject; null for a row about nobody. */
  keyOf({ table, values }: RowChange): KeyId | null {
    if (table.subjectIndex === null) return null;
    const column = table.definition.columns[table.subjectIndex];
    const subject = values[table.subjectIndex] as Value;
    assert(column !== undefined, 'subject column is not a column');
    assert(subject !== null, 'data subject is null');
    // Only text names itself without a second look: other types go by their MAC alone.
    if (typeof subject !== 'string') return this.#keys.subjectKey(this.mac(column.type, subject));
    const subjects = this.#subjectsOf(column.type);
    let id = subjects.get(subject);
    if (id === undefined) {
      id = this.#keys.subjectKey(this.mac(column.type, subject));
      subjects.set(subject, id);
    }
    return id;
  }

  #subjectsOf(type: ColumnType): RecentMap<string, KeyId> {
    let subjects = this.#subjects.get(type);
    if (subjects === undefined) {
      subjects = new RecentMap(SUBJECTS_KEPT_MAX);
      this.#subjects.set(type, subjects);
    }
    return subjects;
  }

  /** What a key does for records. Requires that it is not destroyed. */
  cipher(id: KeyId): RecordCipher {
    const known = this.#ciphers.get(id);
    if (known !== undefined) return known;
    const cipher = this.#crypto.recordCipher(this.#keys.key(id));
    this.#ciphers.set(id, cipher);
    return cipher;
  }

  /** MAC of a command under the keys of its record: null once one of them is destroyed. */
  commandMac(command: Command, ids: readonly KeyId[]): Hash | null {
    if (ids.some((id) => this.#keys.isDestroyed(id))) return null;
    const parts = [COMMAND_TAG, ...ids.map((id) => this.#keys.key(id))];
    const key = concatBytes(...parts);
    const mac = commandMac(this.#crypto, this.#crypto.sha256(key), command);
    clearBytes(key);
    return mac;
  }

  /** Clears what was derived from a key, and lets go of the ids of data subjects. */
  forget(id: KeyId): void {
    this.#subjects.clear();
    this.#ciphers.delete(id);
  }
}

/** The one of all equal decimals that has no digit to spare. */
function withoutZeros({ scale, unscaled }: Decimal): Decimal {
  let [digits, places] = [unscaled, scale];
  for (; places > 0 && digits % 10n === 0n; places -= 1) digits /= 10n;
  return { unscaled: digits, scale: places };
}

/** All that a row is committed with. */
export function toCommit(
  keys: RowKeys,
  at: Position,
  row: number,
  change: RowChange,
  keyId: KeyId,
): RowToCommit {
  const count = digestCount(change.table.definition);
  return withSalts(change, at.offset, keys.cipher(keyId).salts(at, row, count));
}

function withSalts(
  { table, event, values }: RowChange,
  offset: Offset,
  salts: Uint8Array,
): RowToCommit {
  return {
    definition: table.definition,
    schemaDigest: table.digest,
    offset,
    event,
    values,
    salts,
  };
}

/** Whether a change that was read back still has its values. */
export function isReadable(change: DecodedChange): change is RowChange {
  return change.values !== null;
}

/**
 * Makes an event ready for the log.
 *
 * @param command where a retry is to be told from another command
 * @param into that the rows are written to, and are views of
 */
export function planRecord(
  keys: RowKeys,
  event: Event,
  command: Command | null,
  into: CanonicalWriter,
): PlannedRecord {
  const rows = event.changes.map((change, row) => encodeKeptRow(change, row, into));
  const rowKeyIds = event.changes.map((change) => keys.keyOf(change));
  const keyId = keys.segmentKey;
  const mac = command === null ? null : keys.commandMac(command, keysOf(keyId, rowKeyIds));
  return { event, rows, rowKeyIds, keyId, commandMac: mac };
}

/** Bytes of the plaintext of a planned record, at the most. */
export function plaintextSizeMax({ rows }: PlannedRecord): number {
  return rows.reduce((size, { bytes }) => size + bytes.length + ROW_OVERHEAD_MAX, HEAD_SIZE_MAX);
}

/**
 * Hides the rows of a planned record at its place in the log, and commits to them, in what the store keeps
 * of them too. Once a place, whatever becomes of the record: a second plaintext there would be hidden by the
 * same bytes.
 *
 * @param into that the plaintext is written to, and is a view of
 */
export function hideRecord(
  { crypto, keys }: { readonly crypto: Crypto; readonly keys: RowKeys },
  at: Position,
  { event, rows, rowKeyIds, keyId: sealedBy, commandMac: mac }: PlannedRecord,
  into: CanonicalWriter,
): PlainRecord {
  const hidden = event.changes.map((change, row): RowInEvent & { readonly commitment: Hash } => {
    const keptRow = rows[row] as KeptRow;
    const keyId = rowKeyIds[row] as KeyId | null;
    const cipher = keys.cipher(keyId ?? sealedBy);
    const count = digestCount(change.table.definition);
    const { bytes, salts } =
      keyId === null
        ? { bytes: keptRow.bytes, salts: cipher.salts(at, row, count) }
        : cipher.hideRow(at, row, count, keptRow.bytes);
    const commitment = commitRow(crypto, withSalts(change, at.offset, salts), keptRow);
    putCommitment(keptRow, commitment);
    return { keyId, bytes, commitment };
  });
  const commitments = hidden.map(({ commitment }) => commitment);
  const kept = commitments.length > 1 ? concatBytes(...commitments) : NOTHING;
  const parts = { rows: hidden, commandMac: mac, commitments: kept };
  const plaintext = encodeEvent(event, parts, into);
  return { plaintext, commitmentsRoot: treeRoot(crypto, commitments) };
}

/** Keys of a record, each once: the one that seals it, then those of its rows in order. */
export function keysOf(sealedBy: KeyId, ofRows: readonly (KeyId | null)[]): readonly KeyId[] {
  const ids = new Set([sealedBy]);
  for (const id of ofRows) if (id !== null) ids.add(id);
  return [...ids];
}
