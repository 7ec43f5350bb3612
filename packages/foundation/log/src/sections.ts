/**
 * The payload of a sealed record: sections, each under a key of its own.
 *
 * u16 section count, then for each section u64 key id ‖ u32 ciphertext size, then, where the record has
 * more rows than one, the commitment of each, then the ciphertexts (AES-256-GCM, tag of 16 bytes last),
 * all little-endian. Associated data = the first 136 bytes of the header ‖ u16 section index ‖ u64 key
 * id. Nonce = generation ‖ offset. A key seals one section of a record at most, an offset is written
 * once in a generation, and a recovery that cuts starts a new generation: so no (key, nonce) pair ever
 * seals two plaintexts.
 *
 * Commitments are not sealed: they hide what they commit to. They are there because the key of one row
 * may be destroyed, and with it what its commitment is made of, while the rows beside it are still to
 * be proved under the same root.
 */

import { type Crypto, TAG_SIZE, nonceOf } from '@veritydb/crypto';
import {
  type Generation,
  HASH_SIZE,
  type KeyId,
  type Offset,
  RECORD_HEADER_SEALED_SIZE,
  assert,
  toKeyId,
} from '@veritydb/types';

import { LogError } from './error.ts';
import { PAYLOAD_SIZE_MAX, SECTIONS_COUNT_MAX } from './limits.ts';

export interface SectionToSeal {
  readonly keyId: KeyId;
  /** 32 bytes. */
  readonly key: Uint8Array;
  readonly plaintext: Uint8Array;
}

export interface SealedSection {
  readonly keyId: KeyId;
  readonly ciphertext: Uint8Array;
}

/** What a record seals, and what stands beside it. */
export interface PayloadToSeal {
  readonly sections: readonly SectionToSeal[];
  /** Commitments of the rows, one behind the other; none where there is one row or no row. */
  readonly commitments: Uint8Array;
}

export interface SealedPayload {
  readonly sections: readonly SealedSection[];
  /** Commitments of the rows of a record that has more than one; else empty. */
  readonly commitments: Uint8Array;
}

const COUNT_SIZE = 2;
const ENTRY_SIZE = 12;

/** Bytes of commitments in the payload of a record of so many rows. */
function commitmentsSize(rowCount: number): number {
  return rowCount > 1 ? rowCount * HASH_SIZE : 0;
}

/** Bytes of a sealed payload. */
export function sealedSize({ sections, commitments }: PayloadToSeal): number {
  let size = COUNT_SIZE + commitments.length;
  for (const { plaintext } of sections) size += ENTRY_SIZE + plaintext.length + TAG_SIZE;
  return size;
}

/** Made anew for each section: ciphers take it in before they return. */
const associated = new Uint8Array(RECORD_HEADER_SEALED_SIZE + 10);
const associatedView = new DataView(associated.buffer);

function associatedData(headerBytes: Uint8Array, index: number, keyId: KeyId): Uint8Array {
  associated.set(headerBytes.subarray(0, RECORD_HEADER_SEALED_SIZE));
  associatedView.setUint16(RECORD_HEADER_SEALED_SIZE, index, true);
  setKeyId(associatedView, RECORD_HEADER_SEALED_SIZE + 2, keyId);
  return associated;
}

function setKeyId(view: DataView, at: number, keyId: KeyId): void {
  view.setUint32(at, keyId % 0x1_0000_0000, true);
  view.setUint32(at + 4, Math.floor(keyId / 0x1_0000_0000), true);
}

export interface SealAt {
  /** The header, of which the first 136 bytes are final. */
  readonly headerBytes: Uint8Array;
  readonly generation: Generation;
  readonly offset: Offset;
  readonly rowCount: number;
}

/** Seals a payload into `target` at `start`. Requires room for {@link sealedSize} bytes. */
export function writeSealed(
  crypto: Crypto,
  at: SealAt,
  { sections, commitments }: PayloadToSeal,
  target: Uint8Array,
  start: number,
): void {
  assert(
    commitments.length === commitmentsSize(at.rowCount),
    'commitments are not those of the rows',
  );
  assert(
    sections.length >= 1 && sections.length <= SECTIONS_COUNT_MAX,
    'sections are not 1 to 65535',
  );
  assert(
    sections.every(({ keyId }) => keyId >= 1),
    'a section has no key',
  );
  assert(
    new Set(sections.map(({ keyId }) => keyId)).size === sections.length,
    'a key seals two sections of a record: the nonce would repeat',
  );
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  const nonce = nonceOf(at.generation, at.offset);
  view.setUint16(start, sections.length, true);
  let position = start + COUNT_SIZE + sections.length * ENTRY_SIZE;
  target.set(commitments, position);
  position += commitments.length;
  for (const [index, { keyId, key, plaintext }] of sections.entries()) {
    const entry = start + COUNT_SIZE + index * ENTRY_SIZE;
    setKeyId(view, entry, keyId);
    view.setUint32(entry + 8, plaintext.length + TAG_SIZE, true);
    const sealed = crypto.seal(
      { key, nonce, associatedData: associatedData(at.headerBytes, index, keyId) },
      plaintext,
    );
    target.set(sealed, position);
    position += sealed.length;
  }
}

/**
 * Parts a sealed payload, strictly: sizes add up to the last byte.
 *
 * @throws {LogError} ERR_LOG_SECTIONS
 */
export function parseSealed(payload: Uint8Array, rowCount: number): SealedPayload {
  // Attacker-controlled: whoever can write the file can write this.
  if (payload.length < COUNT_SIZE || payload.length > PAYLOAD_SIZE_MAX) throw malformed('its size');
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const count = view.getUint16(0, true);
  const commitmentsAt = COUNT_SIZE + count * ENTRY_SIZE;
  let position = commitmentsAt + commitmentsSize(rowCount);
  if (count < 1 || position > payload.length) throw malformed('its count');
  const commitments = payload.subarray(commitmentsAt, position);
  const sections: SealedSection[] = [];
  for (let index = 0; index < count; index += 1) {
    const entry = COUNT_SIZE + index * ENTRY_SIZE;
    const keyId = view.getBigUint64(entry, true);
    const size = view.getUint32(entry + 8, true);
    if (keyId < 1n || keyId > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('a key id');
    if (size < TAG_SIZE || position + size > payload.length) throw malformed('a section’s size');
    const ciphertext = payload.subarray(position, position + size);
    sections.push({ keyId: toKeyId(Number(keyId)), ciphertext });
    position += size;
  }
  if (position !== payload.length) throw malformed('bytes after the last section');
  if (new Set(sections.map(({ keyId }) => keyId)).size !== count) throw malformed('a key id twice');
  return { sections, commitments };
}

/**
 * Opens one section of a record.
 *
 * @throws {CryptoError} ERR_CRYPTO_OPEN when anything of it, or of the header, was changed
 */
export function openSection(
  crypto: Crypto,
  at: Omit<SealAt, 'rowCount'>,
  section: SealedSection & { readonly index: number; readonly key: Uint8Array },
): Uint8Array {
  return crypto.open(
    {
      key: section.key,
      nonce: nonceOf(at.generation, at.offset),
      associatedData: associatedData(at.headerBytes, section.index, section.keyId),
    },
    section.ciphertext,
  );
}

function malformed(what: string): LogError {
  return new LogError('verification', 'ERR_LOG_SECTIONS', `payload is malformed: ${what}`, {
    hint: 'the record was changed on disk: restore the segment from a copy',
  });
}
