/**
 * `verity export`: a signed bundle of what a token lets out.
 *
 * A one-time token is spent by making the export, not by reading it: the export's idempotency id stands
 * in `<out>.pending` until the bundle is on the disk, so that the same command, run again after a crash,
 * gets the same export.
 */

import { createHash, randomBytes } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';

import { type JsonObject, createIdempotencyId } from '@veritydb/types';
import type { Command } from 'commander';

import { numberOf, textOf } from '../answer.ts';
import { parseCount } from '../arguments.ts';
import type { Connection } from '../connection.ts';
import type { CommandContext } from '../context.ts';
import { download } from '../download.ts';
import { ApiError, CliError } from '../error.ts';
import { addExamples } from '../examples.ts';
import { readSecretFile, reasonOf } from '../secret-file.ts';
import { formatRowCount } from '../table.ts';

interface ExportOptions {
  readonly tokenFile: string;
  readonly sql: string;
  readonly out: string;
  readonly csv?: boolean;
  readonly parquet?: boolean;
  readonly heldTreeSize?: number;
}

export function addExportCommand(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('export')
      .requiredOption('--token-file <file>', 'file that holds the token')
      .requiredOption('--sql <statement>', 'one SELECT')
      .requiredOption('--out <file>', 'new file for the bundle')
      .option('--csv', 'the rows as CSV, too, with a data dictionary')
      .option('--parquet', 'the rows as Parquet, too')
      .option(
        '--held-tree-size <count>',
        'tree size of a checkpoint that you hold: the bundle then proves that the log only grew since',
        parseCount,
      )
      .description('Export what a token lets out, as a bundle that anybody can verify offline'),
    [
      'verity export --token-file token.jwt --sql "SELECT id, zip FROM patients" --out bundle.zip',
      'verity verify bundle.zip --key-file log.key',
    ],
  ).action(async (options: ExportOptions) => {
    const token = await readSecretFile(options.tokenFile);
    if (await isThere(options.out)) {
      throw new CliError('conflict', 'ERR_CLI_FILE', `${options.out} exists already`, {
        hint: 'Name a file that does not exist yet.',
      });
    }
    await context.connect((connection) => runExport(context, { connection, token, options }));
  });
}

interface ExportRun {
  readonly connection: Connection;
  readonly token: string;
  readonly options: ExportOptions;
}

async function runExport(context: CommandContext, run: ExportRun): Promise<void> {
  const { connection, options } = run;
  const { sql, out } = options;
  const pendingPath = pendingPathOf(out);
  const { csv = false, heldTreeSize = null, parquet = false } = options;
  const asked = JSON.stringify([sql, csv, heldTreeSize, ...(parquet ? ['parquet'] : [])]);
  const id = await pendingId(pendingPath, `${run.token}\n${asked}`);
  const answer = await createExport(run, id);
  const exportId = textOf(answer, 'export_id');
  const path = `/v1/exports/${encodeURIComponent(exportId)}/bundle`;
  const size = numberOf(answer, 'size');
  await download(connection, context.terminal, {
    path,
    token: run.token,
    size,
    sha256: textOf(answer, 'sha256'),
    out,
  });
  await rm(pendingPath, { force: true });
  context.show({ ...answer, file: out }, () =>
    [
      `${out}: ${formatRowCount(numberOf(answer, 'rows'))}, ${size} bytes`,
      `sha256 ${textOf(answer, 'sha256')}`,
    ].join('\n'),
  );
  context.say(`Next: verity verify ${out} --key-file FILE, with the key from verity log key.`);
}

/** Makes the export of an id, or gets it again. A refusal ends what was begun: nothing was made. */
async function createExport(
  { connection, token, options }: ExportRun,
  id: string,
): Promise<JsonObject> {
  const { csv, heldTreeSize, out, parquet, sql } = options;
  try {
    return await connection.json({
      method: 'POST',
      path: '/v1/exports',
      body: {
        sql,
        parameters: [],
        idempotency_id: id,
        ...(csv === true ? { csv } : {}),
        ...(parquet === true ? { parquet } : {}),
        ...(heldTreeSize === undefined ? {} : { held_tree_size: heldTreeSize }),
      },
      credential: { token },
    });
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) await rm(pendingPathOf(out));
    throw error;
  }
}

function pendingPathOf(out: string): string {
  return `${out}.pending`;
}

/** The id of the export that was begun for this request and this file, or a new one. */
async function pendingId(path: string, request: string): Promise<string> {
  const fingerprint = createHash('sha256').update(request).digest('hex');
  try {
    const match = /^([0-9a-f]{32}) ([0-9a-f]{64})\n$/.exec(await readFile(path, 'utf8'));
    if (match?.[1] !== undefined && match[2] === fingerprint) return match[1];
  } catch (error) {
    if (reasonOf(error) !== 'ENOENT') throw cannotWrite(path, error);
  }
  const id = createIdempotencyId({ bytes: randomBytes });
  try {
    await writeFile(path, `${id} ${fingerprint}\n`, { mode: 0o600 });
  } catch (error) {
    throw cannotWrite(path, error);
  }
  return id;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (reasonOf(error) === 'ENOENT') return false;
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): CliError {
  return new CliError('unavailable', 'ERR_CLI_FILE', `cannot use ${path}: ${reasonOf(error)}`, {
    hint: 'Name a file in a folder that exists and that you may write to.',
  });
}
