/**
 * Secrets live in files that only their owner can read: never in flags, where every process sees them.
 */

import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';

import { CliError } from './error.ts';

/** Tokens are at most 4 KiB, operator secrets far shorter. */
const SECRET_SIZE_MAX = 8192;

/** What may stand in an Authorization header: RFC 6750 §2.1 b64token. */
const SECRET = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * Reads the one line of a secret's file.
 *
 * @throws {CliError} ERR_CLI_FILE when it cannot be read, ERR_CLI_SECRET_FILE when others can read it too
 */
export async function readSecretFile(path: string): Promise<string> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY);
  } catch (error) {
    throw new CliError('unavailable', 'ERR_CLI_FILE', `cannot open ${path}: ${reasonOf(error)}`, {
      hint: 'Check the path, and that the file belongs to you.',
    });
  }
  try {
    const { mode, size } = await handle.stat();
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new CliError('denied', 'ERR_CLI_SECRET_FILE', `others may read ${path}`, {
        hint: `Run: chmod 600 ${path}`,
      });
    }
    const secret = size > SECRET_SIZE_MAX ? '' : (await handle.readFile('utf8')).trimEnd();
    if (!SECRET.test(secret)) {
      throw new CliError('format', 'ERR_CLI_SECRET_FILE', `${path} does not hold one secret`, {
        hint: 'The file holds one line: the token as `verity token issue --out` wrote it.',
      });
    }
    return secret;
  } finally {
    await handle.close();
  }
}

/**
 * Makes a secret's file before the secret exists, so that none is made that cannot be kept.
 *
 * @throws {CliError} ERR_CLI_FILE when the file exists or cannot be made
 */
export async function writeSecretFile<Made extends { readonly secret: string }>(
  path: string,
  make: () => Promise<Made>,
): Promise<Made> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'wx', 0o600);
  } catch (error) {
    throw new CliError('conflict', 'ERR_CLI_FILE', `cannot create ${path}: ${reasonOf(error)}`, {
      hint: 'Name a file that does not exist yet, in a folder that does.',
    });
  }
  try {
    const made = await make();
    await handle.writeFile(`${made.secret}\n`);
    await handle.sync();
    return made;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/** The operating system's word for what went wrong: ENOENT, EACCES, EEXIST. */
export function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unknown reason';
}
