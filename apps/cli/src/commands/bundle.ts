/**
 * `verity bundle attach`: puts what others say of a bundle's checkpoint into the bundle, offline:
 * cosignatures of witnesses, the answer of a time-stamp authority.
 */

import { readFile, writeFile } from 'node:fs/promises';

import { attachToBundle } from '@veritydb/bundle';
import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { CliError } from '../error.ts';
import { addExamples } from '../examples.ts';
import { reasonOf } from '../secret-file.ts';
import { readTextFile } from '../text-file.ts';

interface AttachOptions {
  readonly checkpoint?: string;
  readonly timeStamp?: string;
  readonly out: string;
}

export function addBundleCommands(program: Command, context: CommandContext): void {
  const bundle = program.command('bundle').description('Bundles, offline');
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
