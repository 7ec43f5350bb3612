/**
 * `verity backup` and `verity restore`: an archive of log and wrapped keys, and a database made from one.
 *
 * A backup is taken through the database's API, running or not: it is of one moment, and the database
 * goes on. Everything that follows works on files alone.
 */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';

import type { JsonObject } from '@veritydb/types';
import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { CliError } from '../error.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { reasonOf } from '../secret-file.ts';
import { readTextFile } from '../text-file.ts';

interface RestoreOptions {
  readonly key: string;
  /** False: the person says that there are none. */
  readonly tombstones?: readonly string[] | false;
}

export function addBackupCommands(program: Command, context: CommandContext): void {
  const backup = addExamples(
    program
      .command('backup')
      .argument('<dir>', 'data folder, running or stopped')
      .argument('<out>', 'new file for the backup (tar)')
      .description('Back up log and wrapped keys; the master key is not part of it'),
    ['verity backup .verity monday.tar', 'verity backup verify monday.tar --key log.key'],
  ).action(async (folder: string, out: string) => {
    await takeBackup(context, folder, out);
  });
  addExamples(
    backup
      .command('verify')
      .argument('<backup>', 'file that `verity backup` made')
      .requiredOption('--key <file>', "the log's public key, from a source that you trust")
      .description('Check a backup offline: signatures, digests, every record, the tree'),
    ['verity backup verify monday.tar --key log.key'],
  ).action(async (path: string, { key }: { readonly key: string }) => {
    const { verifyBackupFile } = await import('@veritydb/verity');
    const manifest = verifyBackupFile(path, await readTextFile(key));
    showManifest(context, manifest);
    context.say('Signatures, digests, chain and tree agree.');
  });
  addExamples(
    backup
      .command('tombstones')
      .argument('[backup]', 'a later backup, instead of the database itself')
      .description('Print the signed list of destroyed keys, for the restore of an older backup'),
    ['verity backup tombstones > now.tombstones'],
  ).action(async (path: string | undefined) => {
    const text = await readTombstones(context, path);
    context.show({ tombstones: text }, () => text.trimEnd());
  });
  addRestoreCommand(program, context);
}

function addRestoreCommand(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('restore')
      .argument('<backup>', 'file that `verity backup` made')
      .argument('<dir>', 'new data folder')
      .requiredOption('--key <file>', "the log's public key, from a source that you trust")
      .option('--tombstones <files...>', 'signed lists of keys that were destroyed since')
      .option('--no-tombstones', 'nothing was erased since the backup, or no list is to be had')
      .description('Make a database from a backup, without the keys that were destroyed since'),
    [
      'verity restore monday.tar restored --key log.key --tombstones now.tombstones',
      'verity restore monday.tar restored --key log.key --no-tombstones',
    ],
  ).action(async (path: string, folder: string, options: RestoreOptions) => {
    if (options.tombstones === undefined) {
      throw new CliError('expectation', 'ERR_CLI_TOMBSTONES', 'no tombstones were given', {
        hint: 'Whoever was erased since the backup would come back: give --tombstones FILE, or say --no-tombstones.',
      });
    }
    const lists = options.tombstones === false ? [] : options.tombstones;
    const { restoreFolder } = await import('@veritydb/verity');
    const { keysDestroyed, manifest, recovery } = restoreFolder(path, folder, {
      verifierKey: await readTextFile(options.key),
      tombstones: await Promise.all(lists.map(readTextFile)),
    });
    const { generation, recoveryPoint } = recovery;
    const restored = { folder, records: manifest.size, keys_left_out: keysDestroyed };
    context.show(
      { ...restored, generation, recovery_offset: recoveryPoint, taken_at: manifest.takenAt },
      () =>
        [
          `${escapeControls(folder)}: ${manifest.size} records, as of ${manifest.takenAt}`,
          `keys left out by tombstones: ${keysDestroyed}`,
          `goes on at offset ${recoveryPoint} in generation ${generation}`,
        ].join('\n'),
    );
    context.say(`Next: put the master key at ${folder}/master.key, then verity fsck ${folder}.`);
  });
}

async function readTombstones(context: CommandContext, path: string | undefined): Promise<string> {
  if (path !== undefined) {
    const { readBackupTombstones } = await import('@veritydb/verity');
    return readBackupTombstones(path);
  }
  return context.connect((connection) =>
    connection.text({ method: 'GET', path: '/admin/v1/tombstones' }),
  );
}

async function takeBackup(context: CommandContext, folder: string, out: string): Promise<void> {
  if (existsSync(out)) throw cannotWrite(out, 'EEXIST');
  const { verifyBackupFile } = await import('@veritydb/verity');
  const part = `${out}.part`;
  const { sha256, verifierKey } = await context.connect(async (connection) => {
    const response = await connection.send({ method: 'GET', path: '/admin/v1/backup' });
    const written = await writeStream(part, response);
    const key = await connection.text({ method: 'GET', path: '/v1/log-key', credential: null });
    return { sha256: written, verifierKey: key };
  }, folder);
  try {
    // A stream that ended early is no backup: it is one when it verifies.
    const manifest = verifyBackupFile(part, verifierKey);
    await rename(part, out);
    showManifest(context, manifest, { file: out, sha256 });
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  context.say(`Next: keep ${out} away from this machine, and the master key away from ${out}.`);
}

/** Writes a body to a new file, durably. Returns its SHA-256. */
async function writeStream(path: string, response: Response): Promise<string> {
  const hash = createHash('sha256');
  let handle: FileHandle;
  try {
    handle = await open(path, 'wx', 0o600);
  } catch (error) {
    await response.body?.cancel();
    throw cannotWrite(path, reasonOf(error));
  }
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      await handle.write(chunk);
    }
    await handle.sync();
    return hash.digest('hex');
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

function showManifest(
  context: CommandContext,
  manifest: {
    readonly origin: string;
    readonly tenant: number;
    readonly size: number;
    readonly root: string;
    readonly takenAt: string;
    readonly files: readonly { readonly size: number }[];
  },
  extra: JsonObject = {},
): void {
  const { files, origin, root, size, takenAt, tenant } = manifest;
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const facts = { origin, tenant, records: size, root, taken_at: takenAt, files: files.length };
  context.show({ ...facts, bytes, ...extra }, () =>
    [
      `${escapeControls(origin)}, tenant ${tenant}, as of ${takenAt}`,
      `${size} records, root ${root}`,
      `${files.length} files, ${bytes} bytes`,
    ].join('\n'),
  );
}

function cannotWrite(path: string, reason: string): CliError {
  return new CliError('conflict', 'ERR_CLI_FILE', `cannot create ${path}: ${reason}`, {
    hint: 'Name a file that does not exist yet, in a folder that does.',
  });
}
