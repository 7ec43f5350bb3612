/**
 * `verity bundle attach`: puts what others say of a bundle's checkpoint into the bundle, offline:
 * cosignatures of witnesses, the answer of a time-stamp authority. `verity bundle sd-jwt`: a row of one,
 * signed anew so that it can be shown in part.
 */

import { readFile, writeFile } from 'node:fs/promises';

import { attachToBundle, parseBundle } from '@veritydb/bundle';
import { utf8Encode } from '@veritydb/types';
import type { Command } from 'commander';

import { parseCount } from '../arguments.ts';
import type { CommandContext } from '../context.ts';
import { CliError } from '../error.ts';
import { addExamples } from '../examples.ts';
import { writeNew } from '../new-file.ts';
import { readSecretFile, reasonOf } from '../secret-file.ts';
import { readTextFile } from '../text-file.ts';

interface AttachOptions {
  readonly checkpoint?: string;
  readonly timeStamp?: string;
  readonly out: string;
}

interface RowOptions {
  readonly tokenFile: string;
  readonly table: string;
  readonly line: number;
  readonly out: string;
}

export function addBundleCommands(program: Command, context: CommandContext): void {
  const bundle = program
    .command('bundle')
    .description('Bundles: what others say of them, and single rows');
  const attach = bundle
    .command('attach')
    .argument('<bundle>', 'bundle (zip) to copy')
    .option('--checkpoint <file>', "the bundle's checkpoint with cosignatures of witnesses")
    .option('--time-stamp <file>', 'answer of a time-stamp authority to the file checkpoint (DER)')
    .requiredOption('--out <file>', 'new file for the bundle with what is attached')
    .description('Attach cosignatures or a time stamp to a bundle; cosignatures first');
  addExamples(attach, [
    'unzip -p bundle.zip checkpoint > checkpoint',
    'openssl ts -query -data checkpoint -sha256 -cert -out query.tsq',
    'verity bundle attach bundle.zip --time-stamp answer.tsr --out stamped.zip',
  ]).action(async (path: string, { checkpoint, out, timeStamp }: AttachOptions) => {
    if (checkpoint === undefined && timeStamp === undefined) {
      attach.error('error: expected --checkpoint, --time-stamp, or both');
    }
    const changed = attachToBundle(await readBytes(path), {
      ...(checkpoint === undefined ? {} : { checkpoint: await readTextFile(checkpoint) }),
      ...(timeStamp === undefined ? {} : { timeStamp: await readBytes(timeStamp) }),
    });
    try {
      await writeFile(out, changed, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      throw fileError('write', out, error);
    }
    context.show({ file: out, size: changed.length }, () => `${out}: ${changed.length} bytes`);
  });
  addRow(bundle, context);
}

function addRow(bundle: Command, context: CommandContext): void {
  addExamples(
    bundle
      .command('sd-jwt')
      .argument('<bundle>', 'bundle (zip) that the token got')
      .requiredOption('--token-file <file>', 'file that holds the token')
      .requiredOption('--table <name>', 'table of the row')
      .requiredOption('--line <n>', 'line of the row in data/<table>.ndjson, from 1', parseCount)
      .requiredOption('--out <file>', 'new file for the SD-JWT')
      .description(
        'Have one row of an export signed as an SD-JWT (RFC 9901), shown in part or whole',
      ),
    [
      'verity bundle sd-jwt bundle.zip --token-file token.jwt --table patients --line 1 --out row.sd-jwt',
      'verity-verify sd-jwt row.sd-jwt --key-file log.key',
    ],
  ).action(async (path: string, { line, out, table, tokenFile }: RowOptions) => {
    const { exportId } = parseBundle(await readBytes(path)).manifest;
    const token = await readSecretFile(tokenFile);
    await context.connect(async (connection) => {
      const query = `table=${encodeURIComponent(table)}&line=${line}`;
      const text = await connection.text({
        method: 'GET',
        path: `/v1/exports/${encodeURIComponent(exportId)}/sd-jwt?${query}`,
        credential: { token },
      });
      await writeNew(out, utf8Encode(text));
      context.show({ file: out, size: text.length }, () => `${out}: ${text.length} bytes`);
    });
  });
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    throw fileError('read', path, error);
  }
}

function fileError(what: 'read' | 'write', path: string, error: unknown): CliError {
  return new CliError('unavailable', 'ERR_CLI_FILE', `cannot ${what} ${path}: ${reasonOf(error)}`, {
    hint: what === 'read' ? 'Check the path.' : 'Name a file that does not exist yet.',
  });
}
