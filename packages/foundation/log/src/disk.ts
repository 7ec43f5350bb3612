/**
 * The port to a disk: synchronous, on the writer's thread. The real one stands in `runtime`
 * (node:fs), the one that loses, tears, flips and fills in `testing/sim`.
 */

/** A file that is open for reading and writing. */
export interface DiskFile {
  readonly name: string;
  /** Size in bytes. */
  size(): number;
  /** Reads up to `target.length` bytes at `position`; returns how many there were. */
  readAt(target: Uint8Array, position: number): number;
  /** Writes all bytes at `position`, growing the file where needed. Throws when it cannot. */
  writeAt(source: Uint8Array, position: number): void;
  /** Returns when all that was written, and the file's size, survive a loss of power. */
  sync(): void;
  truncate(size: number): void;
  close(): void;
}

/** A folder. Names are relative to it, with `/` between parts; folders are made as needed. */
export interface Disk {
  /** Opens a file, making it when `create` says so and it is not there. */
  open(name: string, mode: 'existing' | 'create'): DiskFile;
  exists(name: string): boolean;
  /** Names of files in a folder, sorted. Empty when there is no such folder. */
  list(folder: string): readonly string[];
  /** Renames over whatever stands there, and syncs the folder. */
  rename(from: string, to: string): void;
  /** Removes a file, and syncs the folder. */
  remove(name: string): void;
}
