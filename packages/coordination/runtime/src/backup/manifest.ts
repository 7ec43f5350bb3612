/**
 * The manifest of a backup: a signed note (C2SP) whose text is one line of canonical JSON (RFC 8785).
 *
 * It is signed by the log's key, so that nobody else can take a file out, put another in, or give an
 * older key store to a newer log.
 */

import type { Crypto } from '@veritydb/crypto';
import { parseVerifierKey, verifyNote } from '@veritydb/merkle';
import {
  type JsonObject,
  type JsonValue,
  TypesError,
  canonicalJson,
  isJsonObject,
  parseCanonicalJson,
} from '@veritydb/types';

import { backupRefused } from './refused.ts';

export const MANIFEST_NAME = 'manifest';
const FORMAT = 'veritydb.dev/backup/v1';

export interface BackupFile {
  readonly name: string;
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface BackupManifest {
  readonly origin: string;
  readonly tenant: number;
  /** Identity of the log, hexadecimal. */
  readonly log: string;
  /** Of the log when the backup was taken. */
  readonly generation: number;
  /** Records. */
  readonly size: number;
  /** Root of the tree over them, hexadecimal. */
  readonly root: string;
  /** Signed checkpoint of that tree. */
  readonly checkpoint: string;
  /** RFC 3339, UTC. */
  readonly takenAt: string;
  /** All files but the manifest, in the order of the archive. */
  readonly files: readonly BackupFile[];
}

/** The text that is signed. */
export function formatManifest(manifest: BackupManifest): string {
  const { checkpoint, files, generation, log, origin, root, size, takenAt, tenant } = manifest;
  const json = {
    format: FORMAT,
    origin,
    tenant,
    log,
    generation,
    size,
    root,
    checkpoint,
    taken_at: takenAt,
    files: files.map((file) => ({ name: file.name, sha256: file.sha256, size: file.size })),
  };
  return `${canonicalJson(json)}\n`;
}

/**
 * Verifies a manifest under the log's verifier key, whose name must be the origin.
 *
 * @throws {RuntimeError} ERR_RUNTIME_BACKUP; {MerkleError} when it is not authentic
 */
export function verifyManifest(crypto: Crypto, note: string, verifierKey: string): BackupManifest {
  const key = parseVerifierKey(crypto, verifierKey);
  const { text } = verifyNote(crypto, note, [key]).note;
  const manifest = parseManifest(text);
  if (manifest.origin !== key.name) throw malformed('origin');
  return manifest;
}

function parseManifest(text: string): BackupManifest {
  let json: JsonValue;
  try {
    json = parseCanonicalJson(text.slice(0, -1));
  } catch (error) {
    if (!(error instanceof TypesError)) throw error;
    throw backupRefused('its manifest is not canonical JSON');
  }
  if (!isJsonObject(json) || json['format'] !== FORMAT) throw malformed('format');
  const files = json['files'];
  if (!Array.isArray(files)) throw malformed('files');
  const manifest: BackupManifest = {
    origin: textOf(json, 'origin', /^[^\p{Cc}]{1,300}$/u),
    tenant: countOf(json, 'tenant', 1),
    log: textOf(json, 'log', /^[0-9a-f]{32}$/),
    generation: countOf(json, 'generation', 1),
    size: countOf(json, 'size', 1),
    root: textOf(json, 'root', /^[0-9a-f]{64}$/),
    checkpoint: textOf(json, 'checkpoint', /^[^]{1,100000}$/),
    takenAt: textOf(json, 'taken_at', /^[0-9T:.Z-]{20,27}$/),
    files: files.map((file: JsonValue) => {
      if (!isJsonObject(file) || Object.keys(file).length !== 3) throw malformed('files');
      return {
        name: textOf(file, 'name', /^[a-z0-9._/-]{1,99}$/),
        size: countOf(file, 'size', 0),
        sha256: textOf(file, 'sha256', /^[0-9a-f]{64}$/),
      };
    }),
  };
  // Nothing stands in it that was not read.
  if (formatManifest(manifest) !== text) throw malformed('members');
  return manifest;
}

function textOf(json: JsonObject, member: string, shape: RegExp): string {
  const value = json[member];
  if (typeof value !== 'string' || !shape.test(value)) throw malformed(member);
  return value;
}

function countOf(json: JsonObject, member: string, least: number): number {
  const value = json[member];
  if (!Number.isSafeInteger(value) || (value as number) < least) throw malformed(member);
  return value as number;
}

function malformed(member: string): Error {
  return backupRefused(`${member} of its manifest is not as it must be`);
}
