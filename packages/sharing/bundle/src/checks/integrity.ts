/** Whether the files are those of the manifest: each one, no more, undamaged, and byte for byte. */

import type { Crypto } from '@veritydb/crypto';
import { bytesToHex } from '@veritydb/types';

import { type ByteSource, piecesOf } from '../byte-source.ts';
import { RECEIPT, STATEMENT, TIME_STAMP, entryNames } from '../entry-name.ts';
import { BundleError } from '../error.ts';
import type { Evidence } from '../evidence.ts';
import type { FailureLog } from '../report.ts';
import { checkCopies } from './copies.ts';
import { checkParquet } from './parquet-copy.ts';
import { checkRelease } from './release.ts';

/** What says more of a bundle, and is signed by itself. */
const OPTIONAL: ReadonlySet<string> = new Set([RECEIPT, STATEMENT, TIME_STAMP]);

export function checkIntegrity(evidence: Evidence, failures: FailureLog): string {
  const { crypto, entries, manifest } = evidence;
  const expected = new Set(entryNames(manifest));
  for (const file of expected) {
    if (entries.has(file)) continue;
    failures.add(new BundleError('ERR_BUNDLE_MISSING', 'the file is missing', { file }));
  }
  const listed = new Map(manifest.files.map((file) => [file.name, file]));
  for (const [file, { bytes, crc }] of entries) {
    if (!expected.has(file) && !OPTIONAL.has(file)) {
      const what = 'the file is not of the bundle';
      failures.add(new BundleError('ERR_BUNDLE_UNEXPECTED', what, { file }));
      continue;
    }
    const named = listed.get(file);
    const found = sumsOf(crypto, bytes, named !== undefined);
    if (found.crc !== crc) {
      const what = 'its checksum does not match: damaged on its way, or changed';
      failures.add(new BundleError('ERR_BUNDLE_CRC', what, { file }));
    } else if (
      named !== undefined &&
      (bytes.size !== named.size || found.sha256 !== named.sha256)
    ) {
      const what = 'the file is not the one that the manifest names';
      failures.add(new BundleError('ERR_BUNDLE_DIGEST', what, { file }));
    }
  }
  for (const table of manifest.tables) {
    for (const check of [checkCopies, checkParquet, checkRelease]) {
      try {
        check(evidence, table);
      } catch (error) {
        if (!(error instanceof BundleError)) throw error;
        // What is missing has been said.
        if (error.code !== 'ERR_BUNDLE_MISSING') failures.add(error);
      }
    }
  }
  return `${manifest.files.length} files are those of the manifest`;
}

/** Both sums of a file in one pass; the digest only where it is asked for. */
function sumsOf(
  crypto: Crypto,
  source: ByteSource,
  digest: boolean,
): { readonly crc: number; readonly sha256: string | null } {
  const stream = digest ? crypto.sha256Stream() : null;
  let crc = 0;
  for (const piece of piecesOf(source)) {
    crc = crypto.crc32(piece, 0, piece.length, crc);
    stream?.update(piece);
  }
  return { crc, sha256: stream === null ? null : bytesToHex(stream.digest()) };
}
