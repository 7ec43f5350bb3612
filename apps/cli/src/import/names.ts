/** Names of tables and columns from the names of files and headers. */

import { basename } from 'node:path';

import { CliError } from '../error.ts';

const NAME_LENGTH_MAX = 63;

/** `Id` → `id`, `First Name` → `first_name`, `2nd` → `_2nd`; empty where nothing is left. */
function normaliseName(text: string): string {
  const name = text
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '_');
  return (/^[0-9]/.test(name) ? `_${name}` : name).slice(0, NAME_LENGTH_MAX);
}

/** `data/Patients.csv` → `patients`. */
export function tableNameOf(path: string): string {
  const name = normaliseName(basename(path).replace(/\.(csv|ndjson|jsonl)$/i, ''));
  if (name !== '') return name;
  throw new CliError('format', 'ERR_CLI_FILE', `${basename(path)} does not name a table`, {
    hint: 'Rename the file to the name of its table: patients.csv.',
  });
}

/**
 * The columns that a header row names.
 *
 * @throws {CliError} ERR_CLI_CSV for an empty name or the same name twice
 */
export function columnNamesOf(header: readonly string[], path: string): readonly string[] {
  const names = header.map(normaliseName);
  for (const [index, name] of names.entries()) {
    if (name !== '' && names.indexOf(name) === index) continue;
    const what = name === '' ? `has no name` : `is named ${name}, as another is`;
    const message = `${basename(path)}:1: column ${index + 1} ${what}`;
    throw new CliError('format', 'ERR_CLI_CSV', message, {
      hint: 'The first line names each column once; letters count the same in either case.',
    });
  }
  return names;
}
