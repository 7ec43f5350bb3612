/**
 * Branded ids and numbers. A brand is given by one checked constructor, at the edge, and nowhere else.
 *
 * u64 values are safe integers inside (asserted ≤ 2^53 − 1): a bigint costs four times as much on the
 * hot path. Nanoseconds since the epoch do not fit, so a {@link Timestamp} is a bigint.
 */

import { bytesToHex, hexToBytes } from './bytes.ts';
import { TypesError, assert } from './error.ts';

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** A place in a tenant's log: 0-indexed, also the index of the record's leaf in the Merkle tree. */
export type Offset = Brand<number, 'Offset'>;
/** A tenant: one log, one kernel, one thread. From 1. */
export type TenantId = Brand<number, 'TenantId'>;
/** Nanoseconds since the Unix epoch, monotonic within a log. */
export type Timestamp = Brand<bigint, 'Timestamp'>;
/** Number of a recovery: a cut tail starts a new one, so that no nonce is ever used twice. */
export type Generation = Brand<number, 'Generation'>;
/** A key in the key store: never reused, 0 is no key. */
export type KeyId = Brand<number, 'KeyId'>;
/** 16 bytes as 32 lower-case hexadecimal digits, made by the client before its first attempt. */
export type IdempotencyId = Brand<string, 'IdempotencyId'>;
/** A SHA-256 digest: 32 bytes. All that is proved, chained or signed stands on these. */
export type Hash = Brand<Uint8Array, 'Hash'>;
/** A BLAKE3 digest: 32 bytes. Internal: no {@link Hash}, and so nothing that a proof takes. */
export type InternalHash = Brand<Uint8Array, 'InternalHash'>;
/**
 * A place in the log and the chain hash there: what a view keeps of where it stands, and a reader of
 * where a row comes from. The hash fixes every record up to the place, so to compare it is enough.
 */
export interface AppliedIndex {
  readonly offset: Offset;
  readonly hash: Hash;
}

/** A table in a tenant's catalogue: never reused, also after a drop. */
export type TableId = Brand<number, 'TableId'>;

export const HASH_SIZE = 32;
const IDEMPOTENCY_ID_SIZE = 16;

function assertCount(value: number, least: number, name: string): void {
  assert(Number.isSafeInteger(value), `${name} is not a safe integer`);
  assert(value >= least, `${name} is below ${least}`);
}

export function toOffset(value: number): Offset {
  assertCount(value, 0, 'offset');
  return value as Offset;
}

export function toTenantId(value: number): TenantId {
  assertCount(value, 1, 'tenant id');
  return value as TenantId;
}

export function toGeneration(value: number): Generation {
  assertCount(value, 1, 'generation');
  assert(value <= 0xffff_ffff, 'generation is above 32 bits');
  return value as Generation;
}

export function toKeyId(value: number): KeyId {
  assertCount(value, 0, 'key id');
  return value as KeyId;
}

export function toTableId(value: number): TableId {
  assertCount(value, 1, 'table id');
  return value as TableId;
}

export function toTimestamp(value: bigint): Timestamp {
  assert(value >= 0n, 'timestamp is negative');
  assert(value <= 0xffff_ffff_ffff_ffffn, 'timestamp is above 64 bits');
  return value as Timestamp;
}

export function toHash(bytes: Uint8Array): Hash {
  assert(bytes.length === HASH_SIZE, 'hash is not 32 bytes');
  return bytes as Hash;
}

export function toInternalHash(bytes: Uint8Array): InternalHash {
  assert(bytes.length === HASH_SIZE, 'internal hash is not 32 bytes');
  return bytes as InternalHash;
}

/** The next commit time: max(now, last + 1 ns), so that a clock set back cannot reorder the log. */
export function monotonicTimestamp(now: Timestamp, last: Timestamp): Timestamp {
  return now > last ? now : toTimestamp(last + 1n);
}

/**
 * Reads an idempotency id from outside. All zeros is refused: in a record header it means none.
 *
 * @throws {TypesError} ERR_TYPES_ID
 */
export function parseIdempotencyId(text: string): IdempotencyId {
  if (!/^(?!0{32})[0-9a-f]{32}$/.test(text)) {
    throw new TypesError('ERR_TYPES_ID', 'idempotency id is not 32 lower-case hexadecimal digits', {
      hint: 'make 16 random bytes before the first attempt, and send the same ones again',
    });
  }
  return text as IdempotencyId;
}

export function idempotencyIdFromBytes(bytes: Uint8Array): IdempotencyId {
  assert(bytes.length === IDEMPOTENCY_ID_SIZE, 'idempotency id is not 16 bytes');
  return bytesToHex(bytes) as IdempotencyId;
}

/** A new idempotency id, from the random bytes that the caller's port gives. */
export function createIdempotencyId(random: { bytes(size: number): Uint8Array }): IdempotencyId {
  return parseIdempotencyId(bytesToHex(random.bytes(IDEMPOTENCY_ID_SIZE)));
}

export function idempotencyIdToBytes(id: IdempotencyId): Uint8Array {
  return hexToBytes(id);
}
