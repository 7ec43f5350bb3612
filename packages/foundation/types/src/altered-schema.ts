/**
 * A table after ALTER TABLE. Rows that were written before keep their bytes, and their commitments, under
 * the definition that they were written with; what is kept here is how they are read from then on.
 *
 * An added column reads in them what its DEFAULT was when it was added, as in PostgreSQL, or NULL. A column
 * that was dropped is gone for readers, and one of its name that is added later is another one.
 */

import { assert } from './error.ts';
import type { TableId } from './id.ts';
import {
  type ColumnSource,
  type EarlierSchema,
  type TableDefinition,
  type TableSchema,
  toTableSchema,
} from './schema.ts';
import type { Row, Value } from './value.ts';

export interface AlteredDefinition {
  readonly id: TableId;
  readonly definition: TableDefinition;
  readonly digest: Uint8Array;
  /** What a column that is new reads in the rows that are there. */
  readonly added: Value;
}

/**
 * The schema after one step that added columns or dropped some. Requires that no index has a dropped one.
 *
 * @throws {TypesError} ERR_TYPES_SCHEMA when the definition is not well-formed
 */
export function alterSchema(
  before: TableSchema,
  { id, definition, digest, added }: AlteredDefinition,
): TableSchema {
  const places = definition.columns.map(({ name }) => placeOf(before.definition, name));
  const now = new Map(places.map((place, index) => [place, index]));
  const sourceIn = (sources: readonly ColumnSource[]): readonly ColumnSource[] =>
    places.map((place) => sources[place] ?? { kind: 'added', value: added });
  const itself = before.definition.columns.map((_, index): ColumnSource => ({
    kind: 'place',
    index,
  }));
  const { checks, defaults } = before.rules;
  return {
    ...toTableSchema(before.id, definition, digest),
    definitionId: id,
    rules: { checks, defaults: places.map((place) => defaults[place] ?? null) },
    indexes: before.indexes.map((index) => ({
      ...index,
      columns: index.columns.map((place) => {
        const moved = now.get(place);
        assert(moved !== undefined, 'an index has a column that was dropped');
        return moved;
      }),
    })),
    earlier: [...before.earlier, { schema: before, columns: itself }].map(
      ({ schema, columns }): EarlierSchema => ({ schema, columns: sourceIn(columns) }),
    ),
  };
}

function placeOf({ columns }: TableDefinition, name: string): number {
  return columns.findIndex((column) => column.name === name);
}

/** The schema that rows were written under which name this definition; undefined where the table has none. */
export function schemaOfDefinition(table: TableSchema, id: number): TableSchema | undefined {
  if (table.definitionId === id) return table;
  return table.earlier.find(({ schema }) => schema.definitionId === id)?.schema;
}

/**
 * A row that was written under an earlier definition, as the table has it now. Requires that the definition
 * is one of the table's.
 */
export function presentRow(table: TableSchema, definitionId: number, values: Row): Row {
  if (table.definitionId === definitionId) return values;
  const earlier = table.earlier.find(({ schema }) => schema.definitionId === definitionId);
  assert(earlier !== undefined, 'a row is of no definition of its table');
  return earlier.columns.map((source) =>
    source.kind === 'added' ? source.value : (values[source.index] as Value),
  );
}
