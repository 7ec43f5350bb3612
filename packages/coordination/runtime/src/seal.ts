/**
 * From an event to a record: which key seals which row, the commitments of all rows, the sections.
 *
 * Rows about a data subject are sealed under the subject's own key, all others, and the outline of the
 * event, under the segment's. A row's salts come from the key that seals it.
 */

import { type Crypto, commitRow, deriveSaltKey, deriveSalts } from '@veritydb/crypto';
import { type Event, type RowChange, encodeEvent } from '@veritydb/kernel';
import { treeRoot } from '@veritydb/merkle';
import {
  CanonicalWriter,
  type ColumnType,
  type Hash,
  type KeyId,
  type Offset,
  type TableSchema,
  type Value,
  assert,
  digestCount,
  writeValue,
} from '@veritydb/types';

import type { KeyStore } from './key-store.ts';

const macWriter = new CanonicalWriter(256);

/** Plaintext of one section with the key that seals it. */
export interface PlainSection {
  readonly keyId: KeyId;
  readonly plaintext: Uint8Array;
}

export interface PlainRecord {
  readonly sections: readonly PlainSection[];
  readonly commitmentsRoot: Hash;
}

/** Finds and keeps the keys that rows are sealed with. */
export class RowKeys {
  readonly #crypto: Crypto;
  readonly #keys: KeyStore;
  readonly #pseudonymKey: Uint8Array;
  readonly #saltKeys = new Map<KeyId, Uint8Array>();
  readonly segmentKey: KeyId;

  constructor(crypto: Crypto, keys: KeyStore) {
    this.#crypto = crypto;
    this.#keys = keys;
    this.#pseudonymKey = keys.key(keys.keyFor('pseudonym'));
    this.segmentKey = keys.keyFor('segment');
  }

  /** Keyed pseudonym of a value: the same for the same type and value, meaningless without the key. */
  mac(type: ColumnType, value: Value): Uint8Array {
    macWriter.reset().array(2).text(type);
    writeValue(macWriter, type, value);
    return this.#crypto.hmacSha256(this.#pseudonymKey, macWriter.view());
  }

  keyOf(change: RowChange): KeyId {
    const { table, values } = change;
    if (table.subjectIndex === null) return this.segmentKey;
    const column = table.definition.columns[table.subjectIndex];
    const subject = values[table.subjectIndex] as Value;
    assert(column !== undefined, 'subject column is not a column');
    assert(subject !== null, 'data subject is null');
    return this.#keys.subjectKey(this.mac(column.type, subject));
  }

  key(id: KeyId): Uint8Array {
    return this.#keys.key(id);
  }

  salts(id: KeyId, offset: Offset, row: number, table: TableSchema): Uint8Array {
    let saltKey = this.#saltKeys.get(id);
    if (saltKey === undefined) {
      saltKey = deriveSaltKey(this.#crypto, this.#keys.key(id));
      this.#saltKeys.set(id, saltKey);
    }
    return deriveSalts(this.#crypto, saltKey, { offset, row }, digestCount(table.definition));
  }
}

/** Commitment of each row of an event at its offset, in order. */
export function commitRows(
  crypto: Crypto,
  keys: RowKeys,
  offset: Offset,
  changes: readonly RowChange[],
  keyIds: readonly KeyId[],
): readonly Hash[] {
  return changes.map(({ table, event, values }, row) =>
    commitRow(crypto, {
      definition: table.definition,
      schemaDigest: table.digest,
      offset,
      event,
      values,
      salts: keys.salts(keyIds[row] as KeyId, offset, row, table),
    }),
  );
}

/** Makes an event ready for the log at an offset. */
export function toPlainRecord(
  crypto: Crypto,
  keys: RowKeys,
  offset: Offset,
  event: Event,
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
  const plaintexts = encodeEvent(event, sections);
  assert(plaintexts.length === order.length, 'sections and keys differ in number');
  return {
    sections: order.map((keyId, index) => ({ keyId, plaintext: plaintexts[index] as Uint8Array })),
    commitmentsRoot: treeRoot(crypto, commitRows(crypto, keys, offset, event.changes, keyIds)),
  };
}
