/**
 * The database inside this process: used when no server holds the folder.
 *
 * The same application answers the same requests as over a socket, so that there is one way to reach
 * the database and no second set of rules. The engine is loaded only when it is needed here.
 */

import type { Terminal } from './terminal.ts';

export interface InProcessDatabase {
  readonly fetch: (request: Request) => Promise<Response>;
  readonly close: () => Promise<void>;
  readonly operatorSecret: string;
}

/** Makes a new data folder: keys, operator secret, an empty log. */
export async function initDatabase(
  folder: string,
  origin: string | undefined,
  environment: Terminal['environment'],
): Promise<void> {
  const { ORIGIN_DEFAULT, Verity } = await import('@veritydb/verity');
  Verity.create(folder, origin ?? ORIGIN_DEFAULT, environment);
}

/** Opens the database of a folder in this process. */
export async function openInProcess(
  folder: string,
  environment: Terminal['environment'],
): Promise<InProcessDatabase> {
  const { buildHttpApi } = await import('@veritydb/http');
  const { VERSION, openDatabase } = await import('@veritydb/verity');
  const database = await openDatabase(folder, { environment });
  const { administration, gateway, operatorSecret, publication } = database;
  const api = buildHttpApi({
    gateway,
    publication,
    // Without the server's witnesses nothing is published: what it has published stands.
    operator: { administration, secret: operatorSecret, publish: null },
    version: VERSION,
    publicUrl: 'http://localhost',
    onInternalError: (error) => {
      process.stderr.write(
        `${error instanceof Error ? (error.stack ?? error.message) : 'error'}\n`,
      );
    },
  });
  return {
    fetch: async (request) => api.fetch(request),
    close: async () => {
      database.close();
    },
    operatorSecret,
  };
}
