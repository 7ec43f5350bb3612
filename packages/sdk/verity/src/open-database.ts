/** A database with its doors: what a server, a command line or a test serves. */

import { type OpenDoors, openDoors } from '@veritydb/disclosure';

import { readFolder, readOperatorSecret } from './database-folder.ts';
import { type OpenOptions, Verity } from './verity.ts';

export interface OpenDatabase extends OpenDoors {
  readonly operatorSecret: string;
  close(): void;
}

/**
 * Opens the database of a folder, tenant 1, for sharing. Its tokens are issued by and for the database
 * itself, under its origin as an https URL, so that they hold wherever it is served.
 *
 * @throws {FolderError} ERR_VERITY_FOLDER_MISSING; {RuntimeError} ERR_RUNTIME_LOCKED
 */
export async function openDatabase(
  folder: string,
  options: OpenOptions = {},
): Promise<OpenDatabase> {
  const { origin } = readFolder(folder);
  const operatorSecret = readOperatorSecret(folder);
  const verity = Verity.open(folder, options);
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
