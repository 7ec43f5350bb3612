/** What the arguments of an import name: files as they are, of folders every file of a known format. */

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { CliError } from '../error.ts';
import { reasonOf } from '../secret-file.ts';
import { csvSource } from './csv-file.ts';
import { FHIR_R4 } from './fhir-r4.ts';
import { mappedSources, ndjsonSource } from './json-file.ts';
import { isNdjson, readRecords } from './json-records.ts';
import type { Mapping } from './mapping-file.ts';
import type { Source } from './source.ts';

const KNOWN = /\.(csv|ndjson|jsonl|json)$/i;

/** @throws {CliError} ERR_CLI_FILE */
export async function findFiles(paths: readonly string[]): Promise<readonly string[]> {
  const files: string[] = [];
  for (const path of paths) {
    try {
      if ((await stat(path)).isDirectory()) {
        const names = (await readdir(path)).filter((name) => KNOWN.test(name)).toSorted();
        files.push(...names.map((name) => join(path, name)));
      } else files.push(path);
    } catch (error) {
      throw new CliError('unavailable', 'ERR_CLI_FILE', `cannot read ${path}: ${reasonOf(error)}`, {
        hint: 'Name files, or folders that hold them.',
      });
    }
  }
  if (files.length > 0) return files;
  throw new CliError('expectation', 'ERR_CLI_FILE', 'no file to import was found', {
    hint: 'Name files, or folders with files whose names end in .csv, .ndjson, .jsonl or .json.',
  });
}

export interface FoundSources {
  readonly sources: readonly Source[];
  /** Records that no table of the mapping takes, counted by their kind. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** Whether the built-in mapping of FHIR made any of them. */
  readonly isFhir: boolean;
}

/**
 * CSV and flat NDJSON fill the table that they are named as; resources of FHIR, the tables of the
 * built-in mapping; with a mapping, JSON of any kind fills the tables of that.
 */
export async function findSources(
  files: readonly string[],
  mapping: Mapping | null,
): Promise<FoundSources> {
  const sources: Source[] = [];
  const leftOut = new Map<string, number>();
  let isFhir = false;
  for (const path of files) {
    if (!/\.(ndjson|jsonl|json)$/i.test(path)) {
      sources.push(csvSource(path));
      continue;
    }
    const hasResources = mapping === null && (await holdsResources(path));
    const used = mapping ?? (hasResources ? FHIR_R4 : null);
    if (used === null) {
      if (!isNdjson(path)) throw noMapping(path);
      sources.push(ndjsonSource(path));
      continue;
    }
    isFhir ||= hasResources;
    const found = await mappedSources(path, used);
    sources.push(...found.sources);
    for (const [kind, count] of found.leftOut) {
      leftOut.set(kind, (leftOut.get(kind) ?? 0) + count);
    }
  }
  return { sources, leftOut, isFhir };
}

/** Whether a file's first record is a resource of FHIR. */
async function holdsResources(path: string): Promise<boolean> {
  for await (const { records } of readRecords(path)) {
    const [first] = records;
    if (first !== undefined) return typeof first.value['resourceType'] === 'string';
  }
  return false;
}

function noMapping(path: string): CliError {
  return new CliError('expectation', 'ERR_CLI_FILE', `${path} is no FHIR bundle`, {
    hint: 'Say with --map FILE which of its parts go into which columns, or write it as NDJSON.',
  });
}
