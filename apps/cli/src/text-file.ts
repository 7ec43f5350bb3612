/** Texts that a person names on the command line: keys, checkpoints, proofs. */

import { readFile } from 'node:fs/promises';

import { CliError } from './error.ts';
import { reasonOf } from './secret-file.ts';

/** @throws {CliError} ERR_CLI_FILE */
export async function readTextFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CliError('unavailable', 'ERR_CLI_FILE', `cannot read ${path}: ${reasonOf(error)}`, {
      hint: 'Check the path, and that you may read it.',
    });
  }
}
