/** A table that is said to be released under a model of k: its classes are counted again by who has it. */

import { type JsonObject, canonicalJson, utf8Encode } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { releaseName } from '../src/entry-name.ts';
import { buildZip, parseZip } from '../src/zip.ts';
import { editText, exportPatients, failuresOf, verifyWith, withEntry } from './export-fixture.ts';

const FILE = releaseName('patients');

function release(k: number, rest: JsonObject = {}): Uint8Array {
  const columns = [{ level: 1, levels: 2, name: 'initial', transform: 'mask' }];
  const model = { k, suppressionLimit: 0.05, written: 'public' };
  return utf8Encode(canonicalJson({ columns, model, records: 4, suppressed: 0, ...rest }));
}

function verdictOf(bytes: Uint8Array, initials = 'XXXX'): Readonly<Record<string, unknown>> {
  let at = 0;
  const made = exportPatients({
    release: bytes,
    show: (shown) => {
      at += 1;
      return shown.with(3, initials[(at - 1) % 4] as string);
    },
  });
  return failuresOf(verifyWith(made));
}

const WRONG = { integrity: ['ERR_BUNDLE_RELEASE'] };

describe('a release in a bundle', () => {
  it('holds where as many rows are alike as it says', () => {
    expect(verdictOf(release(4))).toEqual({});
    expect(verdictOf(release(2), 'XXYY')).toEqual({});
  });

  it.each<[string, Uint8Array, string?]>([
    ['fewer rows are alike', release(5)],
    ['one row stands alone', release(2), 'XXXY'],
    ['it is of other rows', release(4, { records: 5 })],
    // One row is of one record of the log, three are of another.
    [
      'rows are told apart by where they were written',
      release(2, { model: { k: 2, written: 'quasi-id' } }),
    ],
    ['it has no model', release(4, { model: null })],
    ['its k is no number', release(4, { model: { k: '4', written: 'public' } })],
    ['it does not say what a place is', release(4, { model: { k: 4, written: 'known' } })],
    ['its columns are none', release(4, { columns: [{ name: 7 }] })],
    ['it is no object', utf8Encode('[]')],
    ['it is not canonical', utf8Encode('{ "records": 4 }')],
    ['it is no text', new Uint8Array([0xff])],
  ])('is refused where %s', (_, bytes, initials) => {
    expect(verdictOf(bytes, initials)).toEqual(WRONG);
  });

  it('cannot be changed, left out or put into a bundle after its export', () => {
    const made = exportPatients({ release: release(1) });
    expect(failuresOf(verifyWith(made))).toEqual({});
    const changed = withEntry(
      made.bytes,
      FILE,
      editText((text) => text.replace('"k":1', '"k":0')),
    );
    expect(failuresOf(verifyWith({ ...made, bytes: changed }))).toHaveProperty('integrity');
    const without = buildZip(parseZip(made.bytes).filter(({ name }) => name !== FILE));
    expect(failuresOf(verifyWith({ ...made, bytes: without }))).toHaveProperty('integrity');
    expect(parseZip(exportPatients().bytes).some(({ name }) => name === FILE)).toBe(false);
  });
});
