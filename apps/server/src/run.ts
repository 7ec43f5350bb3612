/** The life of the process: configuration, database, sockets, until a signal ends it. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Administration, Gateway } from '@veritydb/disclosure';
import type { Publication } from '@veritydb/transparency';
import { VerityError } from '@veritydb/types';
import { VERSION } from '@veritydb/verity';

import { loadConfig } from './config.ts';
import { type Publishing, loadWitnessPolicy, startPublishing } from './publishing.ts';
import { type RunningServer, startServer } from './server.ts';
import { welcome } from './welcome.ts';

/** A record that the disk does not give as it was written. */
interface Damage {
  readonly file: string;
  readonly position: number;
  readonly offset: number;
}

/** An open database, as the doors need it. */
interface ServedDatabase {
  readonly gateway: Gateway;
  readonly administration: Administration;
  readonly operatorSecret: string;
  readonly publication: Publication;
  readonly rebuiltIndexes: readonly string[];
  startScrubbing(onDamage: (record: Damage) => void): void;
  close(): Promise<void> | void;
}

export type DatabaseOpener = (folder: string, syncPolicy: string) => Promise<ServedDatabase>;

const USAGE = `verityd ${VERSION}: the VerityDB server

  verityd                                     serve .verity on http://127.0.0.1:7420
  verityd --data /var/lib/verity --port 0     another folder, any free port
  verityd --host 0.0.0.0 --public-url https://verity.example.org

  --data FOLDER      data folder           VERITYD_DATA
  --host ADDRESS     address to listen on  VERITYD_HOST
  --port NUMBER      port, 0 for any       VERITYD_PORT
  --public-url URL   where callers reach it, when that is elsewhere  VERITYD_PUBLIC_URL
  --witness-policy FILE  which witnesses cosign what is published    VERITYD_WITNESS_POLICY
  --sync POLICY      which writes share a sync: every-record, every-batch (the
                     default), group-commit:5ms                      VERITYD_SYNC

The master key is master.key in that folder, or 64 hexadecimal digits in VERITY_MASTER_KEY.
All but the data folder may stand in verity.json in that folder: host, port, public_url,
witness_policy, sync.
`;

/** Names the live server of a folder for the programs of this machine. */
const SERVER_FILE = 'server.json';

/** Runs until SIGINT or SIGTERM. Returns the exit code: 0 stopped, 1 failed, 2 usage. */
export async function run(openDatabase: DatabaseOpener): Promise<number> {
  const commandLine = process.argv.slice(2);
  if (commandLine.includes('--help') || commandLine.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  try {
    await serveUntilSignal(commandLine, openDatabase);
    return 0;
  } catch (error) {
    if (!(error instanceof VerityError)) throw error;
    process.stderr.write(`error ${error.code}: ${error.message}\n`);
    if (error.hint !== undefined) process.stderr.write(`→ ${error.hint}\n`);
    return error.code === 'ERR_SERVER_CONFIG' ? 2 : 1;
  }
}

async function serveUntilSignal(
  commandLine: readonly string[],
  openDatabase: DatabaseOpener,
): Promise<void> {
  const config = loadConfig({ commandLine, environment: process.env, readFile: readIfThere });
  const stopped = nextSignal();
  const database = await openDatabase(config.dataFolder, config.syncPolicy);
  let server: RunningServer | null = null;
  let publishing: Publishing | null = null;
  try {
    const { gateway, administration, operatorSecret, publication } = database;
    const policy = loadWitnessPolicy(config.witnessPolicy, publication.log, readIfThere);
    const { host, port, publicUrl, dataFolder } = config;
    publishing = startPublishing(publication, policy, reportTrouble);
    server = await startServer({
      gateway,
      administration,
      operatorSecret,
      publication,
      publish: publishing.publish,
      host,
      port,
      publicUrl,
      version: VERSION,
      onInternalError: reportInternalError,
    });
    const { url, localUrl } = server;
    if (localUrl !== null) writeServerFile(dataFolder, localUrl);
    process.stdout.write(welcome({ version: VERSION, dataFolder, url }));
    for (const name of database.rebuiltIndexes) {
      process.stderr.write(`warning: ${name} was missing or wrong, and is written again\n`);
    }
    database.startScrubbing(reportDamage);
    await stopped;
    process.stderr.write('Stopping: requests under way are answered first.\n');
  } finally {
    publishing?.stop();
    await server?.close();
    if (server !== null) rmSync(join(config.dataFolder, SERVER_FILE), { force: true });
    await database.close();
  }
}

async function nextSignal(): Promise<void> {
  return new Promise((resolve) => {
    // Once: a second Ctrl-C ends the process by force.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve();
      });
    }
  });
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function writeServerFile(folder: string, url: string): void {
  const text = `${JSON.stringify({ url, pid: process.pid })}\n`;
  writeFileSync(join(folder, SERVER_FILE), text, { mode: 0o600 });
}

function reportTrouble(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** Of the disk's doing: the record is still refused to whoever reads it. */
function reportDamage({ file, offset, position }: Damage): void {
  process.stderr.write(
    `error: ${file} is damaged at byte ${position}, at record ${offset}: restore it from a copy\n`,
  );
}

/** For the operator's log alone: a fault of ours, with where it happened. */
function reportInternalError(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`internal error: ${text}\n`);
}
