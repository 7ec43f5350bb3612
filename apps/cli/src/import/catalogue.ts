/** The tables that the database has, from its own catalogue. */

import {
  type TableDefinition,
  VerityError,
  parseJson,
  parseTableDefinition,
} from '@veritydb/types';

import type { Connection } from '../connection.ts';
import { CliError } from '../error.ts';

export const IMPORT_PURPOSE = 'import';

export interface CatalogueTable {
  /** Never used again for another table, even after a DROP. */
  readonly id: number;
  readonly definition: TableDefinition;
}

const STATEMENT = 'SELECT table_id, definition, dropped FROM verity_tables';

/** Tables by name; dropped ones are left out. */
export async function readCatalogue(
  connection: Connection,
): Promise<ReadonlyMap<string, CatalogueTable>> {
  const answer = await connection.json({
    method: 'POST',
    path: '/admin/v1/sql',
    body: { sql: STATEMENT, parameters: [], purpose: IMPORT_PURPOSE },
  });
  const tables = new Map<string, CatalogueTable>();
  if (!Array.isArray(answer['rows'])) throw unreadable();
  for (const row of answer['rows'] as readonly unknown[]) {
    if (!Array.isArray(row)) throw unreadable();
    const [id, definition, dropped] = row as readonly unknown[];
    if (!Number.isSafeInteger(id) || typeof definition !== 'string') throw unreadable();
    if (dropped === true) continue;
    const table = { id: id as number, definition: parseDefinition(definition) };
    tables.set(table.definition.name, table);
  }
  return tables;
}

function parseDefinition(text: string): TableDefinition {
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
