/**
 * A backup checked with the log's verifier key alone: the manifest's signature, the digest of every
 * file, every record, and the tree against the signed checkpoint. No key of the data is needed, and
 * none is used.
 */

import { createHash } from 'node:crypto';

import type { Crypto } from '@veritydb/crypto';
import {
  type Disk,
  type DiskFile,
  type InspectedRecord,
  type LogFault,
  inspectLog,
  listSegments,
} from '@veritydb/log';
import { MerkleTree, verifyCheckpoint } from '@veritydb/merkle';
import {
  type Hash,
  type Timestamp,
  bytesEqual,
  bytesToHex,
  toTenantId,
  utf8Decode,
} from '@veritydb/types';

import { KEYS_NAME, readKeyStates, readKeysFile } from '../check/check-keys.ts';
import { type BackupManifest, MANIFEST_NAME, verifyManifest } from './manifest.ts';
import { backupRefused } from './refused.ts';
import { readTarEntries, tarDisk } from './tar.ts';
import { TOMBSTONES_NAME, type Tombstones, erasedKeys, verifyTombstones } from './tombstones.ts';

const CHUNK_SIZE = 1024 * 1024;
/** Signed notes are at most a million characters of up to three bytes. */
const NOTE_SIZE_MAX = 3_000_000;
const TOMBSTONES_SIZE_MAX: number = 256 * 1024 * 1024;

export interface VerifiedBackup {
  readonly manifest: BackupManifest;
  /** Of its own time: keys that were destroyed before it was taken. */
  readonly tombstones: Tombstones;
  /** Its files. */
  readonly disk: Disk;
  readonly lastHash: Hash;
  readonly lastTimestamp: Timestamp;
}

/** @throws {RuntimeError} ERR_RUNTIME_BACKUP; {MerkleError} when it is not authentic */
export function verifyBackup(
  crypto: Crypto,
  archive: DiskFile,
  verifierKey: string,
): VerifiedBackup {
  const entries = readTarEntries(archive);
  const disk = tarDisk(archive, entries);
  const manifest = verifyManifest(
    crypto,
    readText(disk, MANIFEST_NAME, NOTE_SIZE_MAX),
    verifierKey,
  );
  const expected = [...manifest.files.map(({ name }) => name), MANIFEST_NAME];
  if (expected.join('\n') !== entries.map(({ name }) => name).join('\n')) {
    throw backupRefused('its files are not those of the manifest', 'verification');
  }
  for (const { name, sha256, size } of manifest.files) {
    const file = disk.open(name, 'existing');
    if (file.size() !== size || digestOf(file) !== sha256) {
      throw backupRefused(`${name} is not the file that the manifest names`, 'verification');
    }
  }
  const tombstones = verifyKeys(crypto, disk, manifest, verifierKey);
  const last = verifyRecords(crypto, disk, manifest, verifierKey);
  return {
    manifest,
    tombstones,
    disk,
    lastHash: last.leafHash,
    lastTimestamp: last.header.timestamp,
  };
}

/** The signed text of tombstones in a backup, whose signature who uses them verifies. */
export function readTombstones(archive: DiskFile): string {
  const disk = tarDisk(archive, readTarEntries(archive));
  return readText(disk, TOMBSTONES_NAME, TOMBSTONES_SIZE_MAX);
}

function readText(disk: Disk, name: string, sizeMax: number): string {
  if (!disk.exists(name)) throw backupRefused(`it has no ${name}`);
  const file = disk.open(name, 'existing');
  if (file.size() > sizeMax) throw backupRefused(`${name} is too long`);
  const bytes = new Uint8Array(file.size());
  file.readAt(bytes, 0);
  try {
    return utf8Decode(bytes);
  } catch {
    throw backupRefused(`${name} is not UTF-8`);
  }
}

function digestOf(file: DiskFile): string {
  const hash = createHash('sha256');
  for (let position = 0; position < file.size(); position += CHUNK_SIZE) {
    const chunk = new Uint8Array(Math.min(CHUNK_SIZE, file.size() - position));
    file.readAt(chunk, position);
    hash.update(chunk);
  }
  return hash.digest('hex');
}

function verifyKeys(
  crypto: Crypto,
  disk: Disk,
  manifest: BackupManifest,
  verifierKey: string,
): Tombstones {
  if (!disk.exists(KEYS_NAME)) throw backupRefused(`it has no ${KEYS_NAME}`);
  const keys = readKeysFile(disk);
  readKeyStates(keys, toTenantId(manifest.tenant));
  const tombstones = verifyTombstones(
    crypto,
    readText(disk, TOMBSTONES_NAME, TOMBSTONES_SIZE_MAX),
    verifierKey,
  );
  const isOfLog = tombstones.log === manifest.log && tombstones.tenant === manifest.tenant;
  const known = erasedKeys(keys);
  const isAll =
    known.length === tombstones.erased.length &&
    tombstones.erased.every(({ keyId, subjectMac }, at) => {
      return known[at]?.keyId === keyId && known[at].subjectMac === subjectMac;
    });
  if (!isOfLog || !isAll) {
    throw backupRefused('its tombstones are not those of its key store', 'verification');
  }
  return tombstones;
}

/** Every record, the tree, and its signed checkpoint. Returns the last record. */
function verifyRecords(
  crypto: Crypto,
  disk: Disk,
  manifest: BackupManifest,
  verifierKey: string,
): InspectedRecord {
  const checkpoint = verifyCheckpoint(crypto, manifest.checkpoint, verifierKey);
  const tree = new MerkleTree(crypto);
  const faults: LogFault[] = [];
  let last: InspectedRecord | undefined;
  const tenant = toTenantId(manifest.tenant);
  const onFault = (fault: LogFault): void => {
    // A backup has no superblock: a restore makes a new one.
    if (fault.check !== 'superblock') faults.push(fault);
  };
  for (const record of inspectLog({ crypto, disk, tenant, onFault })) {
    tree.append(record.leafHash);
    last = record;
  }
  const [fault] = faults;
  if (fault !== undefined) {
    const place = `${fault.file}, byte ${fault.position}`;
    throw backupRefused(`${place}: ${fault.what}`, 'verification');
  }
  const isOfLog = listSegments(disk).every((name) => identityOf(disk, name) === manifest.log);
  if (!isOfLog) throw backupRefused('a segment is of another log', 'verification');
  const root = bytesToHex(tree.root());
  const isWhole =
    tree.size === manifest.size &&
    root === manifest.root &&
    checkpoint.size === tree.size &&
    bytesEqual(checkpoint.root, tree.root());
  if (last === undefined || !isWhole) {
    throw backupRefused('its records are not those that were signed', 'verification');
  }
  return last;
}

function identityOf(disk: Disk, segment: string): string {
  const bytes = new Uint8Array(16);
  disk.open(segment, 'existing').readAt(bytes, 36);
  return bytesToHex(bytes);
}
