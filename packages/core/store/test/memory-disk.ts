/** A disk in memory that remembers what was asked of it, and can be made anew from any part of that. */

import type { Disk, DiskFile } from '@veritydb/log';
import { toHash } from '@veritydb/types';

/** Chain hash of a log that is not there. */
export const HASH = toHash(new Uint8Array(32).fill(0x4c));

export type DiskOperation =
  | {
      readonly kind: 'write';
      readonly name: string;
      readonly at: number;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'truncate'; readonly name: string; readonly size: number }
  | { readonly kind: 'sync'; readonly name: string };

export class MemoryDisk implements Disk {
  readonly files: Map<string, Uint8Array>;
  readonly operations: DiskOperation[] = [];
  readCount = 0;
  /** How many writes and syncs may still succeed. */
  changesLeft: number = Number.POSITIVE_INFINITY;
  /** How many reads may still succeed. */
  readsLeft: number = Number.POSITIVE_INFINITY;

  constructor(files: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.files = new Map([...files].map(([name, bytes]) => [name, bytes.slice()]));
  }

  content(name: string): Uint8Array {
    const bytes = this.files.get(name);
    if (bytes === undefined) throw new Error(`no file ${name}`);
    return bytes;
  }

  exists(name: string): boolean {
    return this.files.has(name);
  }

  list(): readonly string[] {
    return [...this.files.keys()].toSorted();
  }

  rename(from: string, to: string): void {
    this.files.set(to, this.content(from));
    this.files.delete(from);
  }

  remove(name: string): void {
    this.files.delete(name);
  }

  open(name: string, mode: 'existing' | 'create'): DiskFile {
    if (!this.files.has(name)) {
      if (mode === 'existing') throw new Error(`no file ${name}`);
      this.files.set(name, new Uint8Array(0));
    }
    return {
      name,
      size: () => this.content(name).length,
      readAt: (target, position) => {
        if (this.readsLeft <= 0) throw new Error('the disk fails');
        this.readsLeft -= 1;
        this.readCount += 1;
        const part = this.content(name).subarray(position, position + target.length);
        target.set(part);
        return part.length;
      },
      writeAt: (source, at) => this.perform({ kind: 'write', name, at, bytes: source.slice() }),
      sync: () => this.perform({ kind: 'sync', name }),
      truncate: (size) => this.perform({ kind: 'truncate', name, size }),
      close: () => {},
    };
  }

  perform(operation: DiskOperation): void {
    if (this.changesLeft <= 0) throw new Error('the disk fails');
    this.changesLeft -= 1;
    this.operations.push(operation);
    if (operation.kind === 'sync') return;
    const { name } = operation;
    const old = this.content(name);
    if (operation.kind === 'truncate') {
      const bytes = new Uint8Array(operation.size);
      bytes.set(old.subarray(0, operation.size));
      this.files.set(name, bytes);
      return;
    }
    const end = operation.at + operation.bytes.length;
    this.files.set(name, end > old.length ? grow(old, end) : old);
    this.content(name).set(operation.bytes, operation.at);
  }
}

/** The same bytes and zeros after them; room is kept ready, so that growing page by page is not slow. */
function grow(old: Uint8Array, size: number): Uint8Array {
  if (size <= old.buffer.byteLength) return new Uint8Array(old.buffer, 0, size);
  const bytes = new Uint8Array(2 * size);
  bytes.set(old);
  return bytes.subarray(0, size);
}

/** Flips a bit in each byte from one place up to another in turn, and puts it right again. */
export function* flips(bytes: Uint8Array, from: number, to: number): Generator<number, void> {
  for (let at = from; at < to; at += 1) {
    const bit = 1 << (at % 8);
    bytes[at] = (bytes[at] as number) ^ bit;
    yield at;
    bytes[at] = (bytes[at] as number) ^ bit;
  }
}
