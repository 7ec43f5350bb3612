/** What the owner's SELECT reads: a table, or a projection. Recipients' relations are made of tables alone. */

import {
  type Relation,
  type SelectStatement,
  projectionRelation,
  sourceRelation,
  unknownTable,
} from '@veritydb/query';
import type { Row } from '@veritydb/types';

import type { Snapshot } from './snapshot.ts';

export interface Readable {
  readonly relation: Relation;
  /** The values of the relation's columns, of a row that is read. */
  readonly toVisible: (row: Row) => Row;
}

/** @throws {QueryError} ERR_QUERY_UNKNOWN_TABLE */
export function readableOf(
  snapshot: Snapshot,
  { from, source }: Pick<SelectStatement, 'from' | 'source'>,
): Readable {
  const table = snapshot.table(from.text);
  if (table !== undefined) {
    return { relation: sourceRelation(table, source), toVisible: (row) => row };
  }
  const projection = snapshot.projection(from.text);
  if (projection === undefined) throw unknownTable(from);
  const { bound } = projection;
  return projectionRelation(bound, sourceRelation(bound.table, source));
}
