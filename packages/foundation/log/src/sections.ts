/**
 * The payload of a sealed record: sections, each under a key of its own.
 *
 * u16 section count, then for each section u64 key id ‖ u32 ciphertext size, then the ciphertexts
 * (AES-256-GCM, tag of 16 bytes last), all little-endian. Associated data = the first 136 bytes of the
 * header ‖ u16 section index ‖ u64 key id. Nonce = generation ‖ offset. A key seals one section of a
 * record at most, an offset is written once in a generation, and a recovery that cuts starts a new
 * generation: so no (key, nonce) pair ever seals two plaintexts.
 */

import { type Crypto, TAG_SIZE, nonceOf } from '@veritydb/crypto';
import {
  type Generation,
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

const COUNT_SIZE = 2;
const ENTRY_SIZE = 12;

/** Bytes of a payload of these sections. */
export function sectionsSize(sections: readonly SectionToSeal[]): number {
  return sections.reduce(
    (size, { plaintext }) => size + ENTRY_SIZE + plaintext.length + TAG_SIZE,
    COUNT_SIZE,
  );
}

function associatedData(headerBytes: Uint8Array, index: number, keyId: KeyId): Uint8Array {
  const bytes = new Uint8Array(RECORD_HEADER_SEALED_SIZE + 10);
  bytes.set(headerBytes.subarray(0, RECORD_HEADER_SEALED_SIZE));
  const view = new DataView(bytes.buffer);
  view.setUint16(RECORD_HEADER_SEALED_SIZE, index, true);
  view.setBigUint64(RECORD_HEADER_SEALED_SIZE + 2, BigInt(keyId), true);
  return bytes;
}

export interface SealAt {
  /** The header, of which the first 136 bytes are final. */
  readonly headerBytes: Uint8Array;
  readonly generation: Generation;
  readonly offset: Offset;
}

/** Seals sections into `target` at `start`. Requires room for {@link sectionsSize} bytes. */
export function writeSections(
  crypto: Crypto,
  at: SealAt,
  sections: readonly SectionToSeal[],
  target: Uint8Array,
  start: number,
): void {
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
  for (const [index, { keyId, key, plaintext }] of sections.entries()) {
    const entry = start + COUNT_SIZE + index * ENTRY_SIZE;
    view.setBigUint64(entry, BigInt(keyId), true);
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
 * Parts a payload into its sections, strictly: sizes add up to the last byte.
 *
 * @throws {LogError} ERR_LOG_SECTIONS
 */
export function parseSections(payload: Uint8Array): readonly SealedSection[] {
  // Attacker-controlled: whoever can write the file can write this.
  if (payload.length < COUNT_SIZE || payload.length > PAYLOAD_SIZE_MAX) throw malformed('its size');
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const count = view.getUint16(0, true);
  let position = COUNT_SIZE + count * ENTRY_SIZE;
  if (count < 1 || position > payload.length) throw malformed('its count');
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
  return sections;
}

/**
 * Opens one section of a record.
 *
 * @throws {CryptoError} ERR_CRYPTO_OPEN when anything of it, or of the header, was changed
 */
export function openSection(
  crypto: Crypto,
  at: SealAt,
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
