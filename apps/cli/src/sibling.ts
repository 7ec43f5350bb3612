/**
 * The other programs of the house, run as processes of their own.
 *
 * They stand beside this one, as sources or compiled, and run with the flags that this process runs
 * with: whatever made this command start makes them start.
 */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { ExitCode } from './context.ts';

export type Sibling = 'server' | 'mcp' | 'verifier';

export interface SiblingCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** The command that runs a sibling from any folder. */
export function siblingCommand(sibling: Sibling, args: readonly string[]): SiblingCommand {
  const isSource = import.meta.url.endsWith('.ts');
  const place = isSource ? `../../${sibling}/src/main.ts` : `../../${sibling}/dist/main.js`;
  const main = fileURLToPath(new URL(place, import.meta.url));
  return { command: process.execPath, args: [...nodeFlags(process.execArgv), main, ...args] };
}

/**
 * The flags with bare names of `--import` resolved here: where the sibling runs, in the folder of a
 * desktop client for one, the name may lead nowhere.
 */
function nodeFlags(flags: readonly string[]): readonly string[] {
  return flags.map((flag, index) => {
    if (flag.startsWith('--import=')) return `--import=${resolveImport(flag.slice(9))}`;
    return flags[index - 1] === '--import' ? resolveImport(flag) : flag;
  });
}

function resolveImport(name: string): string {
  return /^(?:\.{0,2}\/|[a-z]+:)/.test(name) ? name : import.meta.resolve(name);
}

/**
 * Runs a sibling on this terminal until it ends; returns how: 0, 2 for usage, 3 for what it cannot read,
 * and 1 for whatever else it means by its code, or when a signal ended it.
 */
export async function runSibling(sibling: Sibling, args: readonly string[]): Promise<ExitCode> {
  const { command, args: all } = siblingCommand(sibling, args);
  const child = spawn(command, all, { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself: here it only must not end this process before the child.
  const forward = (): void => {
    child.kill('SIGTERM');
  };
  process.on('SIGINT', ignoreSignal);
  process.on('SIGTERM', forward);
  try {
    return await new Promise<ExitCode>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => {
        resolve(code === 0 || code === 2 || code === 3 ? code : 1);
      });
    });
  } finally {
    process.off('SIGINT', ignoreSignal);
    process.off('SIGTERM', forward);
  }
}

function ignoreSignal(): void {}
