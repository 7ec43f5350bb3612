/** A file of disclosures as its rows, to be changed and written again. */

import { HASH_SIZE, concatBytes, toHash, toOffset } from '@veritydb/types';

import {
  type Disclosure,
  ROW_HEAD_SIZE,
  encodeDisclosure,
  maskSize,
} from '../src/disclosure-row.ts';

/** The rows of a file that is in order. Digests are counted by the sizes that stand there. */
export function decodeDisclosures(bytes: Uint8Array): readonly Disclosure[] {
  return splitDisclosures(bytes).map((row) => {
    const view = new DataView(row.buffer, row.byteOffset, row.length);
    const count = countDigests(row);
    const fields: Uint8Array[] = [];
    let at = ROW_HEAD_SIZE + maskSize(count);
    for (let index = 0; index < count; index += 1) {
      const size = isOpened(row, index) ? 16 : HASH_SIZE;
      fields.push(row.slice(at, at + size));
      at += size;
    }
    return {
      offset: toOffset(Number(view.getBigUint64(0, true))),
      row: view.getUint32(8, true),
      schema: view.getUint8(14),
      event: view.getUint8(15) === 1 ? 'insert' : 'update',
      commitment: toHash(row.slice(16, 48)),
      fields,
    };
  });
}

function isOpened(row: Uint8Array, index: number): boolean {
  return (((row[ROW_HEAD_SIZE + (index >> 3)] as number) >> (index & 7)) & 1) === 1;
}

/** The one number of digests that the size of a row allows. */
function countDigests(row: Uint8Array): number {
  let size = ROW_HEAD_SIZE;
  for (let count = 0; ; count += 1) {
    if (size + maskSize(count) === row.length) return count;
    size += isOpened(row, count) ? 16 : HASH_SIZE;
  }
}

export function splitDisclosures(bytes: Uint8Array): readonly Uint8Array[] {
  const rows: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length;) {
    const size = view.getUint16(at + 12, true);
    rows.push(bytes.slice(at, at + size));
    at += size;
  }
  return rows;
}

export function editRows(
  change: (rows: readonly Disclosure[]) => readonly Disclosure[],
): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => concatBytes(...change(decodeDisclosures(bytes)).map(encodeDisclosure));
}

/** The same change to one row. */
export function editRow(
  index: number,
  change: (row: Disclosure) => Partial<Disclosure>,
): (bytes: Uint8Array) => Uint8Array {
  return editRows((rows) =>
    rows.map((row, place) => (place === index ? { ...row, ...change(row) } : row)),
  );
}
