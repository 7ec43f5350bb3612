/** A file of CREATE TABLE statements: each one is read as the database will read it. */

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import { type TableDefinition, VerityError } from '@veritydb/types';

import { CliError } from '../error.ts';
import { reasonOf } from '../secret-file.ts';
import { type StatementText, splitStatements } from './split-statements.ts';

export interface DeclaredTable {
  readonly definition: TableDefinition;
  readonly statement: string;
}

/** Tables that the file declares, by name, in its order. */
export async function readSchemaFile(path: string): Promise<ReadonlyMap<string, DeclaredTable>> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (error) {
    throw new CliError('unavailable', 'ERR_CLI_FILE', `cannot read ${path}: ${reasonOf(error)}`, {
      hint: 'Check the path that --schema names.',
    });
  }
  return parseSchema(source, basename(path));
}

/** @throws {CliError} ERR_CLI_SCHEMA for anything but well-formed CREATE TABLE statements */
export async function parseSchema(
  source: string,
  fileName: string,
): Promise<ReadonlyMap<string, DeclaredTable>> {
  // Loaded here alone: the parser brings its second opinion along, which no other command needs.
  const { parseStatement } = await import('@veritydb/query');
  const tables = new Map<string, DeclaredTable>();
  for (const statement of splitStatements(source, fileName)) {
    let parsed: ReturnType<typeof parseStatement>;
    try {
      parsed = parseStatement(statement.text);
    } catch (error) {
      if (!(error instanceof VerityError)) throw error;
      const detail = error.hint === undefined ? {} : { hint: error.hint };
      throw refused(
        { fileName, statement },
        `${error.code}, in this statement: ${error.message}`,
        detail,
      );
    }
    if (parsed.kind !== 'create-table') {
      throw refused({ fileName, statement }, 'only CREATE TABLE may stand in a schema file', {
        hint: 'Run other statements with `verity sql`.',
      });
    }
    const { definition } = parsed;
    if (tables.has(definition.name)) {
      throw refused({ fileName, statement }, `table ${definition.name} is declared twice`, {
        hint: 'Keep one of the two.',
      });
    }
    tables.set(definition.name, { definition, statement: statement.text });
  }
  return tables;
}

function refused(
  at: { readonly fileName: string; readonly statement: StatementText },
  what: string,
  detail: { readonly hint?: string },
): CliError {
  const message = `${at.fileName}:${at.statement.line}: ${what}`;
  return new CliError('format', 'ERR_CLI_SCHEMA', message, detail);
}
