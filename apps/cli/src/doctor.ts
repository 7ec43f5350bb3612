/** What is looked at by `verity doctor`. Each look is by itself: one that fails stops no other. */

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { type JsonObject, VerityError, isJsonObject, parseJson } from '@veritydb/types';

import { numberOf, textOf } from './answer.ts';
import { type ConnectionOptions, type FoundServer, findServer } from './connection.ts';
import { syncMilliseconds } from './doctor-disk.ts';
import { reasonOf } from './secret-file.ts';
import { siblingCommand } from './sibling.ts';

export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failed' | 'skipped';
  readonly detail: string;
  /** What to do; null where nothing is. */
  readonly hint: string | null;
}

type Look = ConnectionOptions & { readonly folder: string };
type Told = Omit<Finding, 'name'>;

const NODE_LEAST = [20, 19] as const;
const FREE_BYTES_LEAST = 100 * 1_048_576;
const FREE_BYTES_GOOD = 1024 * 1_048_576;
/** Above it every write waits long; below it the disk hardly writes at all. */
const SYNC_MS_SLOW = 20;
const SYNC_MS_UNLIKELY = 0.02;
const CERTIFICATE_DAYS_GOOD = 21;
const CLOCK_AHEAD_MS = 5000;
const DAY_MS = 86_400_000;
const REACH_TIMEOUT_MS = 3000;

const ok = (detail: string): Told => ({ state: 'ok', detail, hint: null });
const skipped = (detail: string): Told => ({ state: 'skipped', detail, hint: null });
const warning = (detail: string, hint: string): Told => ({ state: 'warning', detail, hint });
const failed = (detail: string, hint: string): Told => ({ state: 'failed', detail, hint });

/** Looks at everything, in the order in which one thing rests on another. */
export async function examine(look: Look): Promise<readonly Finding[]> {
  const findings: Finding[] = [{ name: 'node', ...lookAtNode() }];
  const isThere = existsSync(join(look.folder, 'verity.json'));
  findings.push({ name: 'folder', ...lookAtFolder(look.folder, isThere) });
  if (!isThere) return findings;
  const settings = readSettings(look.folder);
  const server = await findServer(look.folder, look.authorities).catch((error: unknown) => error);
  const looks: readonly (readonly [string, () => Told | Promise<Told>])[] = [
    ['permissions', () => lookAtPermissions(look.folder)],
    ['master key', () => lookAtMasterKey(look)],
    ['settings', () => settings.told],
    ['certificate', () => lookAtCertificate(settings.effective)],
    ['disk', async () => lookAtDisk(look.folder)],
    ['sync', () => lookAtSync(look.folder)],
    ['clock', () => lookAtClock(look.folder)],
    ['server', async () => lookAtServer(server)],
    ['witnesses', async () => lookAtWitnesses(settings.effective)],
  ];
  for (const [name, run] of looks) {
    try {
      findings.push({ name, ...(await run()) });
    } catch (error) {
      findings.push({
        name,
        ...failed(
          `cannot be looked at: ${reasonOf(error)}`,
          'Check the permissions of the folder.',
        ),
      });
    }
  }
  return findings;
}

function lookAtNode(): Told {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > NODE_LEAST[0] || (major === NODE_LEAST[0] && minor >= NODE_LEAST[1]);
  const detail = `Node ${process.versions.node}`;
  return isNew ? ok(detail) : failed(detail, `Install Node ${NODE_LEAST.join('.')} or newer.`);
}

function lookAtFolder(folder: string, isThere: boolean): Told {
  return isThere
    ? ok(folder)
    : failed(`${folder} is no database`, `Name another with --data, or: verity init ${folder}`);
}

/** Keys and secrets are their owner's alone, and the folder lets nobody else write. */
function lookAtPermissions(folder: string): Told {
  if (process.platform === 'win32') return skipped('not told by this system');
  const open = ['master.key', 'operator.secret', 'server.json']
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path) && (statSync(path).mode & 0o077) !== 0);
  if (open.length > 0) {
    return failed(`others may read ${open.join(', ')}`, `Run: chmod 600 ${open.join(' ')}`);
  }
  if ((statSync(folder).mode & 0o022) === 0) return ok('keys and secrets are their owner’s alone');
  return failed(`others may write into ${folder}`, `Run: chmod 700 ${folder}`);
}

function lookAtMasterKey({ environment, folder }: Look): Told {
  const isFile = existsSync(join(folder, 'master.key'));
  const isGiven = environment['VERITY_MASTER_KEY'] !== undefined;
  if (isFile && isGiven) {
    return failed(
      'in a file and in VERITY_MASTER_KEY',
      'Keep one: unset the variable, or move the file away.',
    );
  }
  if (isGiven) return ok('from VERITY_MASTER_KEY');
  if (!isFile) {
    return failed(
      'it is nowhere',
      'Put master.key back into the folder, or set VERITY_MASTER_KEY.',
    );
  }
  return warning(
    'it stands beside the data that it opens',
    'Keep a copy elsewhere. Who finds the folder reads everything: VERITY_MASTER_KEY keeps them apart.',
  );
}

interface Settings {
  readonly told: Told;
  /** As the server would take them; null where it would not. */
  readonly effective: JsonObject | null;
}

/** Asks the server itself: it alone knows what it takes. */
function readSettings(folder: string): Settings {
  const { args, command } = siblingCommand('server', ['--check', '--data', folder]);
  const { status, stderr, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) {
    const [first = '', second = ''] = stderr.split('\n');
    return {
      told: failed(
        first.replace(/^error \w+: /, ''),
        second.replace(/^→ /, '') || 'Run: verityd --check',
      ),
      effective: null,
    };
  }
  const effective = parseJson(stdout);
  if (!isJsonObject(effective))
    return { told: failed('not readable', 'Run: verityd --check'), effective: null };
  const { publicUrl } = effective;
  const url = typeof publicUrl === 'string' ? `, public ${publicUrl}` : '';
  const place = `${textOf(effective, 'host')} port ${numberOf(effective, 'port')}`;
  return { told: ok(`listens on ${place}${url}`), effective };
}

function lookAtCertificate(settings: JsonObject | null): Told {
  const certificate = settings?.['certificate'];
  if (!isJsonObject(certificate)) return skipped('none: TLS is a proxy’s work, or not needed here');
  const validTo = textOf(certificate, 'validTo');
  const days = Math.floor((Date.parse(validTo) - Date.now()) / DAY_MS);
  if (days < 0) return failed(`expired ${validTo}`, 'Renew it, then send the server SIGHUP.');
  const detail = `valid until ${validTo}`;
  return days >= CERTIFICATE_DAYS_GOOD
    ? ok(detail)
    : warning(`${detail}, ${days} days`, 'Renew it, then send the server SIGHUP.');
}

async function lookAtDisk(folder: string): Promise<Told> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${Math.floor(free / 1_048_576)} MiB free`;
  if (free < FREE_BYTES_LEAST)
    return failed(detail, 'Make room: the database stops when the disk is full.');
  return free < FREE_BYTES_GOOD
    ? warning(detail, 'Make room before the disk is full.')
    : ok(detail);
}

function lookAtSync(folder: string): Told {
  const ms = syncMilliseconds(folder);
  const detail = `a write reaches the disk in ${ms.toFixed(2)} ms`;
  if (ms > SYNC_MS_SLOW) {
    return warning(
      detail,
      'Every write waits for it: use a faster disk, or --sync group-commit:5ms.',
    );
  }
  return ms < SYNC_MS_UNLIKELY
    ? warning(detail, 'No disk is that fast: check that this one does not lie about syncs.')
    : ok(detail);
}

/** The log's times only rise: a clock that was set back makes them stand still. */
function lookAtClock(folder: string): Told {
  const newest = Math.max(
    ...readdirSync(folder, { recursive: true }).map((name) =>
      modifiedMs(join(folder, String(name))),
    ),
  );
  const ahead = newest - Date.now();
  if (ahead > CLOCK_AHEAD_MS) {
    const seconds = Math.round(ahead / 1000);
    return failed(
      `${seconds} seconds behind the newest file`,
      'Set the clock, and have it kept (NTP).',
    );
  }
  return ok(new Date().toISOString());
}

/** A file that went away meanwhile is old. */
function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

async function lookAtServer(server: unknown): Promise<Told> {
  if (server === null) return skipped('none runs: commands open the folder themselves');
  if (server instanceof Error) {
    const hint = server instanceof VerityError ? server.hint : undefined;
    return failed(server.message, hint ?? 'Start it again.');
  }
  const { fetch, origin } = server as FoundServer;
  const ready = await fetch(new Request(new URL('/ready', origin)));
  if (!ready.ok) return failed(`${origin} answers ${ready.status} at /ready`, 'See its log.');
  const told = parseJson(await (await fetch(new Request(new URL('/version', origin)))).text());
  const theirs = isJsonObject(told) ? textOf(told, 'version') : 'unknown';
  const { VERSION } = await import('@veritydb/verity');
  return theirs === VERSION
    ? ok(`${origin} is ready, version ${theirs}`)
    : warning(
        `${origin} has version ${theirs}, this command ${VERSION}`,
        'Start the server again with this version.',
      );
}

async function lookAtWitnesses(settings: JsonObject | null): Promise<Told> {
  const urls = settings?.['witnesses'];
  if (!Array.isArray(urls) || urls.length === 0) return skipped('none is named: docs/WITNESS.md');
  const silent: string[] = [];
  for (const url of urls as readonly string[]) {
    try {
      await fetch(url, { signal: AbortSignal.timeout(REACH_TIMEOUT_MS) });
    } catch {
      silent.push(url);
    }
  }
  return silent.length === 0
    ? ok(`${urls.length} answer`)
    : failed(
        `no answer from ${silent.join(', ')}`,
        'Nothing is published without a quorum: start them, or ask whoever runs them.',
      );
}
