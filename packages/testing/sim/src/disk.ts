/**
 * A disk that loses, tears, flips and fills: the port `Disk` in memory, driven by a seed.
 *
 * Names are durable as soon as a call that makes, renames or removes them returns, as the port says.
 * Bytes are durable after `sync` of their file. A call that fails may have done any part of its work; a
 * sync that fails may leave bytes that are read and that no later sync writes.
 */

import type { Disk, DiskFile } from '@veritydb/log';
import { assert } from '@veritydb/types';

import { FileImage } from './file-image.ts';
import { SimRandom } from './random.ts';

export type SimDiskErrorCode = 'EIO' | 'ENOSPC' | 'ENOENT' | 'EBADF';

/** What the operating system would say. */
export class SimDiskError extends Error {
  readonly code: SimDiskErrorCode;

  constructor(code: SimDiskErrorCode, call: string) {
    super(`${code}: ${call}`);
    this.name = 'SimDiskError';
    this.code = code;
  }
}

/** All files of a disk, as they were. */
export interface SimDiskSnapshot {
  readonly files: ReadonlyMap<string, FileImage>;
}

export class SimDisk implements Disk {
  #files = new Map<string, FileImage>();
  /** Handles of an earlier epoch are dead: the process that held them is gone. */
  #epoch = 0;
  #calls = 0;
  #failAt = Number.POSITIVE_INFINITY;
  #capacity = Number.POSITIVE_INFINITY;

  /** Calls so far: of the disk and of its files, each that can fail. */
  get calls(): number {
    return this.#calls;
  }

  /** Lets the n-th call from now fail with EIO, the first being 1, and every one after it. */
  failAfter(calls: number): void {
    assert(calls >= 1, 'a call that fails is the first from now at the soonest');
    this.#failAt = this.#calls + calls;
  }

  /** Ends what {@link failAfter} and {@link fillAt} began. */
  repair(): void {
    this.#failAt = Number.POSITIVE_INFINITY;
    this.#capacity = Number.POSITIVE_INFINITY;
  }

  /** Refuses with ENOSPC what would make all files together longer than this. */
  fillAt(bytes: number): void {
    this.#capacity = bytes;
  }

  /** Loss of power: see `FileImage`. Handles die; the disk works again. */
  crash(seed: number): void {
    const random = new SimRandom(seed);
    this.#epoch += 1;
    for (const [name, file] of this.#files) this.#files.set(name, file.crash(random));
    this.repair();
  }

  flipBit(name: string, position: number, bit: number): void {
    this.#fileOf(name).flipBit(position, bit);
  }

  /** The bytes of a file, as a copy. */
  bytesOf(name: string): Uint8Array {
    return this.#fileOf(name).live.view().slice();
  }

  /** Puts a file there, durable. */
  put(name: string, bytes: Uint8Array): void {
    this.#files.set(name, new FileImage(bytes));
  }

  snapshot(): SimDiskSnapshot {
    return { files: new Map([...this.#files].map(([name, file]) => [name, file.copy()])) };
  }

  /** Makes the disk what it was. Handles die. */
  restore(snapshot: SimDiskSnapshot): void {
    this.#epoch += 1;
    this.#files = new Map([...snapshot.files].map(([name, file]) => [name, file.copy()]));
    this.repair();
  }

  open(name: string, mode: 'existing' | 'create'): DiskFile {
    this.#call('open');
    if (!this.#files.has(name)) {
      if (mode === 'existing') throw new SimDiskError('ENOENT', `open ${name}`);
      this.#files.set(name, new FileImage());
    }
    return this.#handle(name);
  }

  #handle(name: string): DiskFile {
    const epoch = this.#epoch;
    let isOpen = true;
    const use = (call: string): FileImage => {
      if (epoch !== this.#epoch || !isOpen) throw new SimDiskError('EBADF', call);
      return this.#fileOf(name);
    };
    return {
      name,
      size: () => use('size').live.size,
      readAt: (target, position) => {
        const source = use('read')
          .live.view()
          .subarray(position, position + target.length);
        this.#call('read');
        target.set(source);
        return source.length;
      },
      writeAt: (source, position) => {
        const file = use('write');
        try {
          this.#call('write');
          // POSIX: a write of nothing does not make a file longer.
          if (source.length === 0) return;
          this.#reserve(position + source.length - file.live.size);
        } catch (error) {
          file.writeInVain(source, position);
          throw error;
        }
        file.write(source, position);
      },
      sync: () => {
        const file = use('sync');
        try {
          this.#call('sync');
        } catch (error) {
          // Linux takes pages that it could not write for written: half of the failures are such.
          if (this.#calls % 2 === 0) file.forget();
          throw error;
        }
        file.sync();
      },
      truncate: (size) => {
        const file = use('truncate');
        this.#call('truncate');
        this.#reserve(size - file.live.size);
        file.truncate(size);
      },
      close: () => {
        isOpen = false;
      },
    };
  }

  exists(name: string): boolean {
    this.#call('exists');
    return this.#files.has(name);
  }

  list(folder: string): readonly string[] {
    this.#call('list');
    const prefix = folder === '' ? '' : `${folder}/`;
    return [...this.#files.keys()]
      .filter((name) => name.startsWith(prefix) && !name.slice(prefix.length).includes('/'))
      .map((name) => name.slice(prefix.length))
      .toSorted();
  }

  rename(from: string, to: string): void {
    this.#call('rename');
    const file = this.#fileOf(from);
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  remove(name: string): void {
    this.#call('remove');
    this.#fileOf(name);
    this.#files.delete(name);
  }

  #fileOf(name: string): FileImage {
    const file = this.#files.get(name);
    if (file === undefined) throw new SimDiskError('ENOENT', name);
    return file;
  }

  #call(call: string): void {
    this.#calls += 1;
    if (this.#calls >= this.#failAt) throw new SimDiskError('EIO', call);
  }

  #reserve(growth: number): void {
    if (growth <= 0) return;
    let used = 0;
    for (const file of this.#files.values()) used += file.live.size;
    if (used + growth > this.#capacity) throw new SimDiskError('ENOSPC', 'write');
  }
}
