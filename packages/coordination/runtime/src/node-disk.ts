/** The real disk: node:fs, synchronous, below one folder. Files are for their owner alone. */

import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import type { Disk, DiskFile } from '@veritydb/log';
import { assert } from '@veritydb/types';

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/**
 * A file with one owner, which is why its size can be kept here. Nobody must ask for it between a write
 * and a sync: with a `stat` there each sync took half as long again (Linux 6.18, ext4), most likely since
 * the next write then notes its time to the nanosecond and the sync commits the inode, too.
 */
class NodeDiskFile implements DiskFile {
  readonly name: string;
  readonly #descriptor: number;
  #size: number;
  /** What its size was when it was last synced: only a change of it needs the costlier fsync. */
  #syncedSize = -1;

  constructor(name: string, path: string, flags: string) {
    this.name = name;
    this.#descriptor = openSync(path, flags, FILE_MODE);
    this.#size = fstatSync(this.#descriptor).size;
  }

  size(): number {
    return this.#size;
  }

  readAt(target: Uint8Array, position: number): number {
    let count = 0;
    while (count < target.length) {
      const read = readSync(
        this.#descriptor,
        target,
        count,
        target.length - count,
        position + count,
      );
      if (read === 0) break;
      count += read;
    }
    return count;
  }

  writeAt(source: Uint8Array, position: number): void {
    let count = 0;
    while (count < source.length) {
      count += writeSync(this.#descriptor, source, count, source.length - count, position + count);
      this.#size = Math.max(this.#size, position + count);
    }
  }

  sync(): void {
    if (this.#size === this.#syncedSize) fdatasyncSync(this.#descriptor);
    else fsyncSync(this.#descriptor);
    this.#syncedSize = this.#size;
  }

  truncate(size: number): void {
    ftruncateSync(this.#descriptor, size);
    this.#size = size;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** A disk in a folder, to which its names are relative; it is made when it is not there. */
export function openNodeDisk(path: string): Disk {
  const root = resolve(path);
  makeFolder(root);
  const pathOf = (name: string): string => {
    assert(!name.startsWith('/') && !name.split('/').includes('..'), 'name leaves the folder');
    return join(root, name);
  };
  return {
    open(name, mode) {
      const place = pathOf(name);
      if (existsSync(place)) return new NodeDiskFile(name, place, 'r+');
      assert(mode === 'create', `file ${name} does not exist`);
      makeFolder(dirname(place));
      const file = new NodeDiskFile(name, place, 'w+');
      syncFolder(dirname(place));
      return file;
    },
    exists: (name) => existsSync(pathOf(name)),
    list(folder) {
      const place = pathOf(folder);
      return existsSync(place) ? readdirSync(place).toSorted() : [];
    },
    rename(from, to) {
      const [source, target] = [pathOf(from), pathOf(to)];
      makeFolder(dirname(target));
      renameSync(source, target);
      syncFolder(dirname(target));
      if (dirname(source) !== dirname(target)) syncFolder(dirname(source));
    },
    remove(name) {
      unlinkSync(pathOf(name));
      syncFolder(dirname(pathOf(name)));
    },
  };
}

/** Makes a folder with those above it, each durable in the one that holds it. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: FOLDER_MODE });
  syncFolder(dirname(path));
}

/** Makes the names in a folder durable: a new file is not there after a crash until this is done. */
function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
