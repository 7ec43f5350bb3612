/** A database with its doors: what a server, a command line or a test serves. */

import { type OpenDoors, openDoors } from '@veritydb/disclosure';
import { openNodeDisk } from '@veritydb/runtime';
import { Publication } from '@veritydb/transparency';

import { type Environment, readFolder, readOperatorSecret, tenantPath } from './database-folder.ts';
import { Verity } from './verity.ts';

export interface OpenDatabase extends OpenDoors {
  readonly operatorSecret: string;
  /** What its log has published. */
  readonly publication: Publication;
  close(): void;
}

/**
 * Opens the database of a folder, tenant 1, for sharing. Its tokens are issued by and for the database
 * itself, under its origin as an https URL, so that they hold wherever it is served.
 *
 * @param environment may hold VERITY_MASTER_KEY, for a folder without the file of it
 * @throws {FolderError} ERR_VERITY_FOLDER_MISSING, ERR_VERITY_MASTER_KEY; {RuntimeError}
 * ERR_RUNTIME_LOCKED
 * @throws {TransparencyError} ERR_TRANSPARENCY_ROLLBACK when the log is not the one that was published
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
    const publication = Publication.open(openNodeDisk(tenantPath(folder, tenant.id)), tenant);
    const url = `https://${origin}`;
    const doors = await openDoors({ tenant, statements, issuer: { issuer: url, audience: url } });
    return {
      ...doors,
      operatorSecret,
      publication,
      close: () => {
        verity.close();
      },
    };
  } catch (error) {
    verity.close();
    throw error;
  }
}
