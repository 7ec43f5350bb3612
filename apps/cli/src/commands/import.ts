/** `verity import`: CSV files to tables. */

import { basename } from 'node:path';

import type { Command } from 'commander';

import type { Connection } from '../connection.ts';
import type { CommandContext } from '../context.ts';
import { CliError } from '../error.ts';
import { addExamples } from '../examples.ts';
import { IMPORT_PURPOSE, readCatalogue } from '../import/catalogue.ts';
import { loadFile } from '../import/load.ts';
import { type FilePlan, type ImportPlan, findCsvFiles, planImport } from '../import/plan.ts';
import { readSchemaFile } from '../import/schema-file.ts';
import { ProgressBar } from '../progress.ts';
import { formatRowCount } from '../table.ts';

export function addImportCommand(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('import')
      .argument('<path...>', 'CSV files, or folders of them; a file is named as its table')
      .option('--schema <file>', 'CREATE TABLE statements for tables that do not exist yet')
      .description(
        'Load CSV files. Every row of every file is checked before the first one is sent. ' +
          'Tables that nobody declared are made from the values. Running it again doubles nothing.',
      ),
    ['verity import data/ --schema schema.sql', 'verity import patients.csv encounters.csv'],
  ).action(async (paths: readonly string[], options: { readonly schema?: string }) => {
    await runImport(context, paths, options.schema);
  });
}

async function runImport(
  context: CommandContext,
  arguments_: readonly string[],
  schema: string | undefined,
): Promise<void> {
  const paths = await findCsvFiles(arguments_);
  const declared = schema === undefined ? new Map() : await readSchemaFile(schema);
  await context.connect(async (connection) => {
    const existing = await readCatalogue(connection);
    const plan = await planImport({ paths, declared, existing });
    await createTables(connection, plan);
    for (const { table } of plan.creations) context.say(`Created table ${table}.`);
    const catalogue = plan.creations.length === 0 ? existing : await readCatalogue(connection);
    let position: number | null = null;
    for (const file of plan.files) {
      const tableId = catalogue.get(file.table)?.id;
      if (tableId === undefined) throw lostTable(file);
      const bar = new ProgressBar(context.terminal, file.table, file.sizeBytes);
      const onProgress = (bytesRead: number): void => {
        bar.update(bytesRead);
      };
      try {
        position = (await loadFile({ connection, plan: file, tableId, onProgress })) ?? position;
      } finally {
        bar.clear();
      }
      context.say(`${file.table}: ${formatRowCount(file.rowCount)} of ${basename(file.path)}.`);
    }
    report(context, plan, position);
  });
}

async function createTables(connection: Connection, plan: ImportPlan): Promise<void> {
  for (const { statement } of plan.creations) {
    await connection.json({
      method: 'POST',
      path: '/admin/v1/sql',
      body: { sql: statement, parameters: [], purpose: IMPORT_PURPOSE },
    });
  }
}

function report(context: CommandContext, plan: ImportPlan, position: number | null): void {
  if (context.isJson) {
    const created = plan.creations.map(({ table }) => table);
    const files = plan.files.map(({ path, table, origin, rowCount, sha256 }) => ({
      path,
      table,
      origin,
      rows: rowCount,
      sha256,
    }));
    context.show({ created, files, position }, () => '');
    return;
  }
  const inferred = plan.files.filter(({ origin }) => origin === 'inferred');
  if (inferred.length > 0) {
    const names = inferred.map(({ table }) => table).join(', ');
    context.say(`Made from the values, without data classes or a data subject: ${names}.`);
  }
  context.say('Next: verity policy lint FILE, then verity policy activate FILE.');
}

function lostTable({ table }: FilePlan): CliError {
  return new CliError('conflict', 'ERR_CLI_SCHEMA', `table ${table} is gone`, {
    hint: 'Somebody dropped it meanwhile: run the import again.',
  });
}
