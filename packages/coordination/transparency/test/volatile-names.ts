/**
 * A simulated disk whose folders may fail to be synced: a rename is then seen at once and throws, as on
 * a real disk, and the loss of power undoes it.
 */

import type { Disk, DiskFile } from '@veritydb/log';
import type { SimDisk, SimDiskSnapshot } from '@veritydb/sim';

export class VolatileNames implements Disk {
  keepsNames = true;
  readonly #disk: SimDisk;
  #durable: SimDiskSnapshot;

  constructor(disk: SimDisk) {
    this.#disk = disk;
    this.#durable = disk.snapshot();
  }

  losePower(): void {
    this.#disk.restore(this.#durable);
  }

  open(name: string, mode: 'existing' | 'create'): DiskFile {
    return this.#disk.open(name, mode);
  }

  exists(name: string): boolean {
    return this.#disk.exists(name);
  }

  list(folder: string): readonly string[] {
    return this.#disk.list(folder);
  }

  remove(name: string): void {
    this.#disk.remove(name);
  }

  rename(from: string, to: string): void {
    this.#disk.rename(from, to);
    if (!this.keepsNames) throw new Error('EIO: fsync of the folder');
    this.#durable = this.#disk.snapshot();
  }
}
