/**
 * A disk that is read and never written: what would change it goes to another, the scratch disk.
 *
 * So the engine itself can be run over a folder, with all that it does when it opens one, and the folder
 * stays as it was found. A file is copied to the scratch disk when it is first written to.
 */

import type { Disk, DiskFile } from '@veritydb/log';
import { assert } from '@veritydb/types';

const CHUNK_SIZE = 1024 * 1024;

export function overlayDisk(base: Disk, scratch: Disk): Disk {
  const removed = new Set<string>();
  const isOfBase = (name: string): boolean =>
    !scratch.exists(name) && !removed.has(name) && base.exists(name);
  return {
    open(name, mode) {
      if (isOfBase(name)) return new OverlayFile(base.open(name, 'existing'), scratch);
      return scratch.open(name, mode);
    },
    exists: (name) => scratch.exists(name) || isOfBase(name),
    list(folder) {
      const ofBase = base.list(folder).filter((name) => !removed.has(`${folder}/${name}`));
      return [...new Set([...ofBase, ...scratch.list(folder)])].toSorted();
    },
    rename(from, to) {
      assert(scratch.exists(from), 'a file of the base disk is renamed');
      scratch.rename(from, to);
    },
    remove(name) {
      if (scratch.exists(name)) scratch.remove(name);
      if (base.exists(name)) removed.add(name);
    },
  };
}

class OverlayFile implements DiskFile {
  readonly name: string;
  readonly #scratch: Disk;
  #file: DiskFile;
  #isCopy = false;

  constructor(file: DiskFile, scratch: Disk) {
    this.name = file.name;
    this.#file = file;
    this.#scratch = scratch;
  }

  size(): number {
    return this.#file.size();
  }

  readAt(target: Uint8Array, position: number): number {
    return this.#file.readAt(target, position);
  }

  writeAt(source: Uint8Array, position: number): void {
    this.#copy().writeAt(source, position);
  }

  truncate(size: number): void {
    this.#copy().truncate(size);
  }

  /** What is not written need not be synced, and the copy is thrown away. */
  sync(): void {}

  close(): void {
    this.#file.close();
  }

  #copy(): DiskFile {
    if (this.#isCopy) return this.#file;
    const copy = this.#scratch.open(this.name, 'create');
    const chunk = new Uint8Array(CHUNK_SIZE);
    for (let position = 0; position < this.#file.size(); position += chunk.length) {
      const count = this.#file.readAt(chunk, position);
      copy.writeAt(chunk.subarray(0, count), position);
    }
    this.#file.close();
    this.#file = copy;
    this.#isCopy = true;
    return copy;
  }
}
