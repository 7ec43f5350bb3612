/** Opens a bundle: the zip, and in it manifest and checkpoint, without which there is nothing to check. */

import { crc32 } from '@veritydb/crypto';
import { type Checkpoint, parseCheckpoint, parseNote } from '@veritydb/merkle';
import { utf8Decode } from '@veritydb/types';

import { type ByteSource, memorySource } from './byte-source.ts';
import { CHECKPOINT, MANIFEST } from './entry-name.ts';
import { BundleError, locate } from './error.ts';
import { entryOf } from './evidence.ts';
import { parseManifest } from './manifest-parse.ts';
import type { Manifest } from './manifest.ts';
import { ZIP_LIMITS, type ZipLimits, type ZipMember, readZip } from './zip.ts';

export interface ParsedBundle {
  /** Entries by name. Of the manifest and the checkpoint the checksums have been looked at. */
  readonly entries: ReadonlyMap<string, ZipMember>;
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  readonly checkpointText: string;
  /** What the checkpoint says; nobody has looked at its signature. */
  readonly checkpoint: Checkpoint;
}

/**
 * Reads a bundle. Nothing is verified: see `verifyBundle`.
 *
 * @throws {BundleError} ERR_BUNDLE_ZIP, ERR_BUNDLE_LIMIT, ERR_BUNDLE_CRC, ERR_BUNDLE_MISSING,
 * ERR_BUNDLE_MANIFEST, ERR_BUNDLE_CHECKPOINT
 */
export function parseBundle(
  bytes: Uint8Array | ByteSource,
  limits: ZipLimits = ZIP_LIMITS,
): ParsedBundle {
  const stored = readZip(bytes instanceof Uint8Array ? memorySource(bytes) : bytes, limits);
  const entries = new Map(stored.map((entry) => [entry.name, entry]));
  for (const file of [MANIFEST, CHECKPOINT]) {
    const document = entryOf({ entries }, file);
    if (crc32(document) === entries.get(file)?.crc) continue;
    throw new BundleError('ERR_BUNDLE_CRC', `${file} is damaged: its checksum does not match`, {
      kind: 'format',
      file,
      hint: 'transfer the bundle again',
    });
  }
  const manifestBytes = entryOf({ entries }, MANIFEST);
  const manifest = parseManifest(manifestBytes);
  const file = CHECKPOINT;
  const checkpointBytes = entryOf({ entries }, file);
  const checkpointText = locate('ERR_BUNDLE_CHECKPOINT', { file }, () =>
    utf8Decode(checkpointBytes),
  );
  const checkpoint = locate('ERR_BUNDLE_CHECKPOINT', { file }, () =>
    parseCheckpoint(parseNote(checkpointText).text),
  );
  return { entries, manifest, manifestBytes, checkpointText, checkpoint };
}
