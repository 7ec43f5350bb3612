/** The tables that the database has, from its own catalogue. */

import {
  type TableDefinition,
  VerityError,
  parseJson,
  parseTableDefinition,
} from '@veritydb/types';

import type { Connection } from '../connection.ts';
import { CliError } from '../error.ts';

export interface CatalogueTable {
  /** Never used again for another table, even after a DROP. */
  readonly id: number;
  readonly definition: TableDefinition;
}

const TABLES = 'SELECT table_id, definition, dropped FROM verity_tables';
/** What tables were altered to, the newest last. */
const ALTERED = 'SELECT table_id, definition FROM verity_definitions ORDER BY definition_id';

/** Tables by name; dropped ones are left out. */
export async function readCatalogue(
  connection: Connection,
  purpose: string,
): Promise<ReadonlyMap<string, CatalogueTable>> {
  const byId = new Map<number, TableDefinition>();
  for (const [id, definition, dropped] of await rowsOf(connection, purpose, TABLES)) {
    if (dropped !== true) byId.set(toId(id), parseDefinition(definition));
  }
  for (const [id, definition] of await rowsOf(connection, purpose, ALTERED)) {
    if (byId.has(toId(id))) byId.set(toId(id), parseDefinition(definition));
  }
  return new Map(
    [...byId].map(([id, definition]) => [definition.name, { id, definition }] as const),
  );
}

async function rowsOf(
  connection: Connection,
  purpose: string,
  sql: string,
): Promise<readonly (readonly unknown[])[]> {
  const { rows } = await connection.json({
    method: 'POST',
    path: '/admin/v1/sql',
    body: { sql, parameters: [], purpose },
  });
  if (!Array.isArray(rows)) throw unreadable();
  return (rows as readonly unknown[]).map((row): readonly unknown[] => {
    if (Array.isArray(row)) return row;
    throw unreadable();
  });
}

function toId(id: unknown): number {
  if (Number.isSafeInteger(id)) return id as number;
  throw unreadable();
}

function parseDefinition(text: unknown): TableDefinition {
  if (typeof text !== 'string') throw unreadable();
  try {
    return parseTableDefinition(parseJson(text));
  } catch (error) {
    if (error instanceof VerityError) throw unreadable();
    throw error;
  }
}

function unreadable(): CliError {
  return new CliError('expectation', 'ERR_CLI_ANSWER', 'the catalogue does not read as one', {
    hint: 'Check that the server and this command are of one version: `verity status`.',
  });
}
