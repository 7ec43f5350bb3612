/**
 * The one zip form that a bundle has (PKWARE APPNOTE 6.3.10 §4.3, narrowed): stored entries, names
 * sorted and in ASCII, date 1980-01-01, no extra fields, no comments, no data descriptors, no zip64, no
 * encryption. Any tool opens it; {@link parseZip} accepts only what {@link buildZip} writes, so that
 * one list of entries has one sequence of bytes and no two readers can see two archives. Only an entry
 * whose bytes do not match its checksum is handed on, as damaged: see {@link StoredEntry}.
 */

import { crc32 } from '@veritydb/crypto';
import { concatBytes, utf8Encode } from '@veritydb/types';

import { type ByteSource, memorySource, sliceSource } from './byte-source.ts';
import { BundleError, type BundleErrorCode } from './error.ts';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** An entry that is written, its bytes in pieces. */
export interface ZipFile {
  readonly name: string;
  readonly pieces: readonly Uint8Array[];
}

/** An entry as it was read. */
export interface StoredEntry extends ZipEntry {
  /** Whether the bytes are not those of the checksum: damaged on their way, or changed. */
  readonly damaged: boolean;
}

export interface ZipLimits {
  /** Largest zip, bytes. */
  readonly totalSizeMax: number;
  /** Largest entry, bytes. */
  readonly entrySizeMax: number;
}

export const ZIP_LIMITS: ZipLimits = { totalSizeMax: 2 ** 31 - 1, entrySizeMax: 2 ** 30 };
const ENTRIES_COUNT_MAX = 128;
const NAME_LENGTH_MAX = 255;

const LOCAL_SIGNATURE = 0x0403_4b50;
const CENTRAL_SIGNATURE = 0x0201_4b50;
const END_SIGNATURE = 0x0605_4b50;
const LOCAL_SIZE = 30;
const CENTRAL_SIZE = 46;
const END_SIZE = 22;
const VERSION = 20;
/** Names are UTF-8. */
const FLAGS = 0x0800;
/** 1980-01-01. */
const DATE = 0x0021;

/** Parts of letters, digits and `._-`, none of which begins with a dot: no way up, no root, no drive. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;

/**
 * The zip of the entries, sorted by name.
 *
 * @throws {BundleError} ERR_BUNDLE_ZIP, ERR_BUNDLE_LIMIT
 */
export function buildZip(entries: readonly ZipEntry[]): Uint8Array {
  return concatBytes(...zipPieces(entries.map(({ name, bytes }) => ({ name, pieces: [bytes] }))));
}

/**
 * The same in pieces, of which those of the files are the very ones that were handed in.
 *
 * @throws {BundleError} ERR_BUNDLE_ZIP, ERR_BUNDLE_LIMIT
 */
export function zipPieces(files: readonly ZipFile[]): readonly Uint8Array[] {
  const sorted = files.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  if (sorted.length > ENTRIES_COUNT_MAX) throw tooLarge(`${sorted.length} entries`);
  const locals: Uint8Array[] = [];
  const centrals: Uint8Array[] = [];
  let at = 0;
  for (const [index, { name, pieces }] of sorted.entries()) {
    if (!isName(name)) throw refused(`entry ${index} has a name that a bundle cannot hold`);
    if (name === sorted[index - 1]?.name) throw refused(`entry ${name} is there twice`);
    const nameBytes = utf8Encode(name);
    const facts = { ...sumsOf(pieces), nameSize: nameBytes.length };
    locals.push(localHeader(facts), nameBytes, ...pieces);
    centrals.push(centralHeader(facts, at), nameBytes);
    at += LOCAL_SIZE + nameBytes.length + facts.size;
    if (at > ZIP_LIMITS.totalSizeMax) throw tooLarge('more bytes than a zip of a bundle holds');
  }
  const central = concatBytes(...centrals);
  return [...locals, central, endRecord(sorted.length, central.length, at)];
}

function sumsOf(pieces: readonly Uint8Array[]): Pick<EntryFacts, 'crc' | 'size'> {
  let crc = 0;
  let size = 0;
  for (const piece of pieces) {
    crc = crc32(piece, 0, piece.length, crc);
    size += piece.length;
  }
  return { crc, size };
}

function isName(name: string): boolean {
  return name.length <= NAME_LENGTH_MAX && NAME.test(name);
}

interface EntryFacts {
  readonly crc: number;
  readonly size: number;
  readonly nameSize: number;
}

/** §4.3.7 from the version on: the fields that the local and the central header share. */
function writeShared(view: DataView, at: number, facts: EntryFacts): void {
  view.setUint16(at, VERSION, true);
  view.setUint16(at + 2, FLAGS, true);
  view.setUint16(at + 8, DATE, true);
  view.setUint32(at + 10, facts.crc, true);
  view.setUint32(at + 14, facts.size, true);
  view.setUint32(at + 18, facts.size, true);
  view.setUint16(at + 22, facts.nameSize, true);
}

function localHeader(facts: EntryFacts): Uint8Array {
  const bytes = new Uint8Array(LOCAL_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, LOCAL_SIGNATURE, true);
  writeShared(view, 4, facts);
  return bytes;
}

function centralHeader(facts: EntryFacts, localAt: number): Uint8Array {
  const bytes = new Uint8Array(CENTRAL_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, CENTRAL_SIGNATURE, true);
  view.setUint16(4, VERSION, true);
  writeShared(view, 6, facts);
  view.setUint32(42, localAt, true);
  return bytes;
}

function endRecord(count: number, centralSize: number, centralAt: number): Uint8Array {
  const bytes = new Uint8Array(END_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, END_SIGNATURE, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, centralSize, true);
  view.setUint32(16, centralAt, true);
  return bytes;
}

/** An entry of a zip that lies somewhere. */
export interface ZipMember {
  readonly name: string;
  readonly bytes: ByteSource;
  /** As the headers say it; nobody has looked at the bytes. */
  readonly crc: number;
}

/**
 * The entries of a zip of exactly the form that {@link buildZip} writes. Only headers are read.
 *
 * @throws {BundleError} ERR_BUNDLE_ZIP, ERR_BUNDLE_LIMIT
 */
export function readZip(source: ByteSource, limits: ZipLimits = ZIP_LIMITS): readonly ZipMember[] {
  // Attacker-controlled: all of it. Every header is rebuilt from its facts and compared as a whole.
  if (source.size > limits.totalSizeMax) throw tooLarge(`${source.size} bytes`);
  const endAt = source.size - END_SIZE;
  const end = endAt < 0 ? null : source.read(endAt, source.size);
  const endView = end === null ? null : viewOf(end);
  if (end === null || endView?.getUint32(0, true) !== END_SIGNATURE) {
    throw refused('it does not end with an end record: cut short, or followed by other bytes');
  }
  const count = endView.getUint16(10, true);
  const centralAt = endView.getUint32(16, true);
  if (count > ENTRIES_COUNT_MAX) throw tooLarge(`${count} entries`);
  if (centralAt > endAt) throw refused('its central directory is beyond its end');
  const centralSize = endAt - centralAt;
  assertSame(end, 0, endRecord(count, centralSize, centralAt), 'its end record');
  if (centralSize > count * (CENTRAL_SIZE + NAME_LENGTH_MAX)) {
    throw refused('its central directory has bytes that are no entry');
  }
  const central = source.read(centralAt, endAt);
  const entries: ZipMember[] = [];
  let localAt = 0;
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const entry = readMember({ source, central, centralAt }, at, localAt, limits);
    const before = entries.at(-1)?.name;
    if (before !== undefined && entry.name <= before) {
      throw refused(`entry ${entry.name} is there twice or out of order`);
    }
    entries.push(entry);
    at += CENTRAL_SIZE + entry.name.length;
    localAt += LOCAL_SIZE + entry.name.length + entry.bytes.size;
  }
  if (at !== centralSize) throw refused('its central directory has bytes that are no entry');
  if (localAt !== centralAt) throw refused('it has bytes between its entries and its directory');
  return entries;
}

/**
 * The entries of a zip that is in memory; their bytes are views.
 *
 * @throws {BundleError} ERR_BUNDLE_ZIP, ERR_BUNDLE_LIMIT
 */
export function parseZip(
  bytes: Uint8Array,
  limits: ZipLimits = ZIP_LIMITS,
): readonly StoredEntry[] {
  return readZip(memorySource(bytes), limits).map(({ name, bytes: stored, crc }) => {
    const data = stored.read(0, stored.size);
    return { name, bytes: data, damaged: crc32(data) !== crc };
  });
}

interface Archive {
  readonly source: ByteSource;
  readonly central: Uint8Array;
  readonly centralAt: number;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The entry whose central header stands at `at`, and whose local header must stand at `localAt`. */
function readMember(archive: Archive, at: number, localAt: number, limits: ZipLimits): ZipMember {
  const { source, central, centralAt } = archive;
  if (at + CENTRAL_SIZE > central.length) throw refused('its central directory is cut short');
  const view = viewOf(central);
  const facts: EntryFacts = {
    crc: view.getUint32(at + 16, true),
    size: view.getUint32(at + 24, true),
    nameSize: view.getUint16(at + 28, true),
  };
  const nameAt = at + CENTRAL_SIZE;
  if (nameAt + facts.nameSize > central.length) throw refused('its central directory is cut short');
  const nameBytes = central.subarray(nameAt, nameAt + facts.nameSize);
  const name = asciiText(nameBytes);
  if (!isName(name)) throw refused('an entry has a name that a bundle cannot hold');
  assertSame(central, at, centralHeader(facts, localAt), 'the central header', name);
  if (facts.size > limits.entrySizeMax) throw tooLarge(`${facts.size} bytes`, name);
  const dataAt = localAt + LOCAL_SIZE + facts.nameSize;
  if (dataAt + facts.size > centralAt) throw refused('an entry overlaps the directory', name);
  const local = source.read(localAt, dataAt);
  assertSame(local, 0, localHeader(facts), 'the local header', name);
  assertSame(local, LOCAL_SIZE, nameBytes, 'the local name', name);
  return { name, bytes: sliceSource(source, dataAt, dataAt + facts.size), crc: facts.crc };
}

function asciiText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes.subarray(0, NAME_LENGTH_MAX + 1)) text += String.fromCharCode(byte);
  return text;
}

function assertSame(
  bytes: Uint8Array,
  at: number,
  expected: Uint8Array,
  what: string,
  name?: string,
): void {
  for (let index = 0; index < expected.length; index += 1) {
    if (bytes[at + index] !== expected[index]) {
      throw refused(`${what} is not as a bundle writes it (byte ${index})`, name);
    }
  }
}

function refused(what: string, name?: string): BundleError {
  return zipError('ERR_BUNDLE_ZIP', what, name);
}

function tooLarge(what: string, name?: string): BundleError {
  return zipError('ERR_BUNDLE_LIMIT', `too large: ${what}`, name);
}

function zipError(code: BundleErrorCode, what: string, name?: string): BundleError {
  return new BundleError(code, `the zip is refused: ${what}`, {
    kind: 'format',
    hint: 'this is no bundle as it was made: get it again, and do not unpack and repack it',
    ...(name === undefined ? {} : { file: name }),
  });
}
