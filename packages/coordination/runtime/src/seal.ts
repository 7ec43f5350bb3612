/**
 * From an event to a record: which key seals which row, the commitments of all rows, the sections.
 *
 * Rows about a data subject are sealed under the subject's own key, all others, and the outline of the
 * event, under the segment's. A row's salts come from the key that seals it.
 */

import {
  type Crypto,
  type RowToCommit,
  clearBytes,
  commitRow,
  deriveSaltKey,
  deriveSalts,
} from '@veritydb/crypto';
import {
  type Command,
  type DecodedChange,
  type Event,
  type RowChange,
  commandMac,
  encodeEvent,
} from '@veritydb/kernel';
import { treeRoot } from '@veritydb/merkle';
import {
  CanonicalWriter,
  type ColumnType,
  type Decimal,
  type Generation,
  type Hash,
  type KeyId,
  type Offset,
  type TableSchema,
  type Value,
  assert,
  concatBytes,
  digestCount,
  isDecimal,
  utf8Encode,
  writeValue,
} from '@veritydb/types';

import type { KeyStore } from './key-store.ts';

const COMMAND_TAG = utf8Encode('vdb.cmd1');
const NOTHING = new Uint8Array(0);
/** Data subjects whose keys are found without a MAC, in each half. */
const SUBJECTS_MAX = 10_000;
const macWriter = new CanonicalWriter(256);

/** Where a record stands: no two that a key seals stand at one. */
export interface Position {
  readonly generation: Generation;
  readonly offset: Offset;
}

/** Plaintext of one section with the key that seals it. */
export interface PlainSection {
  readonly keyId: KeyId;
  readonly plaintext: Uint8Array;
}

export interface PlainRecord {
  readonly sections: readonly PlainSection[];
  /** Of the rows, one behind the other, where there are more than one. */
  readonly commitments: Uint8Array;
  readonly commitmentsRoot: Hash;
  readonly commandMac: Hash | null;
}

/** Finds and keeps the keys that rows are sealed with. */
export class RowKeys {
  readonly #crypto: Crypto;
  readonly #keys: KeyStore;
  readonly #pseudonymKey: Uint8Array;
  readonly #saltKeys = new Map<KeyId, Uint8Array>();
  /** Keys of data subjects that were met lately, by type and id: in two halves, the older let go of. */
  #young = new Map<string, KeyId>();
  #old = new Map<string, KeyId>();
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
    this.#segmentKey = this.#keys.newSegmentKey();
  }

  /** Keyed pseudonym of a value: the same for the same type and value, meaningless without the key. */
  mac(type: ColumnType, value: Value): Uint8Array {
    macWriter.reset().array(2).text(type);
    // 42.0 equals 42: who is held or erased by the one is by the other.
    writeValue(macWriter, type, isDecimal(value) ? withoutZeros(value) : value);
    return this.#crypto.hmacSha256(this.#pseudonymKey, macWriter.view());
  }

  keyOf(change: RowChange): KeyId {
    const { table, values } = change;
    if (table.subjectIndex === null) return this.segmentKey;
    const column = table.definition.columns[table.subjectIndex];
    const subject = values[table.subjectIndex] as Value;
    assert(column !== undefined, 'subject column is not a column');
    assert(subject !== null, 'data subject is null');
    // Only text names itself without a second look: other types go by their MAC alone.
    if (typeof subject !== 'string') return this.#keys.subjectKey(this.mac(column.type, subject));
    const name = `${column.type} ${subject}`;
    let id = this.#young.get(name) ?? this.#old.get(name);
    if (id === undefined) {
      id = this.#keys.subjectKey(this.mac(column.type, subject));
      if (this.#young.size >= SUBJECTS_MAX) {
        this.#old = this.#young;
        this.#young = new Map();
      }
      this.#young.set(name, id);
    }
    return id;
  }

  key(id: KeyId): Uint8Array {
    return this.#keys.key(id);
  }

  salts(id: KeyId, at: Position, row: number, table: TableSchema): Uint8Array {
    const { generation, offset } = at;
    const count = digestCount(table.definition);
    return deriveSalts(this.#crypto, this.#saltKey(id), { generation, offset, row }, count);
  }

  #saltKey(id: KeyId): Uint8Array {
    let saltKey = this.#saltKeys.get(id);
    if (saltKey === undefined) {
      saltKey = deriveSaltKey(this.#crypto, this.#keys.key(id));
      this.#saltKeys.set(id, saltKey);
    }
    return saltKey;
  }

  /** MAC of a command under the keys of its sections: null once one of them is destroyed. */
  commandMac(command: Command, ids: readonly KeyId[]): Hash | null {
    if (ids.some((id) => this.#keys.isDestroyed(id))) return null;
    const parts = [COMMAND_TAG, ...ids.map((id) => this.#saltKey(id))];
    return commandMac(this.#crypto, this.#crypto.sha256(concatBytes(...parts)), command);
  }

  /** Clears what was derived from a key, and lets go of the ids of data subjects. */
  forget(id: KeyId): void {
    this.#young = new Map();
    this.#old = new Map();
    const saltKey = this.#saltKeys.get(id);
    if (saltKey !== undefined) clearBytes(saltKey);
    this.#saltKeys.delete(id);
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
  { table, event, values }: RowChange,
  keyId: KeyId,
): RowToCommit {
  return {
    definition: table.definition,
    schemaDigest: table.digest,
    offset: at.offset,
    event,
    values,
    salts: keys.salts(keyId, at, row, table),
  };
}

/** Whether a change that was read back still has its values. */
export function isReadable(change: DecodedChange): change is RowChange {
  return change.values !== null;
}

/** A command's event, made ready for the log at an offset. */
export interface EventToSeal {
  readonly event: Event;
  /** Where a retry is to be told from another command. */
  readonly command: Command | null;
}

export function toPlainRecord(
  crypto: Crypto,
  keys: RowKeys,
  at: Position,
  { event, command }: EventToSeal,
): PlainRecord {
  const order: KeyId[] = [keys.segmentKey];
  const indexOf = new Map<KeyId, number>([[keys.segmentKey, 0]]);
  const keyIds = event.changes.map((change) => keys.keyOf(change));
  const sections = keyIds.map((keyId) => {
    const known = indexOf.get(keyId);
    if (known !== undefined) return known;
    indexOf.set(keyId, order.length);
    order.push(keyId);
    return order.length - 1;
  });
  const mac = command === null ? null : keys.commandMac(command, order);
  const plaintexts = encodeEvent(event, sections, mac);
  assert(plaintexts.length === order.length, 'sections and keys differ in number');
  const commitments = event.changes.map((change, row) =>
    commitRow(crypto, toCommit(keys, at, row, change, keyIds[row] as KeyId)),
  );
  return {
    sections: order.map((keyId, index) => ({ keyId, plaintext: plaintexts[index] as Uint8Array })),
    commitments: commitments.length > 1 ? concatBytes(...commitments) : NOTHING,
    commitmentsRoot: treeRoot(crypto, commitments),
    commandMac: mac,
  };
}
