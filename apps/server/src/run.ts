/** The life of the process: configuration, database, sockets, until a signal ends it. */

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isatty } from 'node:tty';

import type { Administration, Gateway } from '@veritydb/disclosure';
import type { Publication } from '@veritydb/transparency';
import { VerityError } from '@veritydb/types';
import { VERSION } from '@veritydb/verity';

import { type Config, loadConfig } from './config.ts';
import { ServerError } from './error.ts';
import { type Publishing, loadWitnessPolicy, startPublishing, witnessUrls } from './publishing.ts';
import { type DamagedPlace, ServerLog } from './server-log.ts';
import { type RunningServer, startServer } from './server.ts';
import { type TlsFiles, loadTlsIdentity } from './tls.ts';
import { welcome } from './welcome.ts';

/** An open database, as the doors need it. */
interface ServedDatabase {
  readonly gateway: Gateway;
  readonly administration: Administration;
  readonly operatorSecret: string;
  readonly publication: Publication;
  readonly rebuiltIndexes: readonly string[];
  startScrubbing(onDamage: (record: DamagedPlace) => void): void;
  close(): Promise<void> | void;
}

export type DatabaseOpener = (
  folder: string,
  options: Pick<Config, 'syncPolicy' | 'history'>,
) => Promise<ServedDatabase>;

const USAGE = `verityd ${VERSION}: the VerityDB server

  verityd                                     serve .verity on http://127.0.0.1:7420
  verityd --data /var/lib/verity --port 0     another folder, any free port
  verityd --host 0.0.0.0 --public-url https://verity.example.org

  --data FOLDER          data folder; VERITYD_DATA
  --host ADDRESS         address to listen on
  --port NUMBER          port, 0 for any
  --public-url URL       where callers reach it, when that is elsewhere
  --tls-cert FILE        certificate to listen with (PEM), then those up to its root
  --tls-key FILE         its private key (PEM); SIGHUP reads both files again
  --connections-max N    connections at once; 1024 unless said
  --headers-seconds N    in which the headers of a request must come; 10 unless said
  --request-seconds N    in which all of a request must come; 30 unless said
  --authorization WHO    who lets programs in by OAuth: off (the default), local, or the
                         address of your own authorization server
  --check                read the settings and what they name, tell them as JSON, and end
  --drain-seconds COUNT  how long /ready says 503 before it stops; 0 unless said
  --witness-policy FILE  which witnesses cosign what is published
  --sync POLICY          which writes share a sync: every-record, every-batch (the
                         default), group-commit:5ms
  --history HISTORY      how far back AS OF answers: all (the default), or days such as
                         90d; the log keeps everything

Each may be a variable, as --tls-cert is VERITYD_TLS_CERT, and all but --data may stand in
verity.json in the data folder, as "tls_cert". A flag counts before a variable, that before
the file.

The master key is master.key in that folder, or 64 hexadecimal digits in VERITY_MASTER_KEY.
The log goes to standard error: readable on a terminal, JSON elsewhere.
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
    if (commandLine.includes('--check')) checkSettings(commandLine);
    else await serveUntilSignal(commandLine, openDatabase);
    return 0;
  } catch (error) {
    if (!(error instanceof VerityError)) throw error;
    process.stderr.write(`error ${error.code}: ${error.message}\n`);
    if (error.hint !== undefined) process.stderr.write(`→ ${error.hint}\n`);
    return error.code === 'ERR_SERVER_CONFIG' ? 2 : 1;
  }
}

/** Reads all settings and the files that they name, and tells what a start would take. */
function checkSettings(commandLine: readonly string[]): void {
  const config = loadConfig({
    commandLine: commandLine.filter((argument) => argument !== '--check'),
    environment: process.env,
    readFile: readIfThere,
  });
  const { tls, witnessPolicy } = config;
  const certificate = tls === null ? null : { validTo: loadTlsIdentity(tls).validTo };
  const witnesses = witnessPolicy === null ? [] : witnessUrls(witnessPolicy, readIfThere);
  process.stdout.write(`${JSON.stringify({ ...config, certificate, witnesses })}\n`);
}

async function serveUntilSignal(
  commandLine: readonly string[],
  openDatabase: DatabaseOpener,
): Promise<void> {
  const config = loadConfig({ commandLine, environment: process.env, readFile: readIfThere });
  const { dataFolder, host, port, publicUrl } = config;
  const log = new ServerLog(process.stderr, isatty(process.stderr.fd));
  const tls = config.tls === null ? null : loadTlsIdentity(config.tls);
  const stopped = nextSignal();
  const database = await openDatabase(dataFolder, config);
  let server: RunningServer | null = null;
  let publishing: Publishing | null = null;
  try {
    const { gateway, administration, operatorSecret, publication } = database;
    const policy = loadWitnessPolicy(config.witnessPolicy, publication.log, readIfThere);
    publishing = startPublishing(publication, policy, (message) => {
      log.trouble(message);
    });
    const { publish } = publishing;
    const doors = { gateway, administration, operatorSecret, publication, publish };
    const { authorization, limits } = config;
    const place = { host, port, publicUrl, tls, limits, authorization };
    server = await startServer({ ...doors, ...place, version: VERSION, log });
    const { url, localUrl } = server;
    if (localUrl !== null) writeServerFile(dataFolder, localUrl, tls === null ? null : publicUrl);
    process.stdout.write(welcome({ version: VERSION, dataFolder, url }));
    log.started({ version: VERSION, url });
    for (const name of database.rebuiltIndexes) {
      log.trouble(`${name} was missing or wrong, and is written again`);
    }
    database.startScrubbing((record) => {
      log.damaged(record);
    });
    if (config.tls !== null) reloadOnSignal(config.tls, server, log);
    await stopped;
    log.stopping(config.drainSeconds);
    server.drain();
    await sleep(config.drainSeconds * 1000);
  } finally {
    publishing?.stop();
    await server?.close();
    if (server !== null) rmSync(join(dataFolder, SERVER_FILE), { force: true });
    await database.close();
    if (server !== null) log.stopped();
  }
}

/** SIGHUP: the certificate's files again. Where they are wrong, the one in use stays. */
function reloadOnSignal(files: TlsFiles, server: RunningServer, log: ServerLog): void {
  process.on('SIGHUP', () => {
    try {
      const identity = loadTlsIdentity(files);
      server.useIdentity(identity);
      log.certificate(identity);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      log.trouble(`the certificate in use stays: ${error.message}`);
    }
  });
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

/** @param publicUrl of a server with TLS: its certificate is for that name, not for loopback */
function writeServerFile(folder: string, url: string, publicUrl: string | null): void {
  const name = publicUrl === null ? {} : { server_name: new URL(publicUrl).hostname };
  const text = `${JSON.stringify({ url, ...name, pid: process.pid })}\n`;
  const path = join(folder, SERVER_FILE);
  // Under its name it is whole: whoever looks for it may look at any moment.
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
