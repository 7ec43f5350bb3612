/**
 * Projections: made, dropped, and folded back from the rows that say so. Their rows are kept by who keeps
 * the rows of tables, and stand in no record: they are made of rows that do, and end where those end.
 */

import { type BoundProjection, ProjectionJoin, bindProjection } from '@veritydb/query';
import {
  type TableId,
  type TableSchema,
  type Value,
  assert,
  isCatalogueName,
  toTableId,
} from '@veritydb/types';

import { unknownTable } from './catalogue.ts';
import type { Command } from './command.ts';
import { KernelError } from './error.ts';
import type { RowChange } from './event.ts';
import { insertInto, readNamed, updateIn } from './reserved-row.ts';
import { RESERVED_PREFIX, USER_TABLE_ID_MIN } from './reserved.ts';
import type { KernelState, TableReader } from './state.ts';

/** Projections that may rest on one table: each write of a row pays for all of them. */
const PROJECTIONS_PER_TABLE_MAX = 16;

export interface Projection {
  /** Of the tree of its rows; those of its other trees follow. */
  readonly id: TableId;
  readonly name: string;
  /** SQL of its SELECT, as it was written. */
  readonly text: string;
  readonly bound: BoundProjection;
}

export function createProjection(
  state: KernelState,
  { name, text }: Extract<Command, { kind: 'create-projection' }>,
): readonly RowChange[] {
  assert(isCatalogueName(name), 'the name of a projection is none');
  if (name.startsWith(RESERVED_PREFIX)) throw reservedName();
  refuseTaken(state, name);
  const id = toTableId(state.nextTableId);
  const bound = bindProjection({ id, name, text }, (table) => baseNamed(state, table));
  for (const { table } of bound.levels) checkCount(state, table);
  return [
    insertInto(state, 'verity_projections', {
      projection_id: BigInt(id),
      name,
      definition: text,
      trees: treeCount(bound),
      dropped: false,
    }),
  ];
}

/** Of its rows, for each lookup that it keeps, and of the values that MIN and MAX are found among. */
function treeCount(bound: BoundProjection): number {
  return 2 + new ProjectionJoin(bound).lookups.length;
}

/** The tables of users alone: what the database keeps of itself is under rules of its own. */
function baseNamed(state: KernelState, name: string): TableSchema | undefined {
  const table = state.tablesByName.get(name);
  return table === undefined || table.id < USER_TABLE_ID_MIN ? undefined : table;
}

function checkCount(state: KernelState, table: TableSchema): void {
  if (projectionsOf(state, table.id).length < PROJECTIONS_PER_TABLE_MAX) return;
  throw new KernelError(
    'conflict',
    'ERR_KERNEL_PROJECTION_LIMIT',
    `${PROJECTIONS_PER_TABLE_MAX} projections rest on ${table.definition.name}`,
    { hint: 'drop one of them first: each makes every write of the table dearer' },
  );
}

/** The projections that rest on a table. */
export function projectionsOf(state: KernelState, id: TableId): readonly Projection[] {
  return [...state.projections.values()].filter(({ bound }) =>
    bound.levels.some(({ table }) => table.id === id),
  );
}

export function dropProjection(
  state: KernelState,
  name: string,
  rows: TableReader,
): readonly RowChange[] {
  const projection = state.projections.get(name);
  if (projection === undefined) {
    throw new KernelError('format', 'ERR_KERNEL_PROJECTION_UNKNOWN', 'no such projection', {
      hint: 'check the name; a table is dropped with DROP TABLE',
    });
  }
  const row = readNamed(state, 'verity_projections', [BigInt(projection.id)], { rows });
  assert(row !== undefined, 'a projection has no row');
  return [updateIn(state, 'verity_projections', row, { dropped: true })];
}

/** @throws {KernelError} ERR_KERNEL_TABLE_EXISTS */
export function refuseTaken(state: KernelState, name: string): void {
  const isTable = state.tablesByName.has(name);
  if (!isTable && !state.projections.has(name)) return;
  const what = isTable ? 'table' : 'projection';
  throw new KernelError('conflict', 'ERR_KERNEL_TABLE_EXISTS', `${what} ${name} exists`, {
    hint: `choose another name, or drop the ${what} first`,
  });
}

/**
 * Refuses what would take a table from under a projection.
 *
 * @throws {KernelError} ERR_KERNEL_PROJECTED
 */
export function refuseProjected(state: KernelState, table: TableSchema): void {
  const [projection] = projectionsOf(state, table.id);
  if (projection === undefined) return;
  throw new KernelError(
    'conflict',
    'ERR_KERNEL_PROJECTED',
    `projection ${projection.name} rests on ${table.definition.name}`,
    { hint: `DROP PROJECTION ${projection.name} first` },
  );
}

/**
 * The refusal of a name that no table has: of a projection, which nobody writes, or of nothing.
 */
export function noTable(state: KernelState, name: string): KernelError {
  return state.projections.has(name) ? readOnly(name) : unknownTable();
}

export function readOnly(name: string): KernelError {
  return new KernelError(
    'denied',
    'ERR_KERNEL_PROJECTION_READ_ONLY',
    `${name} is a projection: its rows are made of others`,
    { hint: 'write the tables that it rests on, or DROP PROJECTION' },
  );
}

/** Moves the state on by a row of `verity_projections`: at a change, and when the store is opened. */
export function evolveProjection(state: KernelState, values: RowChange['values']): KernelState {
  const [rowId, rowName, rowText, trees, dropped] = values as readonly Exclude<Value, null>[];
  const id = toTableId(Number(rowId));
  const name = rowName as string;
  const text = rowText as string;
  const projections = new Map(state.projections);
  if (dropped !== true) {
    const bound = bindProjection({ id, name, text }, (table) => baseNamed(state, table));
    projections.set(name, { id, name, text, bound });
  } else if (projections.get(name)?.id === id) projections.delete(name);
  const nextTableId = Math.max(state.nextTableId, id + (trees as number));
  return { ...state, projections, nextTableId };
}

/** The refusal of a name that begins as those of the database's own tables do. */
export function reservedName(): KernelError {
  return new KernelError(
    'denied',
    'ERR_KERNEL_RESERVED',
    `tables named ${RESERVED_PREFIX}… belong to the database`,
    { hint: 'choose a name without that beginning' },
  );
}
