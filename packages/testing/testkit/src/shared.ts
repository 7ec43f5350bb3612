/**
 * Published vectors and data sets, which are not part of the repository: they stand in the folder that
 * VERITYDB_SHARED names, or in `shared` beside the repository.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const REPOSITORY = resolve(import.meta.dirname, '../../../..');
const skipped = new Set<string>();

/** The folder of published vectors and data, if it is there. */
export function sharedFolder(): string | undefined {
  const folder = process.env['VERITYDB_SHARED'] ?? '../shared';
  const path = resolve(REPOSITORY, folder);
  return existsSync(path) ? path : undefined;
}

/** The same, for a suite that is skipped without it: says so on one line. */
export function requireShared(suite: string): string | undefined {
  const folder = sharedFolder();
  if (folder === undefined && !skipped.has(suite)) {
    skipped.add(suite);
    process.stdout.write(`skipped: ${suite} (set VERITYDB_SHARED to the folder of its vectors)\n`);
  }
  return folder;
}

/** Reads a JSON file. What is in it, the caller says. */
export function loadJson(...path: readonly string[]): unknown {
  return JSON.parse(readFileSync(join(...path), 'utf8'));
}
