/** `verity verify`: the offline verifier, a program of its own that never sees the database. */

import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { addExamples } from '../examples.ts';
import { runSibling } from '../sibling.ts';

interface VerifyOptions {
  readonly keyFile: string;
  readonly heldCheckpoint?: string;
  readonly witnessPolicy?: string;
  readonly timeStampRoots?: string;
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
      .option('--witness-policy <file>', 'witnesses that must have cosigned (C2SP tlog-policy)')
      .option('--time-stamp-roots <file>', 'roots of time-stamp authorities that you trust (PEM)')
      .description('Verify a bundle offline: no server, no network, no database'),
    [
      'verity log key > log.key',
      'verity verify bundle.zip --key-file log.key',
      'verity verify bundle.zip --key-file log.key --held-checkpoint last-year.checkpoint',
    ],
  ).action(async (bundle: string, options: VerifyOptions) => {
    const { heldCheckpoint, keyFile, timeStampRoots, witnessPolicy } = options;
    const args = [bundle, '--key-file', keyFile];
    if (heldCheckpoint !== undefined) args.push('--held-checkpoint', heldCheckpoint);
    if (witnessPolicy !== undefined) args.push('--witness-policy', witnessPolicy);
    if (timeStampRoots !== undefined) args.push('--time-stamp-roots', timeStampRoots);
    if (context.isJson) args.push('--json');
    context.exitCode = await runSibling('verifier', args);
  });
}
