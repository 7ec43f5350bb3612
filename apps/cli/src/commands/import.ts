/** `verity import`: files to tables. */

import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';

import type { Command } from 'commander';

import type { Connection } from '../connection.ts';
import type { CommandContext } from '../context.ts';
import { CliError } from '../error.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { IMPORT_PURPOSE, readCatalogue } from '../import/catalogue.ts';
import { type Reject, assertNoRejects } from '../import/check-rows.ts';
import { FHIR_R4_SCHEMA } from '../import/fhir-r4.ts';
import { type FoundSources, findFiles, findSources } from '../import/find-sources.ts';
import { loadFile } from '../import/load.ts';
import { readMapping } from '../import/mapping-file.ts';
import { type FilePlan, type ImportPlan, planImport } from '../import/plan.ts';
import { type DeclaredTable, parseSchema, readSchemaFile } from '../import/schema-file.ts';
import { ProgressBar } from '../progress.ts';
import { reasonOf } from '../secret-file.ts';
import { formatRowCount } from '../table.ts';

interface ImportOptions {
  readonly schema?: string;
  readonly map?: string;
  readonly rejects?: string;
}

export function addImportCommand(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('import')
      .argument('<path...>', 'files, or folders of them: .csv, .ndjson, .jsonl, .json')
      .option('--schema <file>', 'CREATE TABLE statements for tables that do not exist yet')
      .option('--map <file>', 'which parts of JSON go into which columns (docs/IMPORT.md)')
      .option('--rejects <file>', 'new file for every row that does not fit, with the reason')
      .description(
        'Load CSV, NDJSON and FHIR R4. Every row of every file is checked before the first one is ' +
          'sent. Tables that nobody declared are made from the values. Running it again doubles nothing.',
      ),
    [
      'verity import data/ --schema schema.sql',
      'verity import patients.csv encounters.ndjson',
      'verity import bundle.json --rejects rejects.ndjson',
    ],
  ).action(async (paths: readonly string[], options: ImportOptions) => {
    await runImport(context, paths, options);
  });
}

async function runImport(
  context: CommandContext,
  paths: readonly string[],
  options: ImportOptions,
): Promise<void> {
  const mapping = options.map === undefined ? null : await readMapping(options.map);
  const found = await findSources(await findFiles(paths), mapping);
  const declared = await declaredTables(found, options.schema);
  await context.connect(async (connection) => {
    const existing = await readCatalogue(connection);
    const plan = await planImport({ sources: found.sources, declared, existing });
    if (plan.rejects.length > 0 && options.rejects !== undefined) {
      await writeRejects(options.rejects, plan.rejects);
    }
    assertNoRejects(plan.rejects, options.rejects ?? null);
    await createTables(connection, plan);
    for (const { table } of plan.creations) context.say(`Created table ${table}.`);
    const catalogue = plan.creations.length === 0 ? existing : await readCatalogue(connection);
    let position: number | null = null;
    for (const file of plan.files) {
      const { table } = file.source;
      const tableId = catalogue.get(table)?.id;
      if (tableId === undefined) throw lostTable(table);
      position = (await loadOne(context, { connection, file, tableId })) ?? position;
    }
    report(context, { plan, found, position });
  });
}

/** Those of the schema file; of FHIR, the tables that it has rows for, where the file declares no other. */
async function declaredTables(
  { isFhir, sources }: FoundSources,
  schema: string | undefined,
): Promise<ReadonlyMap<string, DeclaredTable>> {
  const declared = schema === undefined ? new Map() : await readSchemaFile(schema);
  if (!isFhir) return declared;
  const filled = new Set(sources.map(({ table }) => table));
  const own = [...(await parseSchema(FHIR_R4_SCHEMA, 'FHIR R4'))];
  return new Map([...own.filter(([table]) => filled.has(table)), ...declared]);
}

interface Load {
  readonly connection: Connection;
  readonly file: FilePlan;
  readonly tableId: number;
}

async function loadOne(
  context: CommandContext,
  { connection, file, tableId }: Load,
): Promise<number | null> {
  const { path, table } = file.source;
  const bar = new ProgressBar(context.terminal, table, file.sizeBytes);
  const onProgress = (bytesRead: number): void => {
    bar.update(bytesRead);
  };
  try {
    return await loadFile({ connection, plan: file, tableId, onProgress });
  } finally {
    bar.clear();
    context.say(`${table}: ${formatRowCount(file.rowCount)} of ${basename(path)}.`);
  }
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

/** NDJSON: place and reason of each. It holds no value of a row. */
async function writeRejects(path: string, rejects: readonly Reject[]): Promise<void> {
  const text = rejects.map((reject) => `${JSON.stringify(reject)}\n`).join('');
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw new CliError('conflict', 'ERR_CLI_FILE', `cannot create ${path}: ${reasonOf(error)}`, {
      hint: 'Name a file that does not exist yet, in a folder that does.',
    });
  }
}

interface Done {
  readonly plan: ImportPlan;
  readonly found: FoundSources;
  readonly position: number | null;
}

function report(context: CommandContext, { found, plan, position }: Done): void {
  if (context.isJson) {
    const created = plan.creations.map(({ table }) => table);
    const files = plan.files.map(({ origin, rowCount, sha256, source: { path, table } }) => ({
      path,
      table,
      origin,
      rows: rowCount,
      sha256,
    }));
    const leftOut = Object.fromEntries(found.leftOut);
    context.show({ created, files, left_out: leftOut, position }, () => '');
    return;
  }
  if (found.leftOut.size > 0) {
    const kinds = [...found.leftOut].map(([kind, count]) => `${escapeControls(kind)} ${count}`);
    context.say(`Left out, since no table is mapped for them: ${kinds.join(', ')}.`);
  }
  const inferred = plan.files.filter(({ origin }) => origin === 'inferred');
  if (inferred.length > 0) {
    const names = [...new Set(inferred.map(({ source }) => source.table))];
    context.say(
      `Made from the values, without data classes or a data subject: ${names.join(', ')}.`,
    );
    context.say(`Next: verity classify ${names[0] ?? ''}, and say what it is in a schema file.`);
    return;
  }
  context.say('Next: verity policy lint FILE, then verity policy activate FILE.');
}

function lostTable(table: string): CliError {
  return new CliError('conflict', 'ERR_CLI_SCHEMA', `table ${table} is gone`, {
    hint: 'Somebody dropped it meanwhile: run the import again.',
  });
}
