/** Help that is led by examples: what most people came for stands first. */

import type { Command } from 'commander';

export function addExamples(command: Command, examples: readonly string[]): Command {
  const lines = examples.map((example) =>
    example.startsWith(' ') ? `  ${example}` : `  $ ${example}`,
  );
  return command.addHelpText('before', `Examples:\n${lines.join('\n')}\n`);
}
