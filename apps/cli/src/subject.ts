/** Data subjects on the command line: an id, or the file that holds it. */

import { readFileSync } from 'node:fs';

import { CliError } from './error.ts';
import { reasonOf } from './secret-file.ts';

export const SUBJECT_ARGUMENT =
  'id of the data subject as the tables have it, or @file with the id on one line';

/** A file keeps the id out of the shell's history and out of the list of processes. */
export function readSubject(argument: string): string {
  if (!argument.startsWith('@')) return argument;
  const path = argument.slice(1);
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new CliError('unavailable', 'ERR_CLI_FILE', `cannot read ${path}: ${reasonOf(error)}`, {
      hint: 'Give a file that holds the id of the data subject on one line.',
    });
  }
}
