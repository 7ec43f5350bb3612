/**
 * Tombstones: the ids of all keys of a log that were destroyed, as a signed note (C2SP) by the log's key.
 *
 * Five lines that say what and whose, then one key id a line, rising. A backup that is older than an
 * erasure still has the key: restoring it under the tombstones leaves that key out.
 */

import type { Crypto } from '@veritydb/crypto';
import { parseVerifierKey, verifyNote } from '@veritydb/merkle';
import { type KeyId, toKeyId } from '@veritydb/types';

import { SLOT_SIZE, decodeSlot, encodeSlot } from '../key-store.ts';
import { tombstonesRefused } from './refused.ts';

export const TOMBSTONES_NAME = 'tombstones';
const FORMAT = 'veritydb.dev/tombstones/v1';

export interface Tombstones {
  readonly origin: string;
  readonly tenant: number;
  /** Identity of the log, hexadecimal. */
  readonly log: string;
  /** Records of the log when they were taken. */
  readonly size: number;
  /** Rising. */
  readonly keyIds: readonly KeyId[];
}

/** The text that is signed. */
export function formatTombstones({ keyIds, log, origin, size, tenant }: Tombstones): string {
  const lines = [FORMAT, origin, String(tenant), log, String(size), ...keyIds.map(String)];
  return `${lines.join('\n')}\n`;
}

/**
 * Verifies tombstones under the log's verifier key, whose name must be the origin.
 *
 * @throws {RuntimeError} ERR_RUNTIME_TOMBSTONES; {MerkleError} when they are not authentic
 */
export function verifyTombstones(crypto: Crypto, note: string, verifierKey: string): Tombstones {
  const key = parseVerifierKey(crypto, verifierKey);
  const { text } = verifyNote(crypto, note, [key]).note;
  const [format, origin = '', tenant = '', log = '', size = '', ...ids] = text
    .slice(0, -1)
    .split('\n');
  if (format !== FORMAT) throw tombstonesRefused('the first line is another');
  if (origin !== key.name) throw tombstonesRefused('the origin is not the name of its key');
  if (!/^[0-9a-f]{32}$/.test(log)) throw tombstonesRefused('the log is not 32 digits');
  const keyIds = ids.map((id) => toKeyId(wholeNumber(id)));
  if (keyIds.some((id, index) => index > 0 && id <= (keyIds[index - 1] as number))) {
    throw tombstonesRefused('the key ids do not rise');
  }
  return { origin, tenant: wholeNumber(tenant), log, size: wholeNumber(size), keyIds };
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^[1-9][0-9]{0,15}$/.test(text) && Number.isSafeInteger(number)) return number;
  throw tombstonesRefused('a line is not a number from 1');
}

/** A key store's bytes with these keys destroyed; ids that it does not have yet are passed over. */
export function destroyKeys(keys: Uint8Array, ids: Iterable<KeyId>): Uint8Array {
  const bytes = keys.slice();
  for (const id of ids) {
    const at = id * SLOT_SIZE;
    const slot =
      at + SLOT_SIZE <= bytes.length ? decodeSlot(bytes.slice(at, at + SLOT_SIZE), id) : undefined;
    if (slot === undefined) continue;
    bytes.set(encodeSlot(id, { ...slot, live: false, wrapped: new Uint8Array(40) }), at);
  }
  return bytes;
}
