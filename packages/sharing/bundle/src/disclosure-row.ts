/**
 * A row of disclosures/<table>.bin: where it stands in the log, its commitment, and for each of its
 * digests, in digest order, either the salt that opens it or the digest itself. The commitment follows
 * from the rest: it stands there so that a changed row is named, and not only the record that it pretends
 * to be of.
 *
 * | at | size | field, integers little-endian |
 * |---|---|---|
 * | 0 | 8 | offset of the record |
 * | 8 | 4 | index of the row in its record |
 * | 12 | 2 | size of all that is said here of this row |
 * | 14 | 1 | index of its schema in the manifest |
 * | 15 | 1 | event: 1 insert, 2 update |
 * | 16 | 32 | row commitment |
 * | 48 | ⌈n / 8⌉ | digest i is opened where bit i mod 8 of byte ⌊i / 8⌋ is set; bits beyond n are not |
 * | | | of each digest the salt (16) where it is opened, else the digest (32) |
 */

import { SALT_SIZE } from '@veritydb/crypto';
import { HASH_SIZE, type Hash, type Offset, assert } from '@veritydb/types';

export const EVENT_CODES = { insert: 1, update: 2 } as const;
export type ShownEvent = keyof typeof EVENT_CODES;

export const ROW_HEAD_SIZE = 48;

export interface Disclosure {
  /** Commitment of the row, which its values, salts and digests must lead to. */
  readonly commitment: Hash;
  readonly event: ShownEvent;
  readonly offset: Offset;
  /** Index of the row in its record. */
  readonly row: number;
  /** Index of the schema in the manifest's table. */
  readonly schema: number;
  /** Salts and digests, told apart by their size. */
  readonly fields: readonly Uint8Array[];
}

/** Bytes that say of n digests which are opened. */
export function maskSize(count: number): number {
  return (count + 7) >> 3;
}

export function encodeDisclosure(disclosure: Disclosure): Uint8Array {
  const { fields } = disclosure;
  const fieldsAt = ROW_HEAD_SIZE + maskSize(fields.length);
  const size = fields.reduce((sum, field) => sum + field.length, fieldsAt);
  assert(size <= 0xffff, 'row has more digests than a bundle holds');
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(disclosure.offset), true);
  view.setUint32(8, disclosure.row, true);
  view.setUint16(12, size, true);
  view.setUint8(14, disclosure.schema);
  view.setUint8(15, EVENT_CODES[disclosure.event]);
  bytes.set(disclosure.commitment, 16);
  let at = fieldsAt;
  for (const [index, field] of fields.entries()) {
    const isOpened = field.length === SALT_SIZE;
    assert(isOpened || field.length === HASH_SIZE, 'field is neither salt nor digest');
    if (isOpened) {
      const byte = ROW_HEAD_SIZE + (index >> 3);
      bytes[byte] = (bytes[byte] as number) | (1 << (index & 7));
    }
    bytes.set(field, at);
    at += field.length;
  }
  return bytes;
}
