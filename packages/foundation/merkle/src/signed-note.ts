/**
 * Signed notes (C2SP signed-note): text, an empty line, and a line for each signature.
 *
 * Verifier keys are `<name>+<key id, hexadecimal>+<base64(0x01 ‖ Ed25519 public key)>`, the key id is
 * the first four bytes of SHA-256(name ‖ "\n" ‖ 0x01 ‖ key). A signature of an unknown key is passed
 * over; one of a known key that fails is fatal.
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
const ED25519 = 0x01;
const SIGNATURE_PREFIX = '\u2014 ';

export interface Signer {
  readonly name: string;
  /** Ed25519 seed, 32 bytes. */
  readonly seed: Uint8Array;
}

export interface VerifierKey {
  readonly name: string;
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

function isKeyName(name: string): boolean {
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

function keyIdOf(crypto: Crypto, name: string, publicKey: Uint8Array): Uint8Array {
  const preimage = concatBytes(utf8Encode(`${name}\n`), new Uint8Array([ED25519]), publicKey);
  return crypto.sha256(preimage).slice(0, 4);
}

/** Requires a name without white space, plus and control characters. */
export function formatVerifierKey(crypto: Crypto, name: string, publicKey: Uint8Array): string {
  assert(isKeyName(name), 'name of a verifier key is malformed');
  const encoded = bytesToBase64(concatBytes(new Uint8Array([ED25519]), publicKey));
  return `${name}+${bytesToHex(keyIdOf(crypto, name, publicKey))}+${encoded}`;
}

/** @throws {MerkleError} ERR_MERKLE_KEY */
export function parseVerifierKey(crypto: Crypto, text: string): VerifierKey {
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  const [, name = '', id = '', encoded = ''] = match ?? [];
  if (match !== null && isKeyName(name)) {
    const bytes = decodeBase64(encoded, 'ERR_MERKLE_KEY');
    const publicKey = bytes.slice(1);
    if (bytes[0] === ED25519 && publicKey.length === 32) {
      const keyId = keyIdOf(crypto, name, publicKey);
      if (bytesToHex(keyId) === id) return { name, keyId, publicKey };
    }
  }
  throw new MerkleError('format', 'ERR_MERKLE_KEY', 'verifier key is malformed', {
    hint: 'it reads name+8 hexadecimal digits+base64, as the log publishes it',
  });
}

/** Signs a text. Requires a text that ends in a newline and holds no control characters. */
export function signNote(crypto: Crypto, text: string, signer: Signer): string {
  checkText(text);
  assert(isKeyName(signer.name), 'name of a signer is malformed');
  const publicKey = crypto.ed25519PublicKey(signer.seed);
  const signature = crypto.ed25519Sign(signer.seed, utf8Encode(text));
  const encoded = bytesToBase64(concatBytes(keyIdOf(crypto, signer.name, publicKey), signature));
  return `${text}\n${SIGNATURE_PREFIX}${signer.name} ${encoded}\n`;
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
  const message = utf8Encode(note.text);
  const signers: VerifierKey[] = [];
  for (const { name, keyId, signature } of note.signatures) {
    const key = keys.find((one) => one.name === name && bytesEqual(one.keyId, keyId));
    if (key === undefined || signers.includes(key)) continue;
    try {
      crypto.ed25519Verify(key.publicKey, message, signature);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      throw new MerkleError('verification', 'ERR_MERKLE_SIGNATURE', 'a signature is not good', {
        hint: 'the text was changed, or the key is not the signer’s',
      });
    }
    signers.push(key);
  }
  if (signers.length === 0) {
    throw new MerkleError('verification', 'ERR_MERKLE_SIGNATURE', 'no trusted key has signed', {
      hint: 'check that the key you gave is the key of this log',
    });
  }
  return { note, signers };
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
