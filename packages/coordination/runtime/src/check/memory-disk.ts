/**
 * A disk in memory, for the key store that a check opens: opening it may write, and a copy of it that a
 * killed check left in a temporary folder would still hold the keys of who is erased later.
 */

import type { Disk, DiskFile } from '@veritydb/log';
import { assert } from '@veritydb/types';

export function memoryDisk(): Disk {
  const files = new Map<string, Uint8Array>();
  const bytesOf = (name: string): Uint8Array => {
    const bytes = files.get(name);
    assert(bytes !== undefined, 'file does not exist');
    return bytes;
  };
  const resize = (name: string, size: number): Uint8Array => {
    const bytes = new Uint8Array(size);
    bytes.set(bytesOf(name).subarray(0, size));
    files.set(name, bytes);
    return bytes;
  };
  const fileOf = (name: string): DiskFile => ({
    name,
    size: () => bytesOf(name).length,
    readAt(target, position) {
      const source = bytesOf(name).subarray(position, position + target.length);
      target.set(source);
      return source.length;
    },
    writeAt(source, position) {
      const size = Math.max(bytesOf(name).length, position + source.length);
      resize(name, size).set(source, position);
    },
    truncate(size) {
      resize(name, size);
    },
    sync() {},
    close() {},
  });
  return {
    open(name, mode) {
      if (mode === 'create' && !files.has(name)) files.set(name, new Uint8Array(0));
      bytesOf(name);
      return fileOf(name);
    },
    exists: (name) => files.has(name),
    list: (folder) =>
      [...files.keys()]
        .filter((name) => name.startsWith(`${folder}/`))
        .map((name) => name.slice(folder.length + 1))
        .toSorted(),
    rename(from, to) {
      files.set(to, bytesOf(from));
      files.delete(from);
    },
    remove(name) {
      files.delete(name);
    },
  };
}
