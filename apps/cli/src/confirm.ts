/**
 * Dangers are confirmed by the name of what they strike: with `--confirm NAME`, or typed at a terminal.
 * Nothing waits for an answer where nobody can give one.
 */

import { createInterface } from 'node:readline/promises';

import type { CommandContext } from './context.ts';
import { CliError } from './error.ts';
import { escapeControls } from './escape.ts';

export interface Danger {
  /** What will happen, as a sentence. */
  readonly what: string;
  /** What must be typed. */
  readonly name: string;
  /** What came with `--confirm`. */
  readonly given: string | undefined;
}

/** @throws {CliError} ERR_CLI_CONFIRM */
export async function confirmDanger(context: CommandContext, danger: Danger): Promise<void> {
  const { given, name, what } = danger;
  const answer = given ?? (await ask(context, danger));
  if (answer === name) return;
  const message = answer === null ? `this is not confirmed: ${what}` : 'that is not its name';
  throw new CliError('expectation', 'ERR_CLI_CONFIRM', message, {
    hint: `Nothing was done. Confirm with: --confirm ${name}`,
  });
}

async function ask(context: CommandContext, { name, what }: Danger): Promise<string | null> {
  if (!context.terminal.isInteractive || !process.stdin.isTTY || context.isJson) return null;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(
      `This is a danger: ${what}.\nType ${escapeControls(name)} to go on: `,
    );
    return answer.trim();
  } finally {
    lines.close();
  }
}
