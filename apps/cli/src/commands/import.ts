/** `verity import`: files to tables. */

import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { FHIR_R4_SCHEMA } from '../import/fhir-r4.ts';
import { type FoundSources, findFiles, findSources } from '../import/find-sources.ts';
import { type Imported, importSources } from '../import/import-sources.ts';
import { readMapping } from '../import/mapping-file.ts';
import { type DeclaredTable, parseSchema, readSchemaFile } from '../import/schema-file.ts';
import { addImportSchemaCommand } from './import-schema.ts';

interface ImportOptions {
  readonly schema?: string;
  readonly map?: string;
  readonly rejects?: string;
}

export function addImportCommand(program: Command, context: CommandContext): void {
  const imports = addExamples(
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
  addImportSchemaCommand(imports, context);
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
    const imported = await importSources({
      connection,
      sources: found.sources,
      declared,
      rejects: options.rejects ?? null,
      terminal: context.terminal,
      say: (text) => {
        context.say(text);
      },
    });
    report(context, { ...imported, found });
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

type Done = Imported & { readonly found: FoundSources };

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
