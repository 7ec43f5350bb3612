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
import type { StoredRow } from '@veritydb/kernel';
import type { Plan } from '@veritydb/query';
import { type RowOrder, type Snapshot, type Tenant, readSource } from '@veritydb/runtime';
import {
  CanonicalWriter,
  type TableSchema,
  type Value,
  canonicalJson,
  compareBytes,
  concatBytes,
  utf8Encode,
  writeValue,
} from '@veritydb/types';

/** The rows that a plan reads, in the order that their recipient may see. */
export function readInOwnOrder(
  tenant: Tenant,
  grant: VerifiedToken,
  snapshot: Snapshot,
  plan: Plan,
): Iterable<StoredRow> {
  const { table, columns } = plan.select.relation;
  const shown = (index: number): boolean =>
    columns.some(({ source, exact }) => source === index && exact);
  if (table.keyIndexes.every(shown)) return readSource(tenant, snapshot, plan);
  const order = ownOrder(tenant, grant, table);
  if (plan.access.kind === 'scan') return snapshot.scanInOrder(table, order);
  const rows = readSource(tenant, snapshot, plan);
  return Array.from(rows, (row) => ({ row, place: order.place(row) }))
    .toSorted((a, b) => compareBytes(a.place, b.place))
    .map(({ row }) => row);
}

function ownOrder(
  tenant: Tenant,
  grant: VerifiedToken,
  { definition, keyIndexes }: TableSchema,
): RowOrder {
  const { crypto } = tenant;
  const owner = canonicalJson([grant.recipient, grant.purpose, definition.name]);
  const writer = new CanonicalWriter(64);
  let key: Uint8Array | undefined;
  return {
    name: owner,
    place: (row) => {
      writer.reset().array(keyIndexes.length);
      for (const index of keyIndexes) {
        const column = definition.columns[index];
        if (column !== undefined) writeValue(writer, column.type, row.values[index] as Value);
      }
      key ??= orderKey(tenant, owner);
      return crypto.hmacSha256(key, writer.view());
    },
  };
}

function orderKey(tenant: Tenant, owner: string): Uint8Array {
  const { crypto } = tenant;
  const info = concatBytes(utf8Encode('veritydb row order v1'), crypto.sha256(utf8Encode(owner)));
  return crypto.hkdfSha256(tenant.keyFor('domain'), new Uint8Array(0), info, 32);
}
