/**
 * The bytes of a key store.
 *
 * One file of slots of 128 bytes. Slot 0 is the file's header, slot n holds key id n, which is never
 * used for another key. The header: magic `VRTYKEYS`, version, 1 (u16 at 8), tenant (u64 at 16), how
 * many slots were durable when it was written (u64 at 24), CRC-32 at 124, all else zero. Keys are wrapped
 * (RFC 5649) under the tenant's key-encryption key, and that one under the master key. A slot,
 * little-endian:
 *
 * | at | size | field |
 * |---|---|---|
 * | 0 | 2 | version, 1 |
 * | 2 | 1 | purpose |
 * | 3 | 1 | state: 1 live, 2 destroyed |
 * | 4 | 4 | reserved, zero |
 * | 8 | 8 | key id |
 * | 16 | 32 | HMAC of the data subject, zero where there is none |
 * | 48 | 40 | wrapped key, zero when destroyed |
 * | 88 | 36 | reserved, zero |
 * | 124 | 4 | CRC-32 of the 124 bytes before |
 */

import { WRAPPED_KEY_SIZE, crc32 } from '@veritydb/crypto';
import {
  type KeyId,
  type TenantId,
  assert,
  bytesEqual,
  toKeyId,
  utf8Encode,
} from '@veritydb/types';

import { RuntimeError } from './error.ts';

export const SLOT_SIZE = 128;
const CHECKSUM_AT = 124;
const MAGIC = utf8Encode('VRTYKEYS');

/** Codes are bytes of the format: never reused. */
const PURPOSES = {
  'key-encryption': 1,
  segment: 2,
  subject: 3,
  store: 4,
  'log-signature': 5,
  'token-signature': 6,
  /** HMACs of data subjects and of values behind surrogates. */
  pseudonym: 7,
  /** Seals requests of exports, so that they can be made again. */
  audit: 8,
  /** Roots the keys of pseudonymisation domains. */
  domain: 9,
} as const;
export type KeyPurpose = keyof typeof PURPOSES;

const PURPOSE_NAMES = new Map<number, KeyPurpose>(
  Object.entries(PURPOSES).map(([name, code]) => [code, name as KeyPurpose]),
);

export interface Slot {
  readonly purpose: KeyPurpose;
  readonly live: boolean;
  readonly subjectMac: Uint8Array;
  readonly wrapped: Uint8Array;
}

export function encodeHeader(tenant: TenantId, durableCount: number): Uint8Array {
  const bytes = new Uint8Array(SLOT_SIZE);
  bytes.set(MAGIC);
  const view = new DataView(bytes.buffer);
  view.setUint16(8, 1, true);
  view.setBigUint64(16, BigInt(tenant), true);
  view.setBigUint64(24, BigInt(durableCount), true);
  return withChecksum(bytes);
}

/** How many slots are durable, the header among them. */
export function decodeHeader(bytes: Uint8Array, tenant: TenantId): number {
  if (bytes.length < 2 * SLOT_SIZE) throw corrupt('the file is cut short');
  const durable = Number(new DataView(bytes.buffer).getBigUint64(24, true));
  const isCount = Number.isSafeInteger(durable) && durable >= 2;
  if (!isCount || !bytesEqual(bytes.subarray(0, SLOT_SIZE), encodeHeader(tenant, durable))) {
    throw corrupt('the header is damaged, or of another file or tenant');
  }
  return durable;
}

export function encodeSlot(id: KeyId, slot: Slot): Uint8Array {
  return encodeSlots(id, [slot]);
}

/** Slots of ids that follow one another. */
export function encodeSlots(first: KeyId, slots: readonly Slot[]): Uint8Array {
  const bytes = new Uint8Array(slots.length * SLOT_SIZE);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < slots.length; index += 1) {
    const { live, purpose, subjectMac, wrapped } = slots[index] as Slot;
    const at = index * SLOT_SIZE;
    const id = first + index;
    view.setUint16(at, 1, true);
    view.setUint8(at + 2, PURPOSES[purpose]);
    view.setUint8(at + 3, live ? 1 : 2);
    view.setUint32(at + 8, id >>> 0, true);
    view.setUint32(at + 12, Math.floor(id / 0x1_0000_0000), true);
    assert(subjectMac.length === 32, 'HMAC of a data subject is not 32 bytes');
    bytes.set(subjectMac, at + 16);
    assert(wrapped.length === WRAPPED_KEY_SIZE, 'wrapped key is not 40 bytes');
    bytes.set(wrapped, at + 48);
    view.setUint32(at + CHECKSUM_AT, crc32(bytes, at, at + CHECKSUM_AT), true);
  }
  return bytes;
}

/** The slot of an id, or undefined where the bytes are not what {@link encodeSlot} writes. */
export function decodeSlot(bytes: Uint8Array, id: number): Slot | undefined {
  const purpose = PURPOSE_NAMES.get(bytes[2] as number);
  if (purpose === undefined) return undefined;
  const slot: Slot = {
    purpose,
    live: bytes[3] === 1,
    subjectMac: bytes.slice(16, 48),
    wrapped: bytes.slice(48, 48 + WRAPPED_KEY_SIZE),
  };
  return bytesEqual(encodeSlot(toKeyId(id), slot), bytes) ? slot : undefined;
}

function withChecksum(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(CHECKSUM_AT, crc32(bytes, 0, CHECKSUM_AT), true);
  return bytes;
}

export function corrupt(found: string): RuntimeError {
  return new RuntimeError('verification', 'ERR_RUNTIME_KEYS_CORRUPT', `key store: ${found}`, {
    hint: 'restore the key store from a backup: without it the log cannot be opened',
  });
}
