/** A disk in memory, which costs next to nothing: where not the disk is measured but what stands before it. */

import type { Disk, DiskFile } from '@veritydb/log';

export function memoryDisk(): Disk {
  const files = new Map<string, MemoryFile>();
  return {
    open(name) {
      const file = files.get(name) ?? new MemoryFile(name);
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

class MemoryFile implements DiskFile {
  readonly name: string;
  #bytes = new Uint8Array(0);
  #size = 0;

  constructor(name: string) {
    this.name = name;
  }

  size(): number {
    return this.#size;
  }

  readAt(target: Uint8Array, position: number): number {
    const part = this.#bytes.subarray(position, Math.min(position + target.length, this.#size));
    target.set(part);
    return part.length;
  }

  writeAt(source: Uint8Array, position: number): void {
    const end = position + source.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(source, position);
    this.#size = Math.max(this.#size, end);
  }

  sync(): void {
    // Memory has nothing to wait for.
  }

  truncate(size: number): void {
    this.#bytes = this.#bytes.slice(0, size);
    this.#size = size;
  }

  close(): void {
    // Nor to let go of.
  }
}
