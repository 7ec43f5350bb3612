/**
 * Settings of the server: a flag counts before a VERITYD_ variable, that before `verity.json` in the data
 * folder, that before the default. A name that nobody knows is refused, so that a typing error cannot
 * leave a setting at its default unseen.
 */

import { type JsonObject, isJsonObject, nearestName, parseJson } from '@veritydb/types';

import { ServerError } from './error.ts';
import type { TlsFiles } from './tls.ts';

export interface Config {
  readonly dataFolder: string;
  /** Address to listen on. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Scheme and authority under which callers reach the server; null: where it listens. */
  readonly publicUrl: string | null;
  /** Files of the certificate to listen with; null: in clear. */
  readonly tls: TlsFiles | null;
  readonly limits: ConnectionLimits;
  /** Who gives out tokens to programs: nobody, this server, or the one at an address. */
  readonly authorization: 'off' | 'local' | URL;
  /** How long `/ready` says 503 before the server takes no more requests. */
  readonly drainSeconds: number;
  /** File of the policy (C2SP tlog-policy) by which witnesses cosign what is published; null: nobody does. */
  readonly witnessPolicy: string | null;
  /** Which writes share a sync: read by the database when it is opened. */
  readonly syncPolicy: string;
  /** How far back AS OF answers: read by the database when it is opened. */
  readonly history: string;
}

/** What a caller may cost before it has asked anything. */
export interface ConnectionLimits {
  readonly connectionsMax: number;
  /** In which the headers of a request must have come. */
  readonly headersTimeoutMs: number;
  /** In which all of a request must have come. */
  readonly requestTimeoutMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  connectionsMax: 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
};

export interface ConfigSources {
  /** The command line, without node and the program. */
  readonly commandLine: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The text of a file, or null when there is none. */
  readonly readFile: (path: string) => string | null;
}

/** Each setting by its member of `verity.json`; its flag and its variable follow from it. */
const SETTINGS = [
  'data',
  'host',
  'port',
  'public_url',
  'tls_cert',
  'tls_key',
  'connections_max',
  'headers_seconds',
  'request_seconds',
  'authorization',
  'drain_seconds',
  'witness_policy',
  'sync',
  'history',
] as const;
type Setting = (typeof SETTINGS)[number];
type Texts = Partial<Record<Setting, string>>;

type Names = ReadonlyMap<string, Setting>;

const FLAGS: Names = new Map(SETTINGS.map((name) => [`--${name.replaceAll('_', '-')}`, name]));
const VARIABLES: Names = new Map(SETTINGS.map((name) => [`VERITYD_${name.toUpperCase()}`, name]));
/** The file is in the data folder and cannot say where that is. */
const MEMBERS: Names = new Map(
  SETTINGS.filter((name) => name !== 'data').map((name) => [name, name]),
);
/** Members of `verity.json` that describe the folder and are not the server's. */
const DESCRIPTION: ReadonlySet<string> = new Set(['format', 'origin']);

const FOLDER_DEFAULT = '.verity';
const HOST_DEFAULT = '127.0.0.1';
const PORT_DEFAULT = '7420';
const SYNC_DEFAULT = 'every-batch';
const DRAIN_DEFAULT = '0';
const DRAIN_SECONDS_MAX = 600;
const HISTORY_DEFAULT = 'all';
const FILE = 'verity.json';

/** @throws {ServerError} ERR_SERVER_CONFIG */
export function loadConfig(sources: ConfigSources): Config {
  const texts = { ...variableTexts(sources.environment), ...flagTexts(sources.commandLine) };
  const dataFolder = texts.data ?? FOLDER_DEFAULT;
  if (dataFolder === '') throw refused('the data folder is empty', 'Give --data a folder.');
  const file = `${dataFolder}/${FILE}`;
  const all = { ...fileTexts(file, sources.readFile(file)), ...texts };
  const host = parseHost(all.host ?? HOST_DEFAULT);
  const publicUrl = all.public_url === undefined ? null : parsePublicUrl(all.public_url);
  if (publicUrl === null && !isLoopback(host)) {
    throw refused(
      'a server that others can reach has no public address',
      'Set --public-url to the address that callers use, such as https://verity.example.org.',
    );
  }
  return {
    dataFolder,
    host,
    port: parsePort(all.port ?? PORT_DEFAULT),
    publicUrl,
    tls: parseTlsFiles(all),
    limits: parseLimits(all),
    authorization: parseAuthorization(all.authorization ?? 'off'),
    drainSeconds: parseDrain(all.drain_seconds ?? DRAIN_DEFAULT),
    witnessPolicy: all.witness_policy ?? null,
    syncPolicy: all.sync ?? SYNC_DEFAULT,
    history: all.history ?? HISTORY_DEFAULT,
  };
}

/** Whether an address or name of a host is of this machine alone. */
export function isLoopback(host: string): boolean {
  return /^(localhost|\[?::1\]?|(::ffff:)?127(\.[0-9]{1,3}){3})$/.test(host);
}

function flagTexts(commandLine: readonly string[]): Texts {
  const texts: Texts = {};
  for (let at = 0; at < commandLine.length; at += 1) {
    const [flag = '', ...rest] = (commandLine[at] as string).split('=');
    const name = FLAGS.get(flag);
    if (name === undefined) throw unknown(`unknown argument ${flag}`, flag, FLAGS);
    if (rest.length === 0) at += 1;
    const value = rest.length === 0 ? commandLine[at] : rest.join('=');
    if (value === undefined) throw refused(`${flag} has no value`, `Write ${flag} VALUE.`);
    if (texts[name] !== undefined) throw refused(`${flag} stands twice`, 'Give it once.');
    texts[name] = value;
  }
  return texts;
}

function variableTexts(environment: ConfigSources['environment']): Texts {
  const texts: Texts = {};
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('VERITYD_') || value === undefined) continue;
    const name = VARIABLES.get(variable);
    if (name === undefined) throw unknown(`unknown variable ${variable}`, variable, VARIABLES);
    texts[name] = value;
  }
  return texts;
}

function fileTexts(path: string, text: string | null): Texts {
  if (text === null) return {};
  const texts: Texts = {};
  for (const [member, value] of Object.entries(parseFile(path, text))) {
    if (DESCRIPTION.has(member)) continue;
    const name = MEMBERS.get(member);
    if (name === undefined) throw unknown(`unknown member ${member} in ${path}`, member, MEMBERS);
    if (typeof value !== 'string' && typeof value !== 'number') {
      throw refused(`${member} in ${path} is neither text nor number`, 'Correct it.');
    }
    texts[name] = String(value);
  }
  return texts;
}

function parseFile(path: string, text: string): JsonObject {
  try {
    const value = parseJson(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Told below: one sentence for every way of being malformed.
  }
  throw refused(`${path} is not a JSON object`, 'Correct the file.');
}

function parseHost(text: string): string {
  if (!/^[0-9A-Za-z.:-]{1,253}$/.test(text)) {
    throw refused('the host is no name or address', 'Give one such as 127.0.0.1 or ::1.');
  }
  return text;
}

function parsePort(text: string): number {
  if (!/^(0|[1-9][0-9]{0,4})$/.test(text) || Number(text) > 65_535) {
    throw refused('the port is no whole number from 0 to 65535', 'Give one such as 7420.');
  }
  return Number(text);
}

function parseTlsFiles({ tls_cert: certificate, tls_key: key }: Texts): TlsFiles | null {
  if (certificate === undefined && key === undefined) return null;
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  throw refused(
    `the ${key === undefined ? 'key of the certificate' : 'certificate'} is missing`,
    'Give both, --tls-cert and --tls-key, or neither.',
  );
}

const CONNECTIONS_MAX = 65_535;
const SLOW_SECONDS_MAX = 600;

function parseLimits({
  connections_max: connections,
  headers_seconds: headers,
  request_seconds: request,
}: Texts): ConnectionLimits {
  const { connectionsMax, headersTimeoutMs, requestTimeoutMs } = CONNECTION_LIMITS;
  const seconds = (text: string | undefined, usualMs: number): number =>
    text === undefined ? usualMs : parseCount(text, SLOW_SECONDS_MAX) * 1000;
  return {
    connectionsMax:
      connections === undefined ? connectionsMax : parseCount(connections, CONNECTIONS_MAX),
    headersTimeoutMs: seconds(headers, headersTimeoutMs),
    requestTimeoutMs: seconds(request, requestTimeoutMs),
  };
}

function parseCount(text: string, most: number): number {
  if (/^[1-9][0-9]{0,4}$/.test(text) && Number(text) <= most) return Number(text);
  throw refused(`a limit is no whole number from 1 to ${most}`, 'Give one, or leave it out.');
}

/** Tokens are fetched there: so in clear only within this machine. */
function parseAuthorization(text: string): Config['authorization'] {
  if (text === 'off' || text === 'local') return text;
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = url?.protocol === 'http:' && isLoopback(url.hostname);
  if (url !== null && url.search + url.hash === '' && (url.protocol === 'https:' || plain)) {
    return url;
  }
  throw refused(
    'authorization is neither off nor local nor the https address of a server',
    'Give the issuer of your authorization server, or local for the one in here.',
  );
}

function parseDrain(text: string): number {
  if (!/^[0-9]{1,3}$/.test(text) || Number(text) > DRAIN_SECONDS_MAX) {
    throw refused(
      `the seconds to drain are no whole number from 0 to ${DRAIN_SECONDS_MAX}`,
      'Give one such as 5: longer than a load balancer takes to notice.',
    );
  }
  return Number(text);
}

/** Tokens travel to this address: so in clear only within this machine. */
function parsePublicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = url?.protocol === 'http:' && isLoopback(url.hostname);
  if (url === null || url.href !== `${url.origin}/` || (url.protocol !== 'https:' && !plain)) {
    throw refused(
      'the public address is no https address without a path',
      'Give one such as https://verity.example.org, served with --tls-cert and --tls-key or by a proxy.',
    );
  }
  return url.origin;
}

function refused(message: string, hint: string): ServerError {
  return new ServerError('ERR_SERVER_CONFIG', message, { hint });
}

/** What was typed is told with the known name that is nearest to it. */
function unknown(message: string, typed: string, known: Names): ServerError {
  const names = [...known.keys()];
  const nearest = nearestName(typed, names);
  const list = `Known are: ${names.join(', ')}.`;
  return refused(message, nearest === null ? list : `Did you mean ${nearest}? ${list}`);
}
