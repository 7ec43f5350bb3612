/** Whether data/<table>.parquet says what the lines of data say: it is written again, and compared. */

import { bytesEqual, valueFromJson } from '@veritydb/types';

import { WindowReader } from '../byte-source.ts';
import { dataName, parquetName } from '../entry-name.ts';
import { BundleError, locate } from '../error.ts';
import { type Evidence, sourceOf } from '../evidence.ts';
import type { ManifestTable } from '../manifest.ts';
import { ParquetWriter } from '../parquet.ts';
import { dataLines } from './copies.ts';

/** @throws {BundleError} ERR_BUNDLE_COPY, ERR_BUNDLE_MISSING, ERR_BUNDLE_LINE */
export function checkParquet(evidence: Evidence, table: ManifestTable): void {
  const { columns, name } = table;
  const file = parquetName(name);
  if (evidence.manifest.files.every((listed) => listed.name !== file)) return;
  const copy = new WindowReader(sourceOf(evidence, file));
  let line = 0;
  const writer = new ParquetWriter(columns, (expected) => {
    const { length } = expected;
    const found = copy.has(length) ? copy.bytes.subarray(copy.at, copy.at + length) : null;
    if (found === null || !bytesEqual(found, expected)) {
      const what = `it does not say what the data says, up to line ${line} of it`;
      throw new BundleError('ERR_BUNDLE_COPY', what, { file });
    }
    copy.at += length;
  });
  for (const values of dataLines(evidence, table)) {
    line += 1;
    const place = { file: dataName(name), record: `line ${line}` };
    const row = locate('ERR_BUNDLE_LINE', place, () =>
      columns.map(({ type }, index) => valueFromJson(type, values[index] ?? null)),
    );
    writer.add(row);
  }
  writer.end();
  if (!copy.isAtEnd) {
    throw new BundleError('ERR_BUNDLE_COPY', 'it has bytes after its end', { file });
  }
}
