/**
 * Tombstones: the data subjects of a log whose keys were destroyed. A backup that is older than an erasure
 * still has the key: restoring it under the tombstones leaves that key out.
 *
 * A signed note (C2SP) by the log's key, and behind it the list that the note fixes by its length and
 * SHA-256: a note is bounded, and the list grows for ever. A line of the list is a key id and the keyed
 * pseudonym of its data subject, so that an id that another history of the log gave to somebody else is
 * nobody's here.
 */

import type { Crypto } from '@veritydb/crypto';
import { parseVerifierKey, verifyNote } from '@veritydb/merkle';
import { type KeyId, bytesToHex, toKeyId, utf8Encode } from '@veritydb/types';

import { SLOT_SIZE, decodeSlot, encodeSlot } from '../key-slot.ts';
import { tombstonesRefused } from './refused.ts';

export const TOMBSTONES_NAME = 'tombstones';
const FORMAT = 'veritydb.dev/tombstones/v1';
/** Some three million data subjects. */
const TEXT_LENGTH_MAX: number = 256 * 1024 * 1024;

export interface ErasedKey {
  readonly keyId: KeyId;
  /** Hexadecimal. */
  readonly subjectMac: string;
}

export interface Tombstones {
  readonly origin: string;
  readonly tenant: number;
  /** Identity of the log, hexadecimal. */
  readonly log: string;
  /** Records of the log when they were taken. */
  readonly size: number;
  /** By rising key id. */
  readonly erased: readonly ErasedKey[];
}

/** Signs tombstones. */
export function formatTombstones(
  crypto: Crypto,
  { erased, log, origin, size, tenant }: Tombstones,
  sign: (text: string) => string,
): string {
  const list = erased.map(({ keyId, subjectMac }) => `${keyId} ${subjectMac}\n`).join('');
  const fixed = `${erased.length} ${bytesToHex(crypto.sha256(utf8Encode(list)))}`;
  const note = sign(`${[FORMAT, origin, tenant, log, size, fixed].join('\n')}\n`);
  return list === '' ? note : `${note}\n${list}`;
}

/**
 * Verifies tombstones under the log's verifier key, whose name must be the origin.
 *
 * @throws {RuntimeError} ERR_RUNTIME_TOMBSTONES; {MerkleError} when they are not authentic
 */
export function verifyTombstones(crypto: Crypto, file: string, verifierKey: string): Tombstones {
  // Attacker-controlled: bounded before it is looked at.
  if (file.length > TEXT_LENGTH_MAX) throw tombstonesRefused('the text is too long');
  const key = parseVerifierKey(crypto, verifierKey);
  const { list, note } = partFile(file);
  const { text } = verifyNote(crypto, note, [key]).note;
  const [format, origin = '', tenant = '', log = '', size = '', fixed = '', ...rest] = text
    .slice(0, -1)
    .split('\n');
  if (format !== FORMAT || rest.length > 0) throw tombstonesRefused('the lines are others');
  if (origin !== key.name) throw tombstonesRefused('the origin is not the name of its key');
  if (!/^[0-9a-f]{32}$/.test(log)) throw tombstonesRefused('the log is not 32 digits');
  const lines = list.split('\n').slice(0, -1);
  if (fixed !== `${lines.length} ${bytesToHex(crypto.sha256(utf8Encode(list)))}`) {
    throw tombstonesRefused('the list is not the one that was signed', 'verification');
  }
  const erased = lines.map(parseLine);
  if (erased.some(({ keyId }, at) => at > 0 && keyId <= (erased[at - 1] as ErasedKey).keyId)) {
    throw tombstonesRefused('the key ids do not rise');
  }
  return { origin, tenant: wholeNumber(tenant), log, size: wholeNumber(size), erased };
}

/** The note has one empty line in it; a second ends it. */
function partFile(file: string): { readonly note: string; readonly list: string } {
  const signatures = file.indexOf('\n\n') + 2;
  const end = file.indexOf('\n\n', signatures);
  return end < 0
    ? { note: file, list: '' }
    : { note: file.slice(0, end + 1), list: file.slice(end + 2) };
}

function parseLine(line: string): ErasedKey {
  const [, id = '', subjectMac = ''] = /^([0-9]+) ([0-9a-f]{64})$/.exec(line) ?? [];
  return { keyId: toKeyId(wholeNumber(id)), subjectMac };
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (/^[1-9][0-9]{0,15}$/.test(text) && Number.isSafeInteger(number)) return number;
  throw tombstonesRefused('a line is not a number from 1');
}

/** Data subjects whose keys are destroyed, in a key store's bytes whose slots are whole. */
export function erasedKeys(keys: Uint8Array): readonly ErasedKey[] {
  const erased: ErasedKey[] = [];
  for (let id = 1; (id + 1) * SLOT_SIZE <= keys.length; id += 1) {
    const slot = decodeSlot(keys.slice(id * SLOT_SIZE, (id + 1) * SLOT_SIZE), id);
    if (slot?.purpose !== 'subject' || slot.live) continue;
    erased.push({ keyId: toKeyId(id), subjectMac: bytesToHex(slot.subjectMac) });
  }
  return erased;
}

/** A key store's bytes without these keys; ids that it does not have, or of other subjects, are passed over. */
export function destroyKeys(keys: Uint8Array, erased: Iterable<ErasedKey>): Uint8Array {
  const bytes = keys.slice();
  for (const { keyId, subjectMac } of erased) {
    const at = keyId * SLOT_SIZE;
    if (at + SLOT_SIZE > bytes.length) continue;
    const slot = decodeSlot(bytes.slice(at, at + SLOT_SIZE), keyId);
    if (slot === undefined || bytesToHex(slot.subjectMac) !== subjectMac) continue;
    bytes.set(encodeSlot(keyId, { ...slot, live: false, wrapped: new Uint8Array(40) }), at);
  }
  return bytes;
}
