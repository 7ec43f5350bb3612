/**
 * The commitment of a row from what is disclosed of it: some fields by their salts and values, the others
 * by their digests alone. The verifier's path, many rows of one schema: what is the same for all of them
 * is written once, values come as canonical bytes, and nothing is allocated a row.
 *
 * Leads to the same bytes as `commitRow` and `openRow` in commitment.ts.
 */

import { CanonicalWriter, type ColumnType, HASH_SIZE, type Offset, assert } from '@veritydb/types';

import { FIELD_TAG, ROW_TAG, type RowEvent } from './commitment.ts';
import type { Crypto } from './crypto.ts';
import { SALT_SIZE } from './record-cipher.ts';

/** Which field at which level a digest is of. */
export interface DisclosedField {
  readonly column: string;
  readonly level: number;
  readonly type: ColumnType;
}

interface Preimage {
  bytes: Uint8Array;
  /** The same bytes, to be written four at a time. */
  view: DataView;
  readonly valueAt: number;
  /** Its beginnings by their size: a view costs as much to make as it costs to hash. */
  views: (Uint8Array | undefined)[];
}

const SALT_AT = FIELD_TAG.length + 2;
const VALUE_ROOM = 64;
/** As many bytes as the head of the largest integer takes. */
const OFFSET_ROOM = 9;

export class RowCommitter {
  readonly #crypto: Crypto;
  readonly #fields: readonly (Preimage | null)[];
  /** Tag ‖ head of the array ‖ canonical(table, schema digest), then offset, event, count, digests. */
  readonly #row: Uint8Array;
  readonly #rowView: DataView;
  /** Its beginnings by the size of what stands between its constant part and the digests. */
  readonly #rowViews: (Uint8Array | undefined)[] = [];
  readonly #offsetAt: number;
  /** canonical(event, count). */
  readonly #tails: Readonly<Record<RowEvent, Uint8Array>>;
  readonly #size: number;
  readonly #writer = new CanonicalWriter(256);
  #at = 0;
  #end = 0;

  /** For rows of a table under one schema; null for digests that are never opened. */
  constructor(
    crypto: Crypto,
    table: { readonly name: string; readonly schemaDigest: Uint8Array },
    fields: readonly (DisclosedField | null)[],
  ) {
    this.#crypto = crypto;
    const writer = this.#writer;
    const salt = new Uint8Array(SALT_SIZE);
    this.#fields = fields.map((field) => {
      if (field === null) return null;
      writer.reset().raw(FIELD_TAG).array(5).bytes(salt).text(field.column);
      const prefix = writer.integer(field.level).text(field.type).view();
      const bytes = new Uint8Array(prefix.length + VALUE_ROOM);
      bytes.set(prefix);
      return { bytes, view: new DataView(bytes.buffer), valueAt: prefix.length, views: [] };
    });
    const tail = (event: RowEvent): Uint8Array =>
      writer.reset().text(event).integer(fields.length).finish();
    this.#tails = { insert: tail('insert'), update: tail('update'), delete: tail('delete') };
    writer.reset().raw(ROW_TAG).array(5).text(table.name).bytes(table.schemaDigest);
    this.#offsetAt = writer.size;
    this.#size = fields.length * HASH_SIZE;
    const room = OFFSET_ROOM + this.#tails.insert.length + this.#size;
    this.#row = new Uint8Array(this.#offsetAt + room);
    this.#row.set(writer.view());
    this.#rowView = new DataView(this.#row.buffer);
  }

  /** Begins a row. Its digests follow in digest order. */
  begin(offset: Offset, event: RowEvent): void {
    const head = this.#writer.reset().integer(offset).view();
    const tail = this.#tails[event];
    this.#row.set(head, this.#offsetAt);
    this.#row.set(tail, this.#offsetAt + head.length);
    this.#at = this.#offsetAt + head.length + tail.length;
    this.#end = this.#at + this.#size;
  }

  /** The next digests, as they are: `source[start, end)`. */
  withheld(source: DataView, start: number, end: number): void {
    assert(this.#at + end - start <= this.#end, 'row has more digests than its schema');
    copyWords(source, start, end, this.#rowView, this.#at);
    this.#at += end - start;
  }

  /** The next digest, of this index, from its salt and the canonical bytes `values[start, end)`. */
  opened(index: number, salt: DataView, saltAt: number, value: CanonicalSlice): void {
    const field = this.#fields[index] ?? null;
    assert(field !== null && this.#at < this.#end, 'digest of the row is not one to be opened');
    const { bytes: source, start, end } = value;
    const size = field.valueAt + end - start;
    if (size > field.bytes.length) grow(field, size * 2);
    const { bytes } = field;
    copyWords(salt, saltAt, saltAt + SALT_SIZE, field.view, SALT_AT);
    for (let at = start, to = field.valueAt; at < end; at += 1, to += 1) {
      bytes[to] = source[at] as number;
    }
    const view = (field.views[size] ??= bytes.subarray(0, size));
    this.#crypto.sha256Into(view, 0, size, this.#row, this.#at);
    this.#at += HASH_SIZE;
  }

  /** Writes the commitment of the row, all of whose digests were given. */
  commitInto(target: Uint8Array, at: number): void {
    assert(this.#at === this.#end, 'row has fewer digests than its schema');
    const view = (this.#rowViews[this.#end - this.#offsetAt - this.#size] ??= this.#row.subarray(
      0,
      this.#end,
    ));
    this.#crypto.sha256Into(view, 0, this.#end, target, at);
  }
}

function grow(field: Preimage, room: number): void {
  const grown = new Uint8Array(room);
  grown.set(field.bytes.subarray(0, field.valueAt));
  field.bytes = grown;
  field.view = new DataView(grown.buffer);
  field.views = [];
}

/**
 * Copies `source[start, end)`, whose size is a multiple of four: in a quarter of the steps that bytes
 * take, and without the view that `set` needs, which costs more than a run of digests.
 */
function copyWords(
  source: DataView,
  start: number,
  end: number,
  target: DataView,
  at: number,
): void {
  const shift = at - start;
  for (let from = start; from < end; from += 4) {
    target.setInt32(from + shift, source.getInt32(from, true), true);
  }
}

/** Canonical bytes of one value: `bytes[start, end)`. */
export interface CanonicalSlice {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}
