/**
 * Publishing while the server runs: the policy that says which witnesses must cosign, and the clock that
 * drives the publisher.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import { type TlogPolicy, MerkleError, meetsQuorum, parseTlogPolicy } from '@veritydb/merkle';
import {
  type Publication,
  Publisher,
  type SigningLog,
  submitOverHttp,
} from '@veritydb/transparency';
import { bytesEqual } from '@veritydb/types';

import { ServerError } from './error.ts';

/** Small against the second that a record may wait; a step that finds nothing new costs nothing. */
const STEP_MS = 100;

/**
 * The policy of a file: null without a file. Refused where it could never let this log publish.
 *
 * @throws {ServerError} ERR_SERVER_CONFIG
 */
export function loadWitnessPolicy(
  path: string | null,
  log: Pick<SigningLog, 'crypto' | 'publicKey'>,
  readFile: (path: string) => string | null,
): TlogPolicy | null {
  if (path === null) return null;
  const text = readFile(path);
  if (text === null) throw missing(path);
  const policy = parsePolicy(log, path, text);
  const { logs, witnesses } = policy;
  if (logs.length > 0 && !logs.some(({ key }) => bytesEqual(key.publicKey, log.publicKey))) {
    throw refused(
      `the policy ${path} is for other logs`,
      'Give it the key that `verity log key` prints, or leave out its log lines.',
    );
  }
  const reachable = witnesses.filter(({ url }) => url !== null);
  if (!reachable.every(({ url }) => isPrefix(url ?? ''))) {
    throw refused(
      `a witness of ${path} has a URL that is no plain http or https address`,
      'Write the address under which it takes /add-checkpoint, without name and password, query and fragment.',
    );
  }
  const keys = reachable.map(({ key }) => key);
  if (!meetsQuorum(policy, keys)) {
    throw refused(
      `the witnesses of ${path} that have a URL are no quorum`,
      'Write the URL of each witness at the end of its line.',
    );
  }
  return policy;
}

/**
 * Where the witnesses of a policy answer, without a log to hold it against.
 *
 * @throws {ServerError} ERR_SERVER_CONFIG
 */
export function witnessUrls(
  path: string,
  readFile: (path: string) => string | null,
): readonly string[] {
  const text = readFile(path);
  if (text === null) throw missing(path);
  const { witnesses } = parsePolicy({ crypto: nativeCrypto }, path, text);
  return witnesses.flatMap(({ url }) => (url === null ? [] : [url]));
}

function missing(path: string): ServerError {
  return refused(`there is no file ${path}`, 'Name a policy file that exists.');
}

function parsePolicy({ crypto }: Pick<SigningLog, 'crypto'>, path: string, text: string) {
  try {
    return parseTlogPolicy(crypto, text);
  } catch (error) {
    if (!(error instanceof MerkleError)) throw error;
    throw refused(`${path}: ${error.message}`, error.hint ?? 'Correct the file.');
  }
}

/** Whether `/add-checkpoint` can be put behind it, and it can be told without telling a secret. */
function isPrefix(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { password, protocol, username } = new URL(text);
  return /^https?:$/.test(protocol) && username + password === '' && !/[?#]/.test(text);
}

export interface Publishing {
  /** Publishes a checkpoint of the whole log now; false when it was not published. */
  readonly publish: () => Promise<boolean>;
  readonly stop: () => void;
}

/** Publishes from now on. */
export function startPublishing(
  publication: Publication,
  policy: TlogPolicy | null,
  onTrouble: (message: string) => void,
): Publishing {
  const publisher = new Publisher({ publication, policy, submit: submitOverHttp, onTrouble });
  const step = (): void => {
    publisher.step(performance.now());
  };
  step();
  const timer = setInterval(step, STEP_MS);
  return {
    publish: async () => publisher.publish(),
    stop: () => {
      clearInterval(timer);
      publisher.close();
    },
  };
}

function refused(message: string, hint: string): ServerError {
  return new ServerError('ERR_SERVER_CONFIG', message, { hint });
}
