/** Where the master key comes from. A KMS or an HSM is another provider of the same port. */

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

import { hexToBytes, bytesToHex } from '@veritydb/types';

import { RuntimeError } from './error.ts';
import type { Random } from './random.ts';

export interface MasterKeyProvider {
  /** The key, 32 bytes, as a copy that the caller clears after use. */
  masterKey(): Uint8Array;
}

/** A file that holds the key as 64 hexadecimal digits and a newline, readable by its owner alone. */
export function masterKeyFile(path: string): MasterKeyProvider {
  return {
    masterKey() {
      if (!existsSync(path)) {
        throw new RuntimeError(
          'unavailable',
          'ERR_RUNTIME_MASTER_KEY',
          'master key file is missing',
          {
            hint: `put the master key of this database back at ${path}`,
          },
        );
      }
      return parseMasterKey(readFileSync(path, 'utf8').trim(), 'master key file');
    },
  };
}

/** The text of an environment variable, 64 hexadecimal digits, as whoever read it hands it in. */
export function masterKeyText(text: string): MasterKeyProvider {
  return { masterKey: () => parseMasterKey(text, 'master key of the environment') };
}

/** Never tells what stands there: a key with one wrong digit is a key. */
function parseMasterKey(text: string, source: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new RuntimeError('format', 'ERR_RUNTIME_MASTER_KEY', `${source} is malformed`, {
      hint: 'it must hold 64 lower-case hexadecimal digits',
    });
  }
  return hexToBytes(text);
}

/** Makes a master key file with a new random key. Refuses to overwrite one. */
export function createMasterKeyFile(path: string, random: Random): void {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeSync(descriptor, `${bytesToHex(random.bytes(32))}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
