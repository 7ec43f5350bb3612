/**
 * A witness as a process: its folder, which it alone holds, a socket, until a signal ends it. It may
 * stop or be killed at any moment: what it has cosigned is on the disk before the cosignature leaves.
 */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import type { Witness } from '@veritydb/transparency';

import { CliError } from './error.ts';
import { escapeControls } from './escape.ts';
import { reasonOf } from './secret-file.ts';
import type { Terminal } from './terminal.ts';

export interface Listen {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

export interface WitnessRun {
  readonly folder: string;
  /** Files with the verifier keys of the logs. */
  readonly logFiles: readonly string[];
  readonly listen: Listen;
  readonly terminal: Terminal;
}

const SEED_SIZE = 32;
const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 256;

/** Makes a witness in a folder; returns its verifier key. */
export async function createWitness(folder: string, name: string): Promise<string> {
  const { nativeCrypto, runtime, transparency } = await load();
  const disk = runtime.openNodeDisk(folder);
  const seed = runtime.systemRandom.bytes(SEED_SIZE);
  return transparency.Witness.create(disk, nativeCrypto, { name, seed });
}

export async function witnessKey(folder: string): Promise<string> {
  const { nativeCrypto, runtime, transparency } = await load();
  assertFolder(folder);
  return transparency.readWitnessKey(runtime.openNodeDisk(folder), nativeCrypto);
}

/** Opening a disk makes its folder: asking must not. */
function assertFolder(folder: string): void {
  if (existsSync(folder)) return;
  throw new CliError('expectation', 'ERR_CLI_FILE', `there is no folder ${folder}`, {
    hint: 'Make a witness with: verity witness init DIR --name NAME',
  });
}

/** Serves until SIGINT or SIGTERM. */
export async function runWitness({
  folder,
  logFiles,
  listen,
  terminal,
}: WitnessRun): Promise<void> {
  assertFolder(folder);
  const { nativeCrypto, runtime, transparency } = await load();
  const { buildWitnessApi } = await import('@veritydb/http');
  const { createAdaptorServer } = await import('@hono/node-server');
  const logs = await Promise.all(logFiles.map(readKey));
  const disk = runtime.openNodeDisk(folder);
  // Before the lock: a folder without a witness gets none.
  transparency.readWitnessKey(disk, nativeCrypto);
  const release = runtime.lockFolder(join(folder, 'lock'));
  try {
    const witness = transparency.Witness.open({
      disk,
      crypto: nativeCrypto,
      logs,
      nowSeconds: () => Number(runtime.systemClock.now() / 1_000_000_000n),
    });
    const onInternalError = (error: unknown): void => {
      terminal.writeError(`${error instanceof Error ? (error.stack ?? error.message) : 'error'}\n`);
    };
    const stopped = nextSignal();
    const server = createAdaptorServer({
      fetch: buildWitnessApi({ witness, onInternalError }).fetch,
      createServer,
      serverOptions: { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    }) as Server;
    server.maxConnections = CONNECTIONS_MAX;
    const url = await listenOn(server, listen);
    terminal.writeOut(welcomeText(url, logs.length, witness));
    await stopped;
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  } finally {
    release();
  }
}

/** What a witness says as it starts. Attacker-controlled: origins, which its logs have chosen. */
export function welcomeText(
  url: string,
  count: number,
  { seen, verifierKey }: Pick<Witness, 'seen' | 'verifierKey'>,
): string {
  const lines = seen.map(
    ({ origin, size }) => `  has seen      ${escapeControls(origin)}, size ${size}\n`,
  );
  return (
    `Witness of ${count} ${count === 1 ? 'log' : 'logs'} at ${url}\n` +
    `${lines.join('')}  verifier key  ${verifierKey}\n`
  );
}

/** The engine's parts, loaded only when a witness is what this process is for. */
async function load() {
  const [{ nativeCrypto }, runtime, transparency] = await Promise.all([
    import('@veritydb/crypto/native'),
    import('@veritydb/runtime'),
    import('@veritydb/transparency'),
  ]);
  return { nativeCrypto, runtime, transparency };
}

async function readKey(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CliError('unavailable', 'ERR_CLI_FILE', `cannot read ${path}: ${reasonOf(error)}`, {
      hint: 'Name a file with the line that `verity log key` prints.',
    });
  }
}

async function nextSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve();
      });
    }
  });
}

async function listenOn(server: Server, { host, port }: Listen): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new CliError(
          'unavailable',
          'ERR_CLI_LISTEN',
          `cannot listen on ${host} port ${port}: ${reasonOf(error)}`,
          { hint: 'Choose another --listen HOST:PORT; port 0 takes any that is free.' },
        ),
      );
    });
    server.listen(port, host, () => {
      const bound = (server.address() as AddressInfo).port;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`);
    });
  });
}
