/**
 * A disk that costs next to nothing: it keeps small files in memory and forgets what is written to
 * segments. Where not the disk is measured but what stands before it.
 */

import type { Disk, DiskFile } from '@veritydb/log';

export function forgetfulDisk(): Disk {
  const files = new Map<string, ForgetfulFile>();
  return {
    open(name) {
      const file = files.get(name) ?? new ForgetfulFile(name);
      files.set(name, file);
      return file;
    },
    exists: (name) => files.has(name),
    list: (folder) =>
      [...files.keys()]
        .filter((name) => name.startsWith(`${folder}/`))
        .map((name) => name.slice(folder.length + 1))
        .toSorted(),
    rename(from, to) {
      const file = files.get(from);
      if (file === undefined) throw new Error(`no file ${from}`);
      files.delete(from);
      files.set(to, file);
    },
    remove(name) {
      files.delete(name);
    },
  };
}

const KEPT_SIZE_MAX = 64 * 1024;

class ForgetfulFile implements DiskFile {
  readonly name: string;
  readonly #kept = new Uint8Array(KEPT_SIZE_MAX);
  #size = 0;

  constructor(name: string) {
    this.name = name;
  }

  size(): number {
    return this.#size;
  }

  readAt(target: Uint8Array, position: number): number {
    const part = this.#kept.subarray(position, Math.min(position + target.length, this.#size));
    target.set(part);
    return part.length;
  }

  writeAt(source: Uint8Array, position: number): void {
    const end = position + source.length;
    if (end <= KEPT_SIZE_MAX) this.#kept.set(source, position);
    this.#size = Math.max(this.#size, end);
  }

  sync(): void {
    // Memory has nothing to wait for.
  }

  truncate(size: number): void {
    this.#size = size;
  }

  close(): void {
    // Nor to let go of.
  }
}
