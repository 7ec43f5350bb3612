/**
 * Signed notes (C2SP signed-note): text, an empty line, and a line for each signature.
 *
 * Verifier keys are `<name>+<key id, hexadecimal>+<base64(type ‖ Ed25519 public key)>`, the key id is
 * the first four bytes of SHA-256(name ‖ "\n" ‖ type ‖ key). Type 0x01 signs the text; type 0x04
 * (C2SP tlog-cosignature) signs a time with it, and its signatures begin with that time. A signature
 * of an unknown key is passed over; one of a known key that fails is fatal.
 */

import { type Crypto, CryptoError } from '@veritydb/crypto';
import {
  assert,
  base64ToBytes,
  bytesEqual,
  bytesToBase64,
  bytesToHex,
  concatBytes,
  isWellFormed,
  utf8Encode,
} from '@veritydb/types';

import { MerkleError, type MerkleErrorCode } from './error.ts';

const NOTE_LENGTH_MAX = 1_000_000;
const SIGNATURES_COUNT_MAX = 100;
/** Signature types of the standard. ML-DSA-44 (0x06) is not among them: no provider of ours has it. */
const TYPE = { note: 0x01, cosignature: 0x04 } as const;
const TIME_SIZE = 8;
/** C2SP tlog-cosignature: a time is at most 2^63 - 1. */
const TIME_MAX = 2n ** 63n - 1n;
const SIGNATURE_PREFIX = '\u2014 ';

export interface Signer {
  readonly name: string;
  /** Ed25519 seed, 32 bytes. */
  readonly seed: Uint8Array;
}

/** What a key's signature says: `note`, that this is the text; `cosignature`, that it was seen at a time. */
export type KeyKind = keyof typeof TYPE;

export interface VerifierKey {
  readonly name: string;
  readonly kind: KeyKind;
  /** 4 bytes. */
  readonly keyId: Uint8Array;
  readonly publicKey: Uint8Array;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface Note {
  /** Ends in a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export function isKeyName(name: string): boolean {
  return name !== '' && isNoteText(name) && !/[\p{White_Space}+]/u.test(name);
}

/** Whether the text is valid Unicode without ASCII control characters other than newline. */
function isNoteText(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 && unit !== 0x0a) return false;
  }
  return isWellFormed(text);
}

function keyIdOf(
  crypto: Crypto,
  { name, kind, publicKey }: Omit<VerifierKey, 'keyId'>,
): Uint8Array {
  const preimage = concatBytes(utf8Encode(`${name}\n`), new Uint8Array([TYPE[kind]]), publicKey);
  return crypto.sha256(preimage).slice(0, 4);
}

/** The verifier key of a signer. */
export function verifierKeyOf(crypto: Crypto, { name, seed }: Signer, kind: KeyKind): VerifierKey {
  assert(isKeyName(name), 'name of a signer is malformed');
  const key = { name, kind, publicKey: crypto.ed25519PublicKey(seed) };
  return { ...key, keyId: keyIdOf(crypto, key) };
}

/** Requires a name without white space, plus and control characters. */
export function formatVerifierKey(
  crypto: Crypto,
  name: string,
  publicKey: Uint8Array,
  kind: KeyKind = 'note',
): string {
  assert(isKeyName(name), 'name of a verifier key is malformed');
  const encoded = bytesToBase64(concatBytes(new Uint8Array([TYPE[kind]]), publicKey));
  return `${name}+${bytesToHex(keyIdOf(crypto, { name, kind, publicKey }))}+${encoded}`;
}

/** @throws {MerkleError} ERR_MERKLE_KEY */
export function parseVerifierKey(crypto: Crypto, text: string): VerifierKey {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  const [, name = '', id = '', encoded = ''] = match ?? [];
  if (match !== null && isKeyName(name)) {
    const bytes = decodeBase64(encoded, 'ERR_MERKLE_KEY');
    const publicKey = bytes.slice(1);
    const kind = (Object.keys(TYPE) as KeyKind[]).find((one) => TYPE[one] === bytes[0]);
    if (kind !== undefined && publicKey.length === 32) {
      const keyId = keyIdOf(crypto, { name, kind, publicKey });
      if (bytesToHex(keyId) === id) return { name, kind, keyId, publicKey };
    }
  }
  throw new MerkleError('format', 'ERR_MERKLE_KEY', 'verifier key is malformed', {
    hint: 'it reads name+8 hexadecimal digits+base64, as the log publishes it',
  });
}

/** Signs a text. Requires a text that ends in a newline and holds no control characters. */
export function signNote(crypto: Crypto, text: string, signer: Signer): string {
  checkText(text);
  const key = verifierKeyOf(crypto, signer, 'note');
  const signature = crypto.ed25519Sign(signer.seed, utf8Encode(text));
  return `${text}\n${formatSignature({ ...key, signature })}`;
}

/** The line of a cosignature over a text, as of a time (C2SP tlog-cosignature, Ed25519). */
export function cosignText(
  crypto: Crypto,
  text: string,
  signer: Signer,
  timeSeconds: number,
): string {
  checkText(text);
  assert(
    Number.isSafeInteger(timeSeconds) && timeSeconds >= 0,
    'time of a cosignature is malformed',
  );
  const key = verifierKeyOf(crypto, signer, 'cosignature');
  const time = new Uint8Array(TIME_SIZE);
  new DataView(time.buffer).setBigUint64(0, BigInt(timeSeconds));
  const signature = crypto.ed25519Sign(signer.seed, cosignedMessage(text, BigInt(timeSeconds)));
  return formatSignature({ ...key, signature: concatBytes(time, signature) });
}

function cosignedMessage(text: string, timeSeconds: bigint): Uint8Array {
  return utf8Encode(`cosignature/v1\ntime ${timeSeconds}\n${text}`);
}

/** A signature as the line of a note. */
export function formatSignature({ name, keyId, signature }: NoteSignature): string {
  return `${SIGNATURE_PREFIX}${name} ${bytesToBase64(concatBytes(keyId, signature))}\n`;
}

/** @throws {MerkleError} ERR_MERKLE_NOTE */
export function parseNote(note: string): Note {
  // Attacker-controlled: bounded before it is looked at.
  if (note.length > NOTE_LENGTH_MAX) throw refused('it is longer than a million characters');
  checkText(note);
  const split = note.lastIndexOf('\n\n');
  if (split < 0) throw refused('no empty line parts text and signatures');
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > SIGNATURES_COUNT_MAX) throw refused('it has too many signatures');
  return { text, signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const [name = '', encoded = '', ...rest] = line.slice(SIGNATURE_PREFIX.length).split(' ');
  if (!line.startsWith(SIGNATURE_PREFIX) || !isKeyName(name) || rest.length > 0) {
    throw refused('a signature line is malformed');
  }
  const bytes = decodeBase64(encoded, 'ERR_MERKLE_NOTE');
  if (bytes.length < 5) throw refused('a signature is too short');
  return { name, keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/**
 * Verifies a note under keys that the caller trusts.
 *
 * @returns the note, and those of the keys that have signed it: one at least
 * @throws {MerkleError} ERR_MERKLE_NOTE, ERR_MERKLE_SIGNATURE
 */
export function verifyNote(
  crypto: Crypto,
  noteText: string,
  keys: readonly VerifierKey[],
): { readonly note: Note; readonly signers: readonly VerifierKey[] } {
  const note = parseNote(noteText);
  const signers: VerifierKey[] = [];
  for (const { name, keyId, signature } of note.signatures) {
    const key = keys.find((one) => one.name === name && bytesEqual(one.keyId, keyId));
    if (key === undefined) continue;
    // Each one, also where the key has signed before: nothing unverified rides on a good signature.
    verifySignature(crypto, note.text, key, signature);
    if (!signers.includes(key)) signers.push(key);
  }
  if (signers.length === 0) {
    throw new MerkleError('verification', 'ERR_MERKLE_SIGNATURE', 'no trusted key has signed', {
      hint: 'check that the key you gave is the key of this log',
    });
  }
  return { note, signers };
}

function verifySignature(
  crypto: Crypto,
  text: string,
  key: VerifierKey,
  signature: Uint8Array,
): void {
  try {
    if (key.kind === 'note') crypto.ed25519Verify(key.publicKey, utf8Encode(text), signature);
    else verifyCosigned(crypto, text, key, signature);
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    throw badSignature();
  }
}

function verifyCosigned(
  crypto: Crypto,
  text: string,
  key: VerifierKey,
  signature: Uint8Array,
): void {
  if (signature.length < TIME_SIZE) throw badSignature();
  const view = new DataView(signature.buffer, signature.byteOffset, TIME_SIZE);
  const time = view.getBigUint64(0);
  if (time > TIME_MAX) throw badSignature();
  crypto.ed25519Verify(key.publicKey, cosignedMessage(text, time), signature.slice(TIME_SIZE));
}

function badSignature(): MerkleError {
  return new MerkleError('verification', 'ERR_MERKLE_SIGNATURE', 'a signature is not good', {
    hint: 'the text was changed, or the key is not the signer’s',
  });
}

function checkText(text: string): void {
  if (!text.endsWith('\n')) throw refused('it does not end in a newline');
  if (!isNoteText(text)) throw refused('it holds a control character or is not valid Unicode');
}

function decodeBase64(text: string, code: MerkleErrorCode): Uint8Array {
  try {
    return base64ToBytes(text);
  } catch {
    throw new MerkleError('format', code, 'base64 is not canonical');
  }
}

function refused(what: string): MerkleError {
  return new MerkleError('format', 'ERR_MERKLE_NOTE', `signed note is refused: ${what}`);
}
