/** `verity report`: what a law asks of whoever keeps data about people, each in one command. */

import type { JsonObject, JsonValue } from '@veritydb/types';
import type { Command } from 'commander';

import { objectsOf, textOf, textsOf } from '../answer.ts';
import type { CommandContext } from '../context.ts';
import { formatJson } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { writeSecretFile } from '../secret-file.ts';
import { SUBJECT_ARGUMENT, readSubject } from '../subject.ts';
import { formatTable } from '../table.ts';

export function addReportCommands(program: Command, context: CommandContext): void {
  const report = program
    .command('report')
    .description('Reports from the log: disclosures, access, processing, who holds what');
  addAccounting(report, context);
  addSubjectFile(report, context, {
    name: 'access',
    purpose: 'GDPR Article 15',
    description: 'Write what is kept about a data subject, and whom it went to (Article 15)',
    member: null,
  });
  addSubjectFile(report, context, {
    name: 'portability',
    purpose: 'GDPR Article 20',
    description: 'Write the rows about a data subject, for machines to read (Article 20)',
    member: 'data',
  });
  addProcessing(report, context);
  addHolders(report, context);
  addRetention(report, context);
}

function addRetention(report: Command, context: CommandContext): void {
  addExamples(
    report
      .command('retention')
      .description('List rows that are kept for longer than the policies in force say'),
    ['verity report retention'],
  ).action(async () => {
    await context.connect(async (connection) => {
      const path = '/admin/v1/reports/retention';
      const body = { purpose: 'retention' };
      const answer = await connection.json({ method: 'POST', path, body });
      const members = ['table', 'key', 'class', 'keep', 'policy', 'written_at'];
      const rows = cellsOf(objectsOf(answer, 'rows'), members);
      context.show(answer, () => formatTable(members, rows));
      context.say(`${rows.length} rows are due by ${textOf(answer, 'at')}.`);
      for (const table of textsOf(answer, 'truncated')) {
        context.say(
          `${table} has more rows than one report reads: erase those that are due, and ask again.`,
        );
      }
    });
  });
}

function cellsOf(entries: readonly JsonObject[], members: readonly string[]): JsonValue[][] {
  return entries.map((entry) =>
    members.map((member) => {
      const value = entry[member] ?? null;
      return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
    }),
  );
}

function addAccounting(report: Command, context: CommandContext): void {
  addExamples(
    report
      .command('accounting')
      .argument('<subject>', SUBJECT_ARGUMENT)
      .description('List disclosures about a data subject in six years (45 CFR 164.528)'),
    ['verity report accounting @subject.txt'],
  ).action(async (subject: string) => {
    const body = { subject: readSubject(subject) };
    await context.connect(async (connection) => {
      const path = '/admin/v1/reports/accounting';
      const answer = await connection.json({ method: 'POST', path, body });
      const members = ['at', 'recipient', 'description', 'purpose', 'exempt', 'offset'];
      const rows = cellsOf(objectsOf(answer, 'disclosures'), members);
      context.show(answer, () => formatTable(members, rows));
      context.say(`${rows.length} disclosures since ${textOf(answer, 'since')}.`);
    });
  });
}

interface SubjectFile {
  readonly name: string;
  readonly purpose: string;
  readonly description: string;
  /** The member of the report that is written; null: all of it. */
  readonly member: string | null;
}

function addSubjectFile(
  report: Command,
  context: CommandContext,
  { name, purpose, description, member }: SubjectFile,
): void {
  addExamples(
    report
      .command(name)
      .argument('<subject>', SUBJECT_ARGUMENT)
      .requiredOption('--out <file>', 'new file for the report (JSON), readable by you alone')
      .description(description),
    [`verity report ${name} @subject.txt --out subject.json`],
  ).action(async (subject: string, { out }: { readonly out: string }) => {
    const body = { subject: readSubject(subject), purpose };
    const written = await context.connect((connection) =>
      writeSecretFile(out, async () => {
        const path = '/admin/v1/reports/subject-access';
        const answer = await connection.json({ method: 'POST', path, body });
        const tables = objectsOf(answer, 'data').length;
        return { secret: formatJson(member === null ? answer : (answer[member] ?? null)), tables };
      }),
    );
    context.show(
      { file: out, tables: written.tables },
      () => `${written.tables} tables, in ${out}`,
    );
  });
}

function addProcessing(report: Command, context: CommandContext): void {
  addExamples(
    report.command('processing').description('List the records of processing (GDPR, Article 30)'),
    ['verity report processing'],
  ).action(async () => {
    await context.connect(async (connection) => {
      const path = '/admin/v1/reports/processing';
      const answer = await connection.json({ method: 'GET', path });
      const members = [
        'policy',
        'controller',
        'purposes',
        'legal_basis',
        'categories',
        'recipients',
        'retention',
      ];
      context.show(answer, () =>
        formatTable(members, cellsOf(objectsOf(answer, 'activities'), members)),
      );
    });
  });
}

function addHolders(report: Command, context: CommandContext): void {
  addExamples(report.command('holders').description('List who holds which right until when'), [
    'verity report holders',
  ]).action(async () => {
    await context.connect(async (connection) => {
      const path = '/admin/v1/reports/holders';
      const answer = await connection.json({ method: 'GET', path });
      const members = [
        'recipient',
        'purpose',
        'policy',
        'tables',
        'scope',
        'state',
        'expires_at',
        'last_used',
      ];
      context.show(answer, () =>
        formatTable(members, cellsOf(objectsOf(answer, 'holders'), members)),
      );
    });
  });
}
