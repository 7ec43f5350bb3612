/** `verity import schema`: the tables of another database, as CREATE TABLE statements of this one. */

import type { ForeignDialect } from '@veritydb/query/foreign-schema';
import { type Command, Option } from 'commander';

import type { CommandContext } from '../context.ts';
import { addExamples } from '../examples.ts';
import { readForeignDump } from '../import/foreign-schema.ts';
import { writeNew } from '../new-file.ts';

const DIALECTS: readonly ForeignDialect[] = ['postgresql', 'mysql', 'sqlite'];

interface SchemaOptions {
  readonly dialect: ForeignDialect;
  readonly out?: string;
}

export function addImportSchemaCommand(imports: Command, context: CommandContext): void {
  addExamples(
    imports
      .command('schema')
      .argument(
        '<dump>',
        'file of SQL that another database wrote: its CREATE TABLE statements count',
      )
      .addOption(
        new Option('--dialect <name>', 'whose it is').choices([...DIALECTS]).makeOptionMandatory(),
      )
      .option('--out <file>', 'new file for the statements, instead of printing them')
      .description(
        'Make the tables of another database into CREATE TABLE statements of this one, and say what ' +
          'has no place here. Nothing is created: read them, give columns their DATA CLASS and the ' +
          'table its DATA SUBJECT, then use them as --schema.',
      ),
    [
      'pg_dump --schema-only clinic > dump.sql',
      'verity import schema dump.sql --dialect postgresql --out schema.sql',
    ],
  ).action(async (dump: string, { dialect, out }: SchemaOptions) => {
    const { notes, statements } = await readForeignDump(dump, dialect);
    const text = statements.map((statement) => `${statement};\n`).join('\n');
    if (out !== undefined) await writeNew(out, new TextEncoder().encode(text));
    if (context.isJson) {
      context.show({ statements: [...statements], notes: [...notes] }, () => '');
      return;
    }
    if (out === undefined) context.show({}, () => text.trimEnd());
    for (const note of notes) context.say(note);
    const count = statements.length === 1 ? '1 table' : `${statements.length} tables`;
    context.say(`${count}${out === undefined ? '' : ` in ${out}`}.`);
  });
}
