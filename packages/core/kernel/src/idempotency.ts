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
} from '@veritydb/types';

import type { Command } from './command.ts';
import { KernelError } from './error.ts';

/** What is kept of a committed command, for as long as its id. */
export interface CommittedCommand {
  readonly offset: Offset;
  readonly commandDigest: Hash;
}

/** The port to committed ids. */
export interface IdempotencyReader {
  committed(id: IdempotencyId): CommittedCommand | undefined;
}

/**
 * Where a command with this id was committed, or undefined where it is new.
 *
 * @throws {KernelError} ERR_KERNEL_IDEMPOTENCY when the id belongs to another command
 */
export function findCommitted(
  id: IdempotencyId,
  digest: Hash,
  reader: IdempotencyReader,
): Offset | undefined {
  const committed = reader.committed(id);
  if (committed === undefined) return undefined;
  if (!bytesEqual(committed.commandDigest, digest)) {
    throw new KernelError(
      'conflict',
      'ERR_KERNEL_IDEMPOTENCY',
      'another command was committed under this idempotency id',
      { hint: 'make a new random id for each new command' },
    );
  }
  return committed.offset;
}

/** SHA-256 of a command's canonical form: members by name, in order of their names. */
export function commandDigest(crypto: Crypto, command: Command): Hash {
  const writer = new CanonicalWriter(1024);
  write(writer, command, 0);
  return crypto.sha256(writer.view());
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
