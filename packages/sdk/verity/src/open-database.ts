/** A database with its doors: what a server, a command line or a test serves. */

import { type OpenDoors, openDoors } from '@veritydb/disclosure';
import { type DamagedRecord, Scrubber, openNodeDisk, systemTimer } from '@veritydb/runtime';
import { Publication } from '@veritydb/transparency';

import { readFolder, readOperatorSecret, tenantPath } from './database-folder.ts';
import { type OpenOptions, Verity } from './verity.ts';

export interface OpenDatabase extends OpenDoors {
  readonly operatorSecret: string;
  /** What its log has published. */
  readonly publication: Publication;
  /** Index files of the log that were missing or wrong, and are written again. */
  readonly rebuiltIndexes: readonly string[];
  /** Reads the log again in the background, slowly, and tells of each damaged record once. */
  startScrubbing(onDamage: (record: DamagedRecord) => void): void;
  close(): void;
}

/**
 * Opens the database of a folder, tenant 1, for sharing. Its tokens are issued by and for the database
 * itself, under its origin as an https URL, so that they hold wherever it is served.
 *
 * @throws {FolderError} ERR_VERITY_FOLDER_MISSING, ERR_VERITY_MASTER_KEY; {RuntimeError}
 * ERR_RUNTIME_LOCKED
 * @throws {TransparencyError} ERR_TRANSPARENCY_ROLLBACK when the log is not the one that was published
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
    const publication = Publication.open(openNodeDisk(tenantPath(folder, tenant.id)), tenant);
    let scrubber: Scrubber | undefined;
    const url = `https://${origin}`;
    const doors = await openDoors({ tenant, statements, issuer: { issuer: url, audience: url } });
    return {
      ...doors,
      operatorSecret,
      publication,
      rebuiltIndexes: tenant.rebuiltIndexes,
      startScrubbing: (onDamage) => {
        scrubber = new Scrubber({ tenant, timer: systemTimer, onDamage });
        scrubber.start();
      },
      close: () => {
        scrubber?.stop();
        verity.close();
      },
    };
  } catch (error) {
    verity.close();
    throw error;
  }
}
