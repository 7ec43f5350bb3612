/**
 * Settings of the server: a flag counts before a VERITYD_ variable, that before `verity.json` in the data
 * folder, that before the default. A name that nobody knows is refused, so that a typing error cannot
 * leave a setting at its default unseen.
 */

import { type JsonObject, isJsonObject, parseJson } from '@veritydb/types';

import { ServerError } from './error.ts';

export interface Config {
  readonly dataFolder: string;
  /** Address to listen on. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Scheme and authority under which callers reach the server; null: where it listens. */
  readonly publicUrl: string | null;
  /** File of the policy (C2SP tlog-policy) by which witnesses cosign what is published; null: nobody does. */
  readonly witnessPolicy: string | null;
  /** Which writes share a sync: read by the database when it is opened. */
  readonly syncPolicy: string;
}

export interface ConfigSources {
  /** The command line, without node and the program. */
  readonly commandLine: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The text of a file, or null when there is none. */
  readonly readFile: (path: string) => string | null;
}

type Name = keyof Config;
type Texts = Partial<Record<Name, string>>;

const FLAGS: Readonly<Record<string, Name>> = {
  '--data': 'dataFolder',
  '--host': 'host',
  '--port': 'port',
  '--public-url': 'publicUrl',
  '--witness-policy': 'witnessPolicy',
  '--sync': 'syncPolicy',
};
const VARIABLES: Readonly<Record<string, Name>> = {
  VERITYD_DATA: 'dataFolder',
  VERITYD_HOST: 'host',
  VERITYD_PORT: 'port',
  VERITYD_PUBLIC_URL: 'publicUrl',
  VERITYD_WITNESS_POLICY: 'witnessPolicy',
  VERITYD_SYNC: 'syncPolicy',
};
/** Members of `verity.json`; null marks those that describe the folder and are not the server's. */
const MEMBERS: Readonly<Record<string, Name | null>> = {
  format: null,
  origin: null,
  host: 'host',
  port: 'port',
  public_url: 'publicUrl',
  witness_policy: 'witnessPolicy',
  sync: 'syncPolicy',
};

const FOLDER_DEFAULT = '.verity';
const HOST_DEFAULT = '127.0.0.1';
const PORT_DEFAULT = '7420';
const SYNC_DEFAULT = 'every-batch';
const FILE = 'verity.json';

/** @throws {ServerError} ERR_SERVER_CONFIG */
export function loadConfig(sources: ConfigSources): Config {
  const texts = { ...variableTexts(sources.environment), ...flagTexts(sources.commandLine) };
  const dataFolder = texts.dataFolder ?? FOLDER_DEFAULT;
  if (dataFolder === '') throw refused('the data folder is empty', 'Give --data a folder.');
  const file = `${dataFolder}/${FILE}`;
  const all = { ...fileTexts(file, sources.readFile(file)), ...texts };
  const host = parseHost(all.host ?? HOST_DEFAULT);
  const publicUrl = all.publicUrl === undefined ? null : parsePublicUrl(all.publicUrl);
  if (publicUrl === null && !isLoopback(host)) {
    throw refused(
      'a server that others can reach has no public address',
      'Set --public-url to the address that callers use, such as https://verity.example.org.',
    );
  }
  const port = parsePort(all.port ?? PORT_DEFAULT);
  const { syncPolicy = SYNC_DEFAULT, witnessPolicy = null } = all;
  return { dataFolder, host, port, publicUrl, witnessPolicy, syncPolicy };
}

/** Whether an address or name of a host is of this machine alone. */
export function isLoopback(host: string): boolean {
  return /^(localhost|\[?::1\]?|(::ffff:)?127(\.[0-9]{1,3}){3})$/.test(host);
}

function flagTexts(commandLine: readonly string[]): Texts {
  const texts: Texts = {};
  for (let at = 0; at < commandLine.length; at += 1) {
    const [flag = '', ...rest] = (commandLine[at] as string).split('=');
    const name = FLAGS[flag];
    if (name === undefined) {
      throw refused(`unknown argument ${flag}`, `Known are: ${Object.keys(FLAGS).join(', ')}.`);
    }
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
    const name = VARIABLES[variable];
    if (name === undefined) {
      const known = Object.keys(VARIABLES).join(', ');
      throw refused(`unknown variable ${variable}`, `Known are: ${known}.`);
    }
    texts[name] = value;
  }
  return texts;
}

function fileTexts(path: string, text: string | null): Texts {
  if (text === null) return {};
  const texts: Texts = {};
  for (const [member, value] of Object.entries(parseFile(path, text))) {
    const name = MEMBERS[member];
    if (name === undefined) {
      const known = Object.keys(MEMBERS).join(', ');
      throw refused(`unknown member ${member} in ${path}`, `Known are: ${known}.`);
    }
    if (name === null) continue;
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

/** Tokens travel to this address: so in clear only within this machine. */
function parsePublicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = url?.protocol === 'http:' && isLoopback(url.hostname);
  if (url === null || url.href !== `${url.origin}/` || (url.protocol !== 'https:' && !plain)) {
    throw refused(
      'the public address is no https address without a path',
      'Give one such as https://verity.example.org, served by a proxy with a certificate.',
    );
  }
  return url.origin;
}

function refused(message: string, hint: string): ServerError {
  return new ServerError('ERR_SERVER_CONFIG', message, { hint });
}
