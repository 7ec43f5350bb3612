/**
 * Idempotency: a command that carries an id is applied once. A retry gets what the first attempt came
 * to; another command under the same id is refused, because one of the two would be lost in silence.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  CanonicalWriter,
  type Hash,
  type IdempotencyId,
  type Offset,
  assert,
  bytesEqual,
  toHash,
} from '@veritydb/types';

import type { Command } from './command.ts';
import { KernelError } from './error.ts';

/** What is kept of a committed command, for as long as its id. */
export interface CommittedCommand {
  readonly offset: Offset;
  readonly commandMac: Hash;
}

/** The port to committed ids. */
export interface IdempotencyReader {
  committed(id: IdempotencyId): CommittedCommand | undefined;
}

/**
 * Takes a command for the one that was committed under its id, and returns where that was.
 *
 * @param mac of the command under the keys of the committed one; null where one of them was destroyed
 * @throws {KernelError} ERR_KERNEL_IDEMPOTENCY when it is another command, ERR_KERNEL_COMMAND_ERASED
 * when nobody can tell any more
 */
export function checkRetry(committed: CommittedCommand, mac: Hash | null): Offset {
  if (mac === null) {
    throw new KernelError(
      'conflict',
      'ERR_KERNEL_COMMAND_ERASED',
      'a command was committed under this idempotency id, and its data erased since',
      { hint: 'make a new random id for a new command' },
    );
  }
  if (!bytesEqual(committed.commandMac, mac)) {
    throw new KernelError(
      'conflict',
      'ERR_KERNEL_IDEMPOTENCY',
      'another command was committed under this idempotency id',
      { hint: 'make a new random id for each new command' },
    );
  }
  return committed.offset;
}

/**
 * HMAC-SHA-256 of a command's canonical form: members by name, in order of their names. A plain hash
 * would outlive the erasure of what it is of, and could be guessed at.
 *
 * @param key made of the keys that seal the command's rows
 */
export function commandMac(crypto: Crypto, key: Uint8Array, command: Command): Hash {
  const writer = new CanonicalWriter(1024);
  write(writer, command, 0);
  return toHash(crypto.hmacSha256(key, writer.view()));
}

function write(writer: CanonicalWriter, value: unknown, depth: number): void {
  assert(depth < 16, 'command is nested too deep');
  if (value === null) writer.null();
  else if (typeof value === 'string') writer.text(value);
  else if (typeof value === 'boolean') writer.boolean(value);
  else if (typeof value === 'number' || typeof value === 'bigint') writer.integer(value);
  else if (value instanceof Uint8Array) writer.bytes(value);
  else if (Array.isArray(value)) {
    writer.array(value.length);
    for (const item of value) write(writer, item, depth + 1);
  } else {
    assert(typeof value === 'object', 'command holds a value without a canonical form');
    const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    writer.array(members.length);
    for (const [name, member] of members) {
      writer.array(2).text(name);
      write(writer, member, depth + 1);
    }
  }
}
