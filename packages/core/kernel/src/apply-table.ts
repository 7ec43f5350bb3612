/** Tables: made with their rules, dropped, and folded back from the rows that say so. */

import { type Crypto, schemaDigest } from '@veritydb/crypto';
import { compileChecks } from '@veritydb/query';
import {
  type JsonObject,
  type TableDefinition,
  type TableRules,
  type TableSchema,
  assert,
  canonicalJson,
  checkTableDefinition,
  formatTableDefinition,
  parseCanonicalJson,
  parseTableDefinition,
  toTableId,
  toTableSchema,
  valueFromJson,
  valueToJson,
} from '@veritydb/types';

import { indexRow } from './apply-index.ts';
import { noTable, refuseProjected, refuseTaken, reservedName } from './apply-projection.ts';
import { withTable } from './catalogue.ts';
import type { Command } from './command.ts';
import type { RowChange } from './event.ts';
import { insertInto } from './reserved-row.ts';
import { RESERVED_PREFIX } from './reserved.ts';
import type { KernelState } from './state.ts';

export function createTable(
  state: KernelState,
  { definition, rules, uniques = [] }: Extract<Command, { kind: 'create-table' }>,
  crypto: Crypto,
): readonly RowChange[] {
  checkTableDefinition(definition);
  const { name } = definition;
  if (name.startsWith(RESERVED_PREFIX)) throw reservedName();
  refuseTaken(state, name);
  const id = state.nextTableId;
  const schema = toTableSchema(toTableId(id), definition, schemaDigest(crypto, definition));
  const table: TableSchema = { ...schema, rules: rules ?? schema.rules };
  // Refuses a condition that does not fit the columns: later there would be nobody to tell.
  compileChecks(table);
  const changes = [
    insertInto(state, 'verity_tables', {
      table_id: BigInt(id),
      name,
      definition: formatTableDefinition(definition),
      dropped: false,
    }),
  ];
  const { checks, defaults } = table.rules;
  if (checks.length > 0 || defaults.some((value) => value !== null)) {
    const row = { table_id: BigInt(id), rules: formatRules(definition, table.rules) };
    changes.push(insertInto(state, 'verity_rules', row));
  }
  for (const [place, index] of uniques.entries()) {
    const earlier = uniques.slice(0, place);
    changes.push(indexRow(state, table, index, { id: id + 1 + place, earlier }));
  }
  return changes;
}

export function dropTable(state: KernelState, name: string): readonly RowChange[] {
  if (name.startsWith(RESERVED_PREFIX)) throw reservedName();
  const table = state.tablesByName.get(name);
  if (table === undefined) throw noTable(state, name);
  refuseProjected(state, table);
  const changed = insertInto(state, 'verity_tables', {
    table_id: BigInt(table.id),
    name,
    definition: formatTableDefinition((table.earlier[0]?.schema ?? table).definition),
    dropped: true,
  });
  return [{ ...changed, event: 'update' }];
}

/** `{"checks":[{"name","text"}…],"defaults":{column: value…}}`, canonical. */
export function formatRules(
  { columns }: TableDefinition,
  { defaults, checks }: TableRules,
): string {
  const values: Record<string, JsonObject[string]> = {};
  for (const [index, { name, type }] of columns.entries()) {
    const value = defaults[index] ?? null;
    if (value !== null) values[name] = valueToJson(type, value);
  }
  return canonicalJson({
    checks: checks.map(({ name, text }) => ({ name, text })),
    defaults: values,
  });
}

function parseRules({ columns }: TableDefinition, text: string): TableRules {
  const { checks, defaults } = parseCanonicalJson(text) as unknown as {
    readonly checks: TableRules['checks'];
    readonly defaults: JsonObject;
  };
  return {
    checks,
    defaults: columns.map(({ name, type }) => {
      const value = Object.hasOwn(defaults, name) ? defaults[name] : undefined;
      return value === undefined ? null : valueFromJson(type, value);
    }),
  };
}

/** Moves the state on by a row of `verity_tables`: at a change, and when the store is opened. */
export function evolveTable(
  state: KernelState,
  values: RowChange['values'],
  crypto: Crypto,
): KernelState {
  const [id, name, definitionText, dropped] = values;
  const tableId = toTableId(Number(id));
  const definition = parseTableDefinition(parseCanonicalJson(definitionText as string));
  const schema = toTableSchema(tableId, definition, schemaDigest(crypto, definition));
  // Who drops a table leaves it its rules, indexes and what it was altered to: its past goes on having them.
  const table = state.tablesById.get(tableId) ?? schema;
  const tablesByName = new Map(state.tablesByName);
  const tablesById = new Map(state.tablesById);
  assert(definition.name === name, 'table row names another table than its definition');
  // Opening the store meets only the newest version of a row: a table that was dropped is not known
  // yet, and its creation counts as well.
  const changes = dropped === true && !tablesById.has(tableId) ? 2 : 1;
  if (dropped === true) {
    if (tablesByName.get(definition.name)?.id === tableId) tablesByName.delete(definition.name);
    if (!tablesById.has(tableId)) tablesById.set(tableId, table);
  } else {
    tablesByName.set(definition.name, table);
    tablesById.set(tableId, table);
  }
  return {
    ...state,
    tablesByName,
    tablesById,
    nextTableId: Math.max(state.nextTableId, tableId + 1),
    schemaVersion: state.schemaVersion + changes,
  };
}

/** Moves the state on by a row of `verity_rules`. */
export function evolveRules(state: KernelState, values: RowChange['values']): KernelState {
  const [id, text] = values;
  const table = state.tablesById.get(toTableId(Number(id)));
  assert(table !== undefined, 'rules of no table');
  return withTable(state, { ...table, rules: parseRules(table.definition, text as string) });
}
