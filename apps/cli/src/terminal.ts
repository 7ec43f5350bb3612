/** Where a command writes: data to standard output, everything that is said about it to standard error. */

import { isatty } from 'node:tty';

import { VerityError } from '@veritydb/types';
import picocolors from 'picocolors';

import { ApiError } from './error.ts';
import { escapeControls, formatJson } from './escape.ts';

export interface Terminal {
  writeOut(text: string): void;
  writeError(text: string): void;
  /** Whether a person watches standard error: progress bars and colours there. */
  readonly isInteractive: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The terminal of this process. NO_COLOR and FORCE_COLOR are honoured by picocolors. */
export function processTerminal(): Terminal {
  return {
    writeOut: (text) => process.stdout.write(text),
    writeError: (text) => process.stderr.write(text),
    isInteractive: isatty(process.stderr.fd),
    environment: process.env,
  };
}

/** What a person or a machine needs to know of an error: never a stack trace. */
export function printError(terminal: Terminal, error: unknown, asJson: boolean): void {
  const told = describeError(error);
  if (asJson) {
    terminal.writeError(`${formatJson({ error: told })}\n`);
    return;
  }
  const colors = picocolors.createColors(terminal.isInteractive && picocolors.isColorSupported);
  const lines = told.detail.split('\n').map(escapeControls).join('\n');
  terminal.writeError(`${colors.red(`error ${escapeControls(told.code)}:`)} ${lines}\n`);
  if (told.hint !== undefined) {
    terminal.writeError(`${colors.cyan('→')} ${escapeControls(told.hint)}\n`);
  }
}

interface ToldError {
  readonly code: string;
  readonly detail: string;
  readonly hint?: string;
}

function describeError(error: unknown): ToldError {
  if (error instanceof VerityError || error instanceof ApiError) {
    const { code, message, hint } = error;
    return hint === undefined ? { code, detail: message } : { code, detail: message, hint };
  }
  const code = (error as { code?: unknown } | null)?.code;
  const detail = error instanceof Error ? error.message : String(error);
  return {
    code: typeof code === 'string' ? code : 'ERR_CLI_UNEXPECTED',
    detail,
    hint: 'This is not a refusal but a failure: report it with the command that you ran.',
  };
}
