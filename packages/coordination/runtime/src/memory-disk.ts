/**
 * A disk in memory: for databases that need not last, such as those of tests, and for the key store that a
 * check opens. Opening it may write, and a copy of it that a killed check left in a temporary folder would
 * still hold the keys of who is erased later.
 */

import type { Disk, DiskFile } from '@veritydb/log';
import { assert } from '@veritydb/types';

/** Bytes of a file, and how many of them it has: room is kept for more. */
interface Contents {
  bytes: Uint8Array;
  size: number;
}

export function memoryDisk(): Disk {
  const files = new Map<string, Contents>();
  const contentsOf = (name: string): Contents => {
    const contents = files.get(name);
    assert(contents !== undefined, 'file does not exist');
    return contents;
  };
  return {
    open(name, mode) {
      if (mode === 'create' && !files.has(name)) {
        files.set(name, { bytes: new Uint8Array(0), size: 0 });
      }
      contentsOf(name);
      return fileOf(name, () => contentsOf(name));
    },
    exists: (name) => files.has(name),
    list: (folder) =>
      [...files.keys()]
        .filter((name) => name.startsWith(`${folder}/`))
        .map((name) => name.slice(folder.length + 1))
        .toSorted(),
    rename(from, to) {
      files.set(to, contentsOf(from));
      files.delete(from);
    },
    remove(name) {
      files.delete(name);
    },
  };
}

function fileOf(name: string, contents: () => Contents): DiskFile {
  return {
    name,
    size: () => contents().size,
    readAt(target, position) {
      const { bytes, size } = contents();
      const source = bytes.subarray(0, size).subarray(position, position + target.length);
      target.set(source);
      return source.length;
    },
    writeAt(source, position) {
      const file = contents();
      resize(file, Math.max(file.size, position + source.length));
      file.bytes.set(source, position);
    },
    truncate(size) {
      resize(contents(), size);
    },
    sync() {},
    close() {},
  };
}

function resize(file: Contents, size: number): void {
  if (size > file.bytes.length) {
    const grown = new Uint8Array(Math.max(size, 2 * file.bytes.length));
    grown.set(file.bytes.subarray(0, file.size));
    file.bytes = grown;
  }
  // What was cut off reads as zeros where the file grows again.
  if (size < file.size) file.bytes.fill(0, size, file.size);
  file.size = size;
}
