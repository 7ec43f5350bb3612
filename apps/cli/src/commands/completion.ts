/** `verity completion`: a script for the shell. */

import { Argument, type Command } from 'commander';

import { type Shell, completionScript } from '../completion.ts';
import type { CommandContext } from '../context.ts';
import { addExamples } from '../examples.ts';

export function addCompletionCommand(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('completion')
      .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
      .description('Print a script that completes commands and flags'),
    [
      'verity completion bash >> ~/.bashrc',
      'verity completion zsh > "${fpath[1]}/_verity"',
      'verity completion fish > ~/.config/fish/completions/verity.fish',
    ],
  ).action((shell: Shell) => {
    const script = completionScript(program, shell);
    context.show({ shell, script }, () => script.trimEnd());
  });
}
