/** What both commands have in common: exit codes, and how they read what they are given. */

import { readFileSync } from 'node:fs';
import { type ParseArgsConfig, parseArgs } from 'node:util';

import { BundleError } from '@veritydb/bundle';

export const EXIT_HOLDS = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
export const EXIT_UNREADABLE = 3;

/** Where the command writes. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  readonly color: boolean;
}

export class UsageError extends Error {}

export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(`cannot read ${path}`);
  }
}

export function parseOptions<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
): ReturnType<typeof parseArgs<{ options: Options; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The key of `--key` or `--key-file`, or null. */
export function keyOf(key: string | undefined, keyFile: string | undefined): string | null {
  if (key !== undefined && keyFile !== undefined) {
    throw new UsageError('give --key or --key-file, not both');
  }
  return keyFile === undefined ? (key ?? null) : readText(keyFile).trim();
}

/** Says why there is no answer. */
export function explain(error: unknown, terminal: Terminal): number {
  if (error instanceof BundleError) {
    const hint = error.hint === undefined ? '' : `\n  ${error.hint}`;
    terminal.error(`verity-verify: ${error.message} (${error.code})${hint}\n`);
    return error.code === 'ERR_BUNDLE_KEY' ? EXIT_USAGE : EXIT_UNREADABLE;
  }
  if (error instanceof Error && 'syscall' in error) {
    terminal.error(`verity-verify: cannot read the bundle: ${error.message}\n`);
    return EXIT_UNREADABLE;
  }
  throw error;
}
