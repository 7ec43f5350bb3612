/** Whether the files are those of the manifest: each one, no more, undamaged, and byte for byte. */

import { bytesToHex } from '@veritydb/types';

import { entryNames } from '../entry-name.ts';
import { BundleError } from '../error.ts';
import type { Evidence } from '../evidence.ts';
import type { FailureLog } from '../report.ts';

export function checkIntegrity(evidence: Evidence, failures: FailureLog): string {
  const { crypto, damaged, entries, manifest } = evidence;
  const tables = manifest.tables.map(({ name }) => name);
  const expected = new Set(entryNames(tables, manifest.heldTreeSize !== null));
  for (const file of expected) {
    if (entries.has(file)) continue;
    failures.add(new BundleError('ERR_BUNDLE_MISSING', 'the file is missing', { file }));
  }
  for (const file of entries.keys()) {
    if (!expected.has(file)) {
      const what = 'the file is not of the bundle';
      failures.add(new BundleError('ERR_BUNDLE_UNEXPECTED', what, { file }));
    } else if (damaged.has(file)) {
      const what = 'its checksum does not match: damaged on its way, or changed';
      failures.add(new BundleError('ERR_BUNDLE_CRC', what, { file }));
    }
  }
  for (const { name: file, sha256, size } of manifest.files) {
    const bytes = entries.get(file);
    // What is damaged has been reported, and its digest would only say it again.
    if (bytes === undefined || damaged.has(file)) continue;
    if (bytes.length === size && bytesToHex(crypto.sha256(bytes)) === sha256) continue;
    failures.add(
      new BundleError('ERR_BUNDLE_DIGEST', 'the file is not the one that the manifest names', {
        file,
      }),
    );
  }
  return `${manifest.files.length} files are those of the manifest`;
}
