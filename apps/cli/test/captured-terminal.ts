/** A terminal that remembers what was written, and a run of the program on it. */

import { runProgram } from '../src/program.ts';
import type { Terminal } from '../src/terminal.ts';

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

export async function runOn(
  args: readonly string[],
  options: { readonly isInteractive?: boolean; readonly environment?: Record<string, string> } = {},
): Promise<Run> {
  let out = '';
  let error = '';
  const terminal: Terminal = {
    writeOut: (text) => {
      out += text;
    },
    writeError: (text) => {
      error += text;
    },
    isInteractive: options.isInteractive ?? false,
    environment: options.environment ?? {},
  };
  const code = await runProgram(args, terminal);
  return { code, out, error };
}
