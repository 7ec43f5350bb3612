/**
 * The order in which a recipient gets rows, where the statement asks for none.
 *
 * Rows are read in the order of their key. Where the recipient does not see that key as it is, its order
 * would tell of it; and two recipients, or one under two purposes, could lay their answers side by side
 * and join them row by row, whatever codes they were given. So their rows come in an order of their own:
 * by HMAC of the key under a key of recipient, purpose and table. It is the same each time, so that a
 * question repeated has the same answer, and it is what ORDER BY leaves equal rows in.
 */

import type { VerifiedToken } from '@veritydb/access';
import { clearBytes } from '@veritydb/crypto';
import type { StoredRow } from '@veritydb/kernel';
import type { Relation } from '@veritydb/query';
import type { Tenant } from '@veritydb/runtime';
import {
  CanonicalWriter,
  type Value,
  canonicalJson,
  compareBytes,
  concatBytes,
  utf8Encode,
  writeValue,
} from '@veritydb/types';

/** Rows of a relation in the order that its recipient may see. */
export function inOwnOrder(
  tenant: Tenant,
  grant: VerifiedToken,
  relation: Relation,
  rows: Iterable<StoredRow>,
): Iterable<StoredRow> {
  const { definition, keyIndexes } = relation.table;
  const shown = (index: number): boolean =>
    relation.columns.some(({ source, exact }) => source === index && exact);
  if (keyIndexes.every(shown)) return rows;
  const owner = canonicalJson([grant.recipient, grant.purpose, definition.name]);
  const { crypto } = tenant;
  const info = concatBytes(utf8Encode('veritydb row order v1'), crypto.sha256(utf8Encode(owner)));
  const key = crypto.hkdfSha256(tenant.keyFor('domain'), new Uint8Array(0), info, 32);
  const writer = new CanonicalWriter(64);
  const placed = Array.from(rows, (row) => {
    writer.reset().array(keyIndexes.length);
    for (const index of keyIndexes) {
      const column = definition.columns[index];
      if (column !== undefined) writeValue(writer, column.type, row.values[index] as Value);
    }
    return { row, place: crypto.hmacSha256(key, writer.view()) };
  });
  clearBytes(key);
  return placed.toSorted((a, b) => compareBytes(a.place, b.place)).map(({ row }) => row);
}
