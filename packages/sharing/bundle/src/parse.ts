/** Opens a bundle: the zip, and in it manifest and checkpoint, without which there is nothing to check. */

import { type Checkpoint, parseCheckpoint, parseNote } from '@veritydb/merkle';
import { utf8Decode } from '@veritydb/types';

import { CHECKPOINT, MANIFEST } from './entry-name.ts';
import { BundleError, locate } from './error.ts';
import { entryOf } from './evidence.ts';
import { parseManifest } from './manifest-parse.ts';
import type { Manifest } from './manifest.ts';
import { ZIP_LIMITS, type ZipLimits, parseZip } from './zip.ts';

export interface ParsedBundle {
  /** Bytes of each entry, as views. */
  readonly entries: ReadonlyMap<string, Uint8Array>;
  /** Names of the entries whose bytes do not match their checksums: never manifest and checkpoint. */
  readonly damaged: ReadonlySet<string>;
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
export function parseBundle(bytes: Uint8Array, limits: ZipLimits = ZIP_LIMITS): ParsedBundle {
  const stored = parseZip(bytes, limits);
  const entries = new Map(stored.map((entry) => [entry.name, entry.bytes]));
  const damaged = new Set(stored.filter((entry) => entry.damaged).map(({ name }) => name));
  for (const file of [MANIFEST, CHECKPOINT]) {
    if (!damaged.has(file)) continue;
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
  return { entries, damaged, manifest, manifestBytes, checkpointText, checkpoint };
}
