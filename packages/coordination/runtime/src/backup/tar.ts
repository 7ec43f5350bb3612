/**
 * Tar archives, the plain cut of POSIX.1-2017 (pax, "ustar Interchange Format"): files alone, of fixed
 * owner, mode and time, so that equal files make equal bytes. What this writes it reads, and nothing
 * else: no links, no folders, no extended headers.
 */

import type { Disk, DiskFile } from '@veritydb/log';
import { AssertionError, assert, utf8Encode } from '@veritydb/types';

import { backupRefused } from './refused.ts';

export const BLOCK_SIZE = 512;
const NAME_SIZE = 100;
const ENTRIES_COUNT_MAX = 100_000;
/** Eleven octal digits. */
const SIZE_MAX: number = 8 ** 11 - 1;
const NAME = /^[a-z0-9._-]+(\/[a-z0-9._-]+)?$/;

export interface TarEntry {
  readonly name: string;
  readonly size: number;
  /** Where its bytes begin in the archive. */
  readonly position: number;
}

export function encodeTarHeader(name: string, size: number): Uint8Array {
  assert(NAME.test(name) && name.length < NAME_SIZE, 'name of an entry is malformed');
  assert(size <= SIZE_MAX, 'an entry is above 8 GiB');
  const bytes = new Uint8Array(BLOCK_SIZE);
  const put = (text: string, at: number): void => {
    bytes.set(utf8Encode(text), at);
  };
  put(name, 0);
  put('0000600\0', 100);
  put('0000000\0', 108);
  put('0000000\0', 116);
  put(`${size.toString(8).padStart(11, '0')}\0`, 124);
  put('00000000000\0', 136);
  put('        ', 148);
  put('0', 156);
  put('ustar\u{0}00', 257);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

/** Zeros that fill an entry's last block. */
export function paddingOf(size: number): number {
  return (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE;
}

/**
 * Reads the entries of an archive, without their bytes.
 *
 * @throws {RuntimeError} ERR_RUNTIME_BACKUP
 */
export function readTarEntries(file: DiskFile): readonly TarEntry[] {
  // Attacker-controlled: whoever can write the file can write this.
  const total = file.size();
  const entries: TarEntry[] = [];
  const names = new Set<string>();
  let position = 0;
  for (;;) {
    const block = new Uint8Array(BLOCK_SIZE);
    if (file.readAt(block, position) !== BLOCK_SIZE) throw backupRefused('it is cut short');
    position += BLOCK_SIZE;
    if (block.every((byte) => byte === 0)) break;
    const entry = decodeHeader(block, position);
    const end = position + entry.size + paddingOf(entry.size);
    if (end > total) throw backupRefused('it is cut short');
    assertZeros(file, position + entry.size, end);
    if (names.has(entry.name)) throw backupRefused('it holds a file twice');
    if (entries.length === ENTRIES_COUNT_MAX) throw backupRefused('it holds too many files');
    names.add(entry.name);
    entries.push(entry);
    position = end;
  }
  if (total !== position + BLOCK_SIZE) throw backupRefused('it does not end as an archive does');
  assertZeros(file, position, total);
  return entries;
}

function assertZeros(file: DiskFile, from: number, to: number): void {
  const bytes = new Uint8Array(to - from);
  file.readAt(bytes, from);
  if (bytes.some((byte) => byte !== 0)) throw backupRefused('bytes between its files are not zero');
}

/** Only the header that {@link encodeTarHeader} writes for this name and size is one. */
function decodeHeader(block: Uint8Array, position: number): TarEntry {
  let name = '';
  for (let at = 0; at < NAME_SIZE && block[at] !== 0; at += 1) {
    name += String.fromCharCode(block[at] as number);
  }
  const digits = String.fromCharCode(...block.subarray(124, 135));
  const isNamed = NAME.test(name) && name.length < NAME_SIZE && !name.includes('..');
  if (!isNamed || !/^[0-7]{11}$/.test(digits)) throw backupRefused('a header is malformed');
  const size = Number.parseInt(digits, 8);
  const expected = encodeTarHeader(name, size);
  if (!block.every((byte, at) => byte === expected[at])) {
    throw backupRefused('a header is not one that is written here');
  }
  return { name, size, position };
}

function refuse(): never {
  throw new AssertionError('an archive is only read');
}

/** The files of an archive as a disk that is only read. */
export function tarDisk(archive: DiskFile, entries: readonly TarEntry[]): Disk {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  return {
    open(name) {
      const entry = byName.get(name);
      assert(entry !== undefined, 'file is not in the archive');
      return {
        name,
        size: () => entry.size,
        readAt(target, position) {
          const count = Math.max(0, Math.min(target.length, entry.size - position));
          return archive.readAt(target.subarray(0, count), entry.position + position);
        },
        writeAt: refuse,
        sync: refuse,
        truncate: refuse,
        close() {},
      };
    },
    exists: (name) => byName.has(name),
    list: (folder) =>
      entries
        .filter(({ name }) => name.startsWith(`${folder}/`))
        .map(({ name }) => name.slice(folder.length + 1))
        .toSorted(),
    rename: refuse,
    remove: refuse,
  };
}
