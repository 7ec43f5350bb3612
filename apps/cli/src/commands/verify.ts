/** `verity verify`: the offline verifier, a program of its own that never sees the database. */

import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { addExamples } from '../examples.ts';
import { runSibling } from '../sibling.ts';

interface VerifyOptions {
  readonly keyFile: string;
  readonly heldCheckpoint?: string;
}

export function addVerifyCommand(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('verify')
      .argument('<bundle>', 'bundle (zip) to verify')
      .requiredOption('--key-file <file>', "the log's public key, from a source that you trust")
      .option(
        '--held-checkpoint <file>',
        'checkpoint that you kept: the log must still begin with it',
      )
      .description('Verify a bundle offline: no server, no network, no database'),
    [
      'verity log key > log.key',
      'verity verify bundle.zip --key-file log.key',
      'verity verify bundle.zip --key-file log.key --held-checkpoint last-year.checkpoint',
    ],
  ).action(async (bundle: string, { keyFile, heldCheckpoint }: VerifyOptions) => {
    const args = [bundle, '--key-file', keyFile];
    if (heldCheckpoint !== undefined) args.push('--held-checkpoint', heldCheckpoint);
    if (context.isJson) args.push('--json');
    context.exitCode = await runSibling('verifier', args);
  });
}
