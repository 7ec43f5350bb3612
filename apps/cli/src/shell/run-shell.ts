/** The shell at a terminal: prompt, keys, history; until `\q`, Ctrl-D, or Ctrl-C on an empty line. */

import { createInterface } from 'node:readline';

import type { JsonObject } from '@veritydb/types';

import type { CommandContext } from '../context.ts';
import { printError } from '../terminal.ts';
import { historyPath, keepStatement, readHistory } from './history-file.ts';
import { SqlShell } from './sql-shell.ts';

const PROMPT = 'verity> ';
const PROMPT_WAITING = '   ...> ';

export async function runShell(
  context: CommandContext,
  purpose: string,
  show: (answer: JsonObject) => void,
): Promise<void> {
  const { terminal } = context;
  const history = historyPath(terminal.environment);
  await context.connect(async (connection) => {
    const shell = new SqlShell(
      {
        connection,
        show,
        say: (text) => {
          context.say(text);
        },
        showError: (error) => {
          printError(terminal, error, context.isJson);
        },
        keep: (statement) => {
          keepStatement(history, statement);
        },
      },
      purpose,
    );
    await shell.learnTables();
    context.say(
      '\\? for help, \\q to leave. What is asked here is on record, with a purpose (\\p).',
    );
    const lines = createInterface({
      input: process.stdin,
      output: process.stdout,
      completer: (line: string) => shell.complete(line) as [string[], string],
      history: readHistory(history).toReversed(),
      historySize: 1000,
      removeHistoryDuplicates: true,
    });
    await readLines(lines, shell);
  });
}

async function readLines(
  lines: ReturnType<typeof createInterface>,
  shell: SqlShell,
): Promise<void> {
  const prompt = (): void => {
    lines.setPrompt(shell.isWaiting ? PROMPT_WAITING : PROMPT);
    lines.prompt();
  };
  lines.on('SIGINT', () => {
    if (lines.line === '' && !shell.isWaiting && !shell.isRunning) {
      lines.close();
      return;
    }
    const wasRunning = shell.isRunning;
    shell.cancel();
    lines.write(null, { ctrl: true, name: 'e' });
    lines.write(null, { ctrl: true, name: 'u' });
    process.stdout.write('\n');
    // A statement that was cancelled ends by itself, and its prompt comes behind it.
    if (!wasRunning) prompt();
  });
  prompt();
  // One after the other: an answer stands before the next prompt, however fast somebody pastes.
  for await (const line of lines) {
    await shell.take(line);
    if (shell.isOver) break;
    prompt();
  }
  lines.close();
  process.stdout.write('\n');
}
