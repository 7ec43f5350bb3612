/** `verity log`: the log that all of it stands on. Proofs are in `log-proof.ts`, time stamps in `timestamp.ts`. */

import type { Command } from 'commander';

import { numberOf, objectsOf, textOf } from '../answer.ts';
import type { CommandContext } from '../context.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { addLogProofCommands } from './log-proof.ts';
import { addStateProofCommands } from './state-proof.ts';
import { addTimestampCommand } from './timestamp.ts';

export function addLogCommands(program: Command, context: CommandContext): void {
  const log = program.command('log').description('The log: its key, checkpoints, proofs, health');
  addExamples(log.command('key').description("Print the log's public key, for those who verify"), [
    'verity log key > log.key',
  ]).action(async () => {
    await showText(context, '/v1/log-key', 'key');
  });

  addExamples(
    log
      .command('checkpoint')
      .option('--published', 'the one that readers are given, with the cosignatures of witnesses')
      .description('Print the newest signed checkpoint'),
    ['verity log checkpoint > checkpoint.txt', 'verity log checkpoint --published'],
  ).action(async ({ published }: { readonly published?: boolean }) => {
    await showText(context, published === true ? '/checkpoint' : '/v1/checkpoint', 'checkpoint');
  });

  addPublish(log, context);
  addTimestampCommand(log, context);
  addStateProofCommands(log, context);

  addExamples(
    log.command('check').description('Read the whole log again: checksums, chain, tree'),
    ['verity log check', 'verity log check --json'],
  ).action(async () => {
    await context.connect(async (connection) => {
      const answer = await connection.json({ method: 'POST', path: '/admin/v1/log/check' });
      const recoveries = objectsOf(answer, 'recoveries').map(
        (recovery) =>
          `recovery at offset ${numberOf(recovery, 'offset')}: ${textOf(recovery, 'reason')}, ` +
          `${numberOf(recovery, 'discarded_bytes')} bytes discarded`,
      );
      const damaged = objectsOf(answer, 'damaged').map(
        (record) =>
          `damaged: record ${numberOf(record, 'offset')}, ${textOf(record, 'file')} ` +
          `at byte ${numberOf(record, 'position')}`,
      );
      const records = `${numberOf(answer, 'records')} records, root ${textOf(answer, 'root')}`;
      context.show(answer, () =>
        [records, ...recoveries, ...damaged].map(escapeControls).join('\n'),
      );
      if (damaged.length === 0) {
        context.say('Checksums, chain and tree agree.');
        return;
      }
      context.exitCode = 1;
      context.say('Restore from a backup: nothing in the log is ever repaired.');
    });
  });
  addLogProofCommands(log, context);
}

function addPublish(log: Command, context: CommandContext): void {
  addExamples(
    log
      .command('publish')
      .description('Have the running server publish a checkpoint of the whole log now'),
    ['verity log publish'],
  ).action(async () => {
    await context.connect(async (connection) => {
      const path = '/admin/v1/log/publish';
      const checkpoint = await connection.text({ method: 'POST', path });
      context.show({ checkpoint }, () => checkpoint.trimEnd());
    });
  });
}

/** Signed text goes out byte for byte: what its verifier reads must be what was signed. */
async function showText(context: CommandContext, path: string, member: string): Promise<void> {
  await context.connect(async (connection) => {
    const text = await connection.text({ method: 'GET', path, credential: null });
    context.show({ [member]: text }, () => text.trimEnd());
  });
}
