/** `verity audit`: who asked what, why, and what came of it, newest first. */

import type { JsonObject, JsonValue } from '@veritydb/types';
import type { Command } from 'commander';

import { numberOf, objectsOf } from '../answer.ts';
import { parseCount, parseOffset } from '../arguments.ts';
import type { CommandContext } from '../context.ts';
import { addExamples } from '../examples.ts';
import { formatTable } from '../table.ts';

interface AuditOptions {
  readonly limit: number;
  readonly before?: number;
}

export function addAuditCommand(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('audit')
      .option('--limit <count>', 'entries', parseCount, 20)
      .option('--before <offset>', 'only entries before this offset: the next page', parseOffset)
      .description('Show access records: time, who, what, purpose, decision, rows, offset'),
    ['verity audit', 'verity audit --limit 100 --json'],
  ).action(async ({ limit, before }: AuditOptions) => {
    const page = new URLSearchParams({ limit: String(limit) });
    if (before !== undefined) page.set('before', String(before));
    await context.connect(async (connection) => {
      const answer = await connection.json({
        method: 'GET',
        path: `/admin/v1/audit?${page.toString()}`,
      });
      const rows = objectsOf(answer, 'entries').map(rowOf);
      const headings = ['time', 'who', 'what', 'purpose', 'decision', 'rows', 'offset'];
      context.show(answer, () => formatTable(headings, rows));
      const unanswered = numberOf(answer, 'unanswered');
      if (unanswered > 0) {
        context.say(`${unanswered} intents have no outcome: calls that run still, or a crash.`);
      }
    });
  });
}

function rowOf(entry: JsonObject): readonly JsonValue[] {
  const { action, table, decision, code } = entry;
  return [
    entry['at'] ?? null,
    entry['recipient'] ?? null,
    together(action, table),
    entry['purpose'] ?? null,
    together(decision, code),
    entry['rows'] ?? null,
    entry['offset'] ?? null,
  ];
}

function together(first: JsonValue | undefined, second: JsonValue | undefined): string {
  return [first, second].filter((part) => typeof part === 'string').join(' ');
}
