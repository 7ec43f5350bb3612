/** Files that a command makes: none is ever written over. */

import { writeFile } from 'node:fs/promises';

import { CliError } from './error.ts';
import { reasonOf } from './secret-file.ts';

/** @throws {CliError} ERR_CLI_FILE */
export async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes, { flag: 'wx' });
  } catch (error) {
    throw new CliError('unavailable', 'ERR_CLI_FILE', `cannot write ${path}: ${reasonOf(error)}`, {
      hint: 'Name a file in a folder that exists and that you may write to.',
    });
  }
}
