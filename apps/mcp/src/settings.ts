/**
 * Where the server is and which token to show. The token comes from a file that only its owner can read,
 * or from the environment, and never from the command line, which every process of the machine can see.
 */

import { type FileHandle, open } from 'node:fs/promises';

import { BridgeError } from './error.ts';

export interface Settings {
  /** The server's MCP endpoint. */
  readonly endpoint: URL;
  readonly token: string;
}

export type Environment = Record<string, string | undefined>;

const SERVER_DEFAULT = 'http://127.0.0.1:7420';
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);
const TOKEN_SIZE_MAX = 8192;

/**
 * Reads the settings, and takes the token out of the environment, so that no child inherits it.
 *
 * @throws {BridgeError} ERR_BRIDGE_URL, ERR_BRIDGE_TOKEN, ERR_BRIDGE_TOKEN_FILE
 */
export async function readSettings(environment: Environment): Promise<Settings> {
  const direct = environment['VERITY_TOKEN'];
  delete environment['VERITY_TOKEN'];
  const file = environment['VERITY_TOKEN_FILE'];
  const endpoint = parseEndpoint(environment['VERITY_URL'] ?? SERVER_DEFAULT);
  if ((direct === undefined) === (file === undefined)) {
    throw new BridgeError(
      'ERR_BRIDGE_TOKEN',
      'expected exactly one of VERITY_TOKEN_FILE and VERITY_TOKEN',
      { hint: 'Set one of them in the "env" block of this server in your MCP client.' },
    );
  }
  const text = file === undefined ? (direct ?? '') : await readTokenFile(file);
  const token = text.trim();
  if (token.length > TOKEN_SIZE_MAX || !/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) {
    throw new BridgeError('ERR_BRIDGE_TOKEN', 'the token is not a bearer token', {
      hint: 'Give the token exactly as it was issued.',
    });
  }
  return { endpoint, token };
}

function parseEndpoint(text: string): URL {
  const endpoint = URL.canParse(text) ? new URL(text) : null;
  const plain = endpoint?.protocol === 'http:' && LOOPBACK.has(endpoint.hostname);
  if (endpoint === null || (endpoint.protocol !== 'https:' && !plain)) {
    throw new BridgeError(
      'ERR_BRIDGE_URL',
      'VERITY_URL is neither https nor http on this very machine',
      { hint: `Give the address that the server printed, such as ${SERVER_DEFAULT}.` },
    );
  }
  if (![`${endpoint.origin}/`, `${endpoint.origin}/mcp`].includes(endpoint.href)) {
    throw new BridgeError('ERR_BRIDGE_URL', 'VERITY_URL holds more than the address of a server', {
      hint: 'Give the bare address in VERITY_URL, and the token in VERITY_TOKEN_FILE.',
    });
  }
  return new URL('/mcp', endpoint);
}

async function readTokenFile(path: string): Promise<string> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (cause) {
    throw new BridgeError('ERR_BRIDGE_TOKEN_FILE', 'VERITY_TOKEN_FILE cannot be opened', {
      cause,
      hint: 'Check the path; it must be readable by the user who runs this program.',
    });
  }
  try {
    // The open file is asked, not its path: it cannot be swapped in between.
    const { mode, size } = await handle.stat();
    // Windows has no such bits: there the folder's access list is what counts.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new BridgeError('ERR_BRIDGE_TOKEN_FILE', 'others may read VERITY_TOKEN_FILE', {
        hint: 'Run chmod 600 on it.',
      });
    }
    if (size > TOKEN_SIZE_MAX) {
      throw new BridgeError('ERR_BRIDGE_TOKEN_FILE', 'VERITY_TOKEN_FILE is too large for a token');
    }
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
