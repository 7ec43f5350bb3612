/**
 * The database inside this process: used when no server holds the folder.
 *
 * The same application answers the same requests as over a socket, so that there is one way to reach
 * the database and no second set of rules.
 */

import { CliError } from './error.ts';

export interface InProcessDatabase {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly close: () => Promise<void>;
  readonly operatorSecret: string;
}

/** Makes a new data folder: keys, operator secret, an empty log. */
export async function initDatabase(folder: string): Promise<void> {
  throw notWired(folder);
}

/** Opens the database of a folder in this process. */
export async function openInProcess(folder: string): Promise<InProcessDatabase> {
  throw notWired(folder);
}

function notWired(folder: string): CliError {
  return new CliError(
    'unavailable',
    'ERR_CLI_CONNECTION',
    `no server answers for ${folder}, and this build cannot open the folder by itself`,
    { hint: 'Start the server of the folder, then run the command again.' },
  );
}
