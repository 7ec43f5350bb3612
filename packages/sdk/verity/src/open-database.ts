/** A database with its doors: what a server, a command line or a test serves. */

import { type OpenDoors, openDoors } from '@veritydb/disclosure';

import { type Environment, readFolder, readOperatorSecret } from './database-folder.ts';
import { Verity } from './verity.ts';

export interface OpenDatabase extends OpenDoors {
  readonly operatorSecret: string;
  close(): void;
}

/**
 * Opens the database of a folder, tenant 1, for sharing. Its tokens are issued by and for the database
 * itself, under its origin as an https URL, so that they hold wherever it is served.
 *
 * @param environment may hold VERITY_MASTER_KEY, for a folder without the file of it
 * @throws {FolderError} ERR_VERITY_FOLDER_MISSING, ERR_VERITY_MASTER_KEY; {RuntimeError}
 * ERR_RUNTIME_LOCKED
 */
export async function openDatabase(
  folder: string,
  environment: Environment = {},
): Promise<OpenDatabase> {
  const { origin } = readFolder(folder);
  const operatorSecret = readOperatorSecret(folder);
  const verity = Verity.open(folder, environment);
  try {
    const { runtime: tenant, statements } = verity.tenant(1);
    const url = `https://${origin}`;
    const doors = await openDoors({ tenant, statements, issuer: { issuer: url, audience: url } });
    return {
      ...doors,
      operatorSecret,
      close: () => {
        verity.close();
      },
    };
  } catch (error) {
    verity.close();
    throw error;
  }
}
