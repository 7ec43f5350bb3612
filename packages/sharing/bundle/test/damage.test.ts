/** Entries whose bytes do not match their checksums: named, and checked as far as they go. */

import { describe, expect, it } from 'vitest';

import { CHECKPOINT, MANIFEST, README, dataName } from '../src/entry-name.ts';
import { parseZip } from '../src/zip.ts';
import {
  exportPatients,
  failuresOf,
  flipped,
  refusalsOf,
  rowFailures,
  verdictsOf,
  verifyWith,
} from './export-fixture.ts';

const DATA = dataName('patients');
const exported = exportPatients({ heldTreeSize: 3 });
const { bytes, log } = exported;
const held = log.checkpoint(3);
const names = parseZip(bytes).map(({ name }) => name);

const entryBytes = (file: string): Uint8Array =>
  parseZip(bytes).find(({ name }) => name === file)?.bytes as Uint8Array;
/** One bit changed in the zip, which keeps the checksum of what it was. */
const damaged = (file: string, at = 0): Uint8Array => {
  return flipped(bytes, (entryBytes(file).byteOffset - bytes.byteOffset + at) * 8);
};

describe('a damaged entry', () => {
  it.each([MANIFEST, CHECKPOINT])('cannot read a bundle with a damaged %s', (file) => {
    expect(refusalsOf({ log, bytes: damaged(file) }, held)).toBe('ERR_BUNDLE_CRC');
  });

  it.each(names.filter((name) => name !== MANIFEST && name !== CHECKPOINT))(
    'names a damaged %s, once, and looks at the others',
    (file) => {
      const report = verifyWith({ log, bytes: damaged(file) }, held);
      const integrity = report.checks.find(({ check }) => check === 'integrity');
      expect(integrity).toMatchObject({ verdict: 'failed', failureCount: 1 });
      expect(integrity?.failures).toMatchObject([{ code: 'ERR_BUNDLE_CRC', file }]);
      expect(verdictsOf(report)).toMatchObject({
        signature: 'proved',
        rows: expect.not.stringMatching(/proved|attested/) as string,
      });
    },
  );

  it('names the line of a damaged value', () => {
    const at = Buffer.from(entryBytes(DATA)).indexOf('"70.00"') + 1;
    const report = verifyWith({ log, bytes: damaged(DATA, at) }, held);
    expect(failuresOf(report)).toEqual({
      integrity: ['ERR_BUNDLE_CRC'],
      rows: ['ERR_BUNDLE_COMMITMENT'],
    });
    expect(rowFailures(report)).toEqual([`ERR_BUNDLE_COMMITMENT ${DATA} line 3`]);
    expect(verdictsOf(report)).toMatchObject({ 'export record': 'proved', inclusion: 'proved' });
  });

  it('refuses a checksum that is wrong of bytes that are right', () => {
    const copy = bytes.slice();
    const view = new DataView(copy.buffer);
    const entry = entryBytes(README);
    const central = view.getUint32(copy.length - 6, true);
    expect(names[0]).toBe(README);
    for (const at of [entry.byteOffset - bytes.byteOffset - README.length - 16, central + 16]) {
      view.setUint32(at, 7, true);
    }
    expect(refusalsOf({ log, bytes: copy }, held)).toEqual({ integrity: ['ERR_BUNDLE_CRC'] });
  });
});
