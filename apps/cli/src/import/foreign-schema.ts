/** Tables of a foreign dump, read in a thread with a deadline: the reader is slow on hostile text. */

import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';

import type { ForeignDialect, ForeignSchema } from '@veritydb/query/foreign-schema';

import { CliError } from '../error.ts';
import { reasonOf } from '../secret-file.ts';

const SIZE_MAX = 64 * 1024 * 1024;
const DEADLINE_MS = 30_000;

/** @throws {CliError} ERR_CLI_FILE, ERR_CLI_SCHEMA */
export async function readForeignDump(
  path: string,
  dialect: ForeignDialect,
): Promise<ForeignSchema> {
  const text = await readDump(path);
  const worker = startWorker({ dialect, text });
  try {
    return await new Promise<ForeignSchema>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(refused(`${path} takes longer than ${DEADLINE_MS / 1000} seconds to read`));
      }, DEADLINE_MS);
      worker.once('message', (schema: ForeignSchema) => {
        clearTimeout(timer);
        resolve(schema);
      });
      worker.once('error', () => {
        clearTimeout(timer);
        reject(refused(`${path} cannot be read`));
      });
    });
  } finally {
    await worker.terminate();
  }
}

async function readDump(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > SIZE_MAX) throw refused(`${path} is larger than ${SIZE_MAX / 2 ** 20} MiB`);
    return bytes.toString('utf8');
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError('unavailable', 'ERR_CLI_FILE', `cannot read ${path}: ${reasonOf(error)}`, {
      hint: 'Name a file that exists and that you may read.',
    });
  }
}

function refused(what: string): CliError {
  return new CliError('format', 'ERR_CLI_SCHEMA', what, {
    hint: 'Dump the schema alone: pg_dump --schema-only, mysqldump --no-data, or .schema of sqlite3.',
  });
}

/** As TypeScript by its loader, or as it was built. */
function startWorker(workerData: { readonly dialect: ForeignDialect; readonly text: string }) {
  const name = './foreign-schema-worker';
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL(`${name}.js`, import.meta.url), { workerData });
  }
  const url = JSON.stringify(new URL(`${name}.ts`, import.meta.url).href);
  const loader = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const start = `import(${loader}).then(({ tsImport }) => tsImport(${url}, ${url}));`;
  return new Worker(start, { eval: true, execArgv: ['--conditions=veritydb:source'], workerData });
}
