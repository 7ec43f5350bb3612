/** What a thief of bundles, who has no key, can change: everything but the signatures. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { concatBytes, toHash, toOffset } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { type Disclosure } from '../src/disclosure-row.ts';
import {
  CHECKPOINT,
  CONSISTENCY,
  MANIFEST,
  POLICY,
  RECEIPT,
  RECORDS,
  STATEMENT,
  dataName,
  disclosuresName,
} from '../src/entry-name.ts';
import type { Manifest } from '../src/manifest.ts';
import { verifyBundle } from '../src/verify.ts';
import { parseZip } from '../src/zip.ts';
import { editRow, editRows } from './disclosures.ts';
import {
  editText,
  exportPatients,
  failuresOf,
  refusalsOf,
  rowFailures,
  verdictsOf,
  verifyWith,
  withEntries,
  withEntry,
  withFile,
} from './export-fixture.ts';
import { SyntheticLog } from './synthetic-log.ts';

const DATA = dataName('patients');
const DISCLOSURES = disclosuresName('patients');
const exported = exportPatients({ heldTreeSize: 3 });
const { bytes, log } = exported;
const held = log.checkpoint(3);

const refusals = (changed: Uint8Array): ReturnType<typeof refusalsOf> =>
  refusalsOf({ log, bytes: changed }, held);

function swapped(text: string, change: (lines: string[]) => string[]): string {
  return `${change(text.trimEnd().split('\n')).join('\n')}\n`;
}

/** The same change to the lines of data and to the rows of disclosures. */
function inBoth(change: <Item>(items: readonly Item[]) => readonly Item[]): Uint8Array {
  const edit = editText((text) => swapped(text, (lines) => [...change(lines)]));
  return withFile(withFile(bytes, DATA, edit), DISCLOSURES, editRows(change));
}

/** One byte of the first row, which is another. */
function set(at: number, byte: number): (file: Uint8Array) => Uint8Array {
  return (file) => file.slice().with(at, byte);
}

function swap<Item>(items: readonly Item[], a: number, b: number): readonly Item[] {
  return items.with(a, items[b] as Item).with(b, items[a] as Item);
}

function edited(change: (manifest: Manifest) => object): Uint8Array {
  const edit = editText((text) => JSON.stringify(change(JSON.parse(text) as Manifest)));
  return withEntry(bytes, MANIFEST, edit);
}

describe('an untouched bundle', () => {
  it('holds, with consistency to what is held', () => {
    expect(refusals(bytes)).toEqual({});
    expect(verdictsOf(verifyWith(exported, held))['consistency']).toBe('proved');
  });
});

describe('lines', () => {
  it('refuses a dropped row', () => {
    expect(refusals(inBoth((lines) => lines.slice(1)))).toMatchObject({
      'export record': ['ERR_BUNDLE_EXPORT_RECORD'],
      rows: ['ERR_BUNDLE_COUNT', 'ERR_BUNDLE_COMMITMENT'],
    });
  });

  it('refuses a doubled row', () => {
    const changed = inBoth((lines) => [...lines.slice(0, 3), ...lines.slice(0, 1)]);
    expect(refusals(changed)).toMatchObject({
      rows: ['ERR_BUNDLE_DUPLICATE'],
    });
  });

  it('refuses rows in another order, though each is proven', () => {
    expect(refusals(inBoth((lines) => lines.toReversed()))).toEqual({
      'export record': ['ERR_BUNDLE_EXPORT_RECORD'],
    });
  });

  it('refuses data of one row under the disclosures of another', () => {
    const changed = withFile(
      bytes,
      DATA,
      editText((text) => swapped(text, (lines) => lines.toReversed())),
    );
    expect(rowFailures(verifyWith({ log, bytes: changed }))).toEqual(
      [1, 2, 3, 4].map((line) => `ERR_BUNDLE_COMMITMENT ${DATA} line ${line}`),
    );
  });

  it.each([
    ['the only one of its record', '"1979"', '"1980"', 2],
    ['one of many of its record', '"weight":"70.00"', '"weight":"71.00"', 3],
  ])('names a changed value by its line alone: %s', (_what, from, to, line) => {
    const changed = withFile(
      bytes,
      DATA,
      editText((text) => text.replace(from, to)),
    );
    expect(rowFailures(verifyWith({ log, bytes: changed }))).toEqual([
      `ERR_BUNDLE_COMMITMENT ${DATA} line ${line}`,
    ]);
  });

  it('names line and record of a changed commitment', () => {
    const other = editRow(2, () => ({ commitment: toHash(new Uint8Array(32)) }));
    const changed = withFile(bytes, DISCLOSURES, other);
    expect(rowFailures(verifyWith({ log, bytes: changed }))).toEqual([
      `ERR_BUNDLE_COMMITMENT ${DATA} line 3`,
      `ERR_BUNDLE_COMMITMENT ${RECORDS} offset 3`,
    ]);
  });

  it('refuses swapped commitments of two rows', () => {
    const changed = withFile(
      bytes,
      DISCLOSURES,
      editRows((rows) => {
        const [third, fourth] = [rows[2] as Disclosure, rows[3] as Disclosure];
        return rows
          .with(2, { ...third, commitment: fourth.commitment })
          .with(3, { ...fourth, commitment: third.commitment });
      }),
    );
    expect(rowFailures(verifyWith({ log, bytes: changed }))).toEqual([
      `ERR_BUNDLE_COMMITMENT ${DATA} line 3`,
      `ERR_BUNDLE_COMMITMENT ${DATA} line 4`,
      `ERR_BUNDLE_COMMITMENT ${RECORDS} offset 3`,
    ]);
  });

  it.each([
    ['a line of no JSON', (text: string) => text.replace('{"birth_year":"1979"', '{"birth_year":')],
    ['a member twice', (text: string) => text.replace('"id":1,', '"id":1,"id":1,')],
    ['a member more', (text: string) => text.replace('"id":1,', '"id":1,"ix":1,')],
    ['a member less', (text: string) => text.replace('"id":1,', '')],
    [
      'another order',
      (text: string) => text.replace('"id":1,"initial":"A"', '"initial":"A","id":1'),
    ],
    ['white space', (text: string) => text.replace('"id":1,', '"id": 1,')],
    ['another spelling', (text: string) => text.replace('"id":1,', '"id":1.0,')],
    ['another type', (text: string) => text.replace('"id":1,', '"id":"1",')],
    ['a lone surrogate', (text: string) => text.replace('"initial":"A"', '"initial":"\\ud800"')],
    ['a byte-order mark', (text: string) => `\u{feff}${text}`],
    ['a carriage return', (text: string) => text.replace('\n', '\r\n')],
  ])('refuses data with %s', (_what, change) => {
    const report = verifyWith({ log, bytes: withFile(bytes, DATA, editText(change)) });
    const rows = report.checks.find(({ check }) => check === 'rows');
    expect(rows?.failures[0]).toMatchObject({ code: 'ERR_BUNDLE_LINE', file: DATA });
    expect(rows?.failures[0]?.record).toMatch(/^line [12]$/);
  });

  it.each([
    ['a row cut short', (file: Uint8Array) => file.slice(0, -1), 4],
    ['a byte after the end', (file: Uint8Array) => concatBytes(file, new Uint8Array(1)), 5],
    ['an unknown event', set(15, 3), 1],
    ['a deleted row', set(15, 0), 1],
    ['a huge offset', set(7, 1), 1],
    ['an unknown schema', set(14, 2), 1],
    ['the other schema', set(14, 1), 1],
    ['a field more that is opened', set(48, 0xff), 1],
    ['a field opened beyond its digests', set(49, 0xff), 1],
    ['a size of nothing', set(12, 0), 1],
    ['a size less than its fields', set(12, 200), 1],
  ])('refuses disclosures with %s', (_what, change, row) => {
    const report = verifyWith({ log, bytes: withFile(bytes, DISCLOSURES, change) });
    const rows = report.checks.find(({ check }) => check === 'rows');
    expect(rows?.failures[0]).toMatchObject({
      code: 'ERR_BUNDLE_LINE',
      file: DISCLOSURES,
      record: `line ${row}`,
    });
  });

  it('goes on behind a row of disclosures that it cannot read', () => {
    const changed = withFile(
      withFile(bytes, DISCLOSURES, set(15, 3)),
      DATA,
      editText((text) => text.replace('"70.00"', '"71.00"')),
    );
    expect(rowFailures(verifyWith({ log, bytes: changed }))).toEqual([
      `ERR_BUNDLE_LINE ${DISCLOSURES} line 1`,
      `ERR_BUNDLE_COMMITMENT ${DATA} line 3`,
      `ERR_BUNDLE_COMMITMENT ${RECORDS} offset 3`,
    ]);
  });

  it.each([
    ['salts of two fields', (row: Disclosure) => swap(row.fields, 0, 4)],
    ['digests of two levels', (row: Disclosure) => swap(row.fields, 2, 3)],
  ])('refuses swapped %s', (_what, change) => {
    const edit = editRow(0, (row) => ({ fields: change(row) }));
    expect(refusals(withFile(bytes, DISCLOSURES, edit))).toHaveProperty('rows');
  });

  it('refuses a row that is moved to another record', () => {
    const changed = withFile(
      bytes,
      DISCLOSURES,
      editRow(1, () => ({ offset: toOffset(3) })),
    );
    expect(refusals(changed)).toHaveProperty('rows');
  });
});

describe('files', () => {
  it('refuses one more', () => {
    const changed = withEntries(bytes, (entries) => [
      ...entries,
      { name: 'trust/log.key', bytes: new Uint8Array(3) },
    ]);
    expect(refusals(changed)).toEqual({ integrity: ['ERR_BUNDLE_UNEXPECTED'] });
  });

  const names = parseZip(bytes).map(({ name }) => name);
  const without = (file: string): Uint8Array =>
    withEntries(bytes, (entries) => entries.filter(({ name }) => name !== file));

  it.each([MANIFEST, CHECKPOINT])('cannot read a bundle without %s', (file) => {
    expect(refusals(without(file))).toBe('ERR_BUNDLE_MISSING');
  });

  it.each(names.filter((name) => ![MANIFEST, CHECKPOINT, RECEIPT, STATEMENT].includes(name)))(
    'refuses a bundle without %s',
    (file) => {
      expect(refusals(without(file))).toHaveProperty('integrity', ['ERR_BUNDLE_MISSING']);
    },
  );

  it.each(names)('refuses %s under another name', (file) => {
    const renamed = withEntries(bytes, (entries) =>
      entries.map((entry) => (entry.name === file ? { ...entry, name: `${file}.old` } : entry)),
    );
    expect(refusals(renamed)).not.toEqual({});
  });

  it('refuses extra data in a proof, which nothing signs', () => {
    const changed = withEntry(
      bytes,
      'proofs/policy.tlog-proof',
      editText((text) => text.replace('\nindex', '\nextra QUFB\nindex')),
    );
    expect(refusals(changed)).toEqual({ policy: ['ERR_BUNDLE_PROOF'] });
  });

  it('refuses the proof of the one record for the other', () => {
    const entries = new Map(parseZip(bytes).map((entry) => [entry.name, entry.bytes]));
    const changed = withEntry(
      bytes,
      'proofs/policy.tlog-proof',
      () => entries.get('proofs/export.tlog-proof') as Uint8Array,
    );
    expect(refusals(changed)).toEqual({ policy: ['ERR_BUNDLE_INCLUSION'] });
  });

  it('refuses another policy text', () => {
    const changed = withFile(
      bytes,
      POLICY,
      editText((text) => text.replace('withhold', 'keep')),
    );
    expect(refusals(changed)).toEqual({
      'export record': ['ERR_BUNDLE_EXPORT_RECORD'],
      policy: ['ERR_BUNDLE_POLICY_RECORD'],
    });
  });
});

describe('documents', () => {
  // Nothing is parsed of a document that no bundle has: hostile sizes cost their bytes, once.
  it.each([
    [MANIFEST, 'ERR_BUNDLE_LIMIT'],
    [CHECKPOINT, 'ERR_BUNDLE_LIMIT'],
  ])('that are huge are not read: %s', (file, code) => {
    const huge = withEntry(bytes, file, () => new Uint8Array((1 << 24) + 1).fill(0x5b));
    expect(refusals(huge)).toBe(code);
  });

  it('of a policy and of proofs that are huge fail by themselves', () => {
    const huge = (): Uint8Array => new Uint8Array((1 << 24) + 1).fill(0x5b);
    expect(refusals(withEntry(bytes, POLICY, huge))).toMatchObject({
      policy: ['ERR_BUNDLE_LIMIT'],
    });
    expect(refusals(withEntry(bytes, 'proofs/export.json', huge))).toMatchObject({
      'export record': ['ERR_BUNDLE_LIMIT'],
    });
  });

  it('of records that claim more than there is are refused before room is made', () => {
    const claim = withEntry(bytes, RECORDS, (file) => {
      const copy = file.slice();
      new DataView(copy.buffer).setUint32(8, 0xffff_ffff, true);
      return copy;
    });
    expect(refusals(claim)).toMatchObject({ inclusion: ['ERR_BUNDLE_PROOF'] });
  });
});

describe('manifest', () => {
  it.each([
    ['recipient', { recipient: 'Somebody Else' }],
    ['purpose', { purpose: 'dpv:Marketing' }],
    ['exportId', { exportId: 'exp_02' }],
    ['tokenId', { tokenId: 'tok_02' }],
    ['position', { position: 2 }],
    ['legalBasis', { legalBasis: 'dpv:Consent' }],
    ['statement', { statement: '2'.repeat(64) }],
    ['notProved', { notProved: [] }],
  ])('refuses another %s', (_what, members) => {
    const changed = edited((manifest) => ({ ...manifest, ...members }));
    expect(refusals(changed)).toHaveProperty('export record', ['ERR_BUNDLE_EXPORT_RECORD']);
  });

  it('refuses the tenant and the origin of another log', () => {
    expect(refusals(edited((manifest) => ({ ...manifest, tenant: 8 })))).toMatchObject({
      'export record': ['ERR_BUNDLE_RECORD'],
      rows: ['ERR_BUNDLE_RECORD', 'ERR_BUNDLE_RECORD'],
      policy: ['ERR_BUNDLE_RECORD'],
    });
    expect(refusals(edited((manifest) => ({ ...manifest, origin: 'x' })))).toMatchObject({
      signature: ['ERR_BUNDLE_CHECKPOINT'],
    });
  });
});

describe('keys and checkpoints', () => {
  it('trusts no bundle without a key, and proves nothing', () => {
    const report = verifyBundle(nativeCrypto, bytes, { verifierKey: null });
    expect(report.holds).toBe(false);
    expect(failuresOf(report)).toEqual({ signature: ['ERR_BUNDLE_KEY'] });
    const claimed = Object.values(verdictsOf(report)).filter((verdict) => verdict !== 'failed');
    expect(new Set(claimed)).toEqual(new Set(['not-claimed']));
    expect(report.tables[0]?.columns[0]).toMatchObject({ proved: 0, attested: 0 });
  });

  it('refuses a malformed key', () => {
    expect(() => verifyBundle(nativeCrypto, bytes, { verifierKey: 'none' })).toThrow(
      expect.objectContaining({ code: 'ERR_BUNDLE_KEY' }) as Error,
    );
  });

  it('refuses the key of another log, also one of the same name', () => {
    for (const other of [new SyntheticLog('log.example/tenant-7', 9), new SyntheticLog('else')]) {
      const report = verifyBundle(nativeCrypto, bytes, { verifierKey: other.verifierKey });
      expect(failuresOf(report)).toEqual({ signature: ['ERR_BUNDLE_SIGNATURE'] });
    }
  });

  it('refuses an older checkpoint of the same log', () => {
    const old = exported.log.checkpoint(exported.size - 1);
    expect(
      refusals(
        withEntry(
          bytes,
          CHECKPOINT,
          editText(() => old),
        ),
      ),
    ).toMatchObject({
      'export record': ['ERR_BUNDLE_PROOF'],
      inclusion: ['ERR_BUNDLE_PROOF'],
    });
  });

  it('refuses a state that is older than the one held', () => {
    const newer = exportPatients();
    newer.log.append([]);
    const report = verifyWith(newer, newer.log.checkpoint());
    expect(failuresOf(report)).toEqual({ consistency: ['ERR_BUNDLE_STALE'] });
  });

  it('knows the very state that is held', () => {
    const report = verifyWith(exported, log.checkpoint(exported.size));
    expect(verdictsOf(report)['consistency']).toBe('proved');
  });

  it('refuses another history, shorter or of the same size', () => {
    const other = new SyntheticLog();
    for (let index = 0; index < exported.size; index += 1) other.append([], 8);
    for (const size of [3, exported.size]) {
      const report = verifyWith(exported, other.checkpoint(size));
      expect(failuresOf(report)).toEqual({ consistency: ['ERR_BUNDLE_CONSISTENCY'] });
    }
  });

  it('refuses to be consistent where no proof starts at what is held', () => {
    const report = verifyWith(exported, log.checkpoint(2));
    expect(failuresOf(report)).toEqual({ consistency: ['ERR_BUNDLE_CONSISTENCY'] });
  });

  it('refuses a proof of consistency of other sizes', () => {
    const changed = withEntry(
      bytes,
      CONSISTENCY,
      editText((text) => text.replace('"from":3', '"from":2')),
    );
    expect(refusals(changed)).toEqual({ consistency: ['ERR_BUNDLE_PROOF'] });
  });
});
