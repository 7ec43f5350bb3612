/** What an operator with the key can sign, and what commitments and the log refuse all the same. */

import { type RowOpening, fieldDigest, rowCommitment } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { toHash } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { RECORDS, dataName, disclosuresName } from '../src/entry-name.ts';
import type { BundleError } from '../src/error.ts';
import type { Manifest, ManifestTable } from '../src/manifest.ts';
import type { Report } from '../src/report.ts';
import { editRow } from './disclosures.ts';
import {
  COLUMNS,
  editText,
  exportPatients,
  failuresOf,
  rowFailures,
  verifyWith,
  withFiles,
} from './export-fixture.ts';

const DATA = dataName('patients');
const DISCLOSURES = disclosuresName('patients');

function reportOfBytes(
  change: (name: string, bytes: Uint8Array) => Uint8Array,
  manifest?: (manifest: Manifest) => Manifest,
): Report {
  return verifyWith(exportPatients({ corrupt: (content) => withFiles(content, change, manifest) }));
}

function reportOf(
  change: (name: string, text: string) => string,
  manifest?: (manifest: Manifest) => Manifest,
): Report {
  return reportOfBytes(
    (name, bytes) => (name === DISCLOSURES ? bytes : editText((text) => change(name, text))(bytes)),
    manifest,
  );
}

function disclosing(change: (bytes: Uint8Array) => Uint8Array): Report {
  return reportOfBytes((name, bytes) => (name === DISCLOSURES ? change(bytes) : bytes));
}

function refusedWith(...lie: Parameters<typeof reportOf>): Record<string, readonly string[]> {
  return failuresOf(reportOf(...lie));
}

/** The failures of a bundle in which the rows of these lines open other commitments, and no more. */
function otherThanCommitted(...lines: readonly number[]): readonly string[] {
  return lines.map((line) => `ERR_BUNDLE_COMMITMENT ${DATA} line ${line}`);
}

function withTable(change: (table: ManifestTable) => ManifestTable): (m: Manifest) => Manifest {
  return (manifest) => ({ ...manifest, tables: manifest.tables.map(change) });
}

const same = (_name: string, text: string): string => text;

describe('a signed lie', () => {
  it('is not made by the fixture itself', () => {
    expect(refusedWith(same)).toEqual({});
  });

  it.each([
    ['id', '"id":4', '"id":40', 4],
    ['birth_year', '"1970"', '"1971"', 4],
    ['zip3', '"zip3":"606"', '"zip3":"607"', 1],
    ['weight', '"90.00"', '"90.01"', 1],
    ['a scale', '"90.00"', '"90.0"', 1],
  ])('about a public value is refused, by its line alone: %s', (_what, from, to, line) => {
    const report = reportOf((name, text) => (name === DATA ? text.replace(from, to) : text));
    expect(failuresOf(report)).toEqual({ rows: ['ERR_BUNDLE_COMMITMENT'] });
    expect(rowFailures(report)).toEqual(otherThanCommitted(line));
  });

  it('about a public value and the commitment of its row is refused by the record', () => {
    const { log } = exportPatients();
    const { digests, fields, header } = log.opening(3, 2);
    const place = fields.findIndex(({ column }) => column === 'weight');
    const value = { unscaled: 9001n, scale: 2 };
    const field = { ...(fields[place] as RowOpening['fields'][number]), value };
    const changed = digests.with(place, fieldDigest(nativeCrypto, field));
    const matching = rowCommitment(nativeCrypto, header, changed);
    const report = reportOfBytes((name, bytes) => {
      if (name === DATA) return editText((text) => text.replace('"90.00"', '"90.01"'))(bytes);
      return name === DISCLOSURES ? editRow(0, () => ({ commitment: matching }))(bytes) : bytes;
    });
    expect(failuresOf(report)).toEqual({ rows: ['ERR_BUNDLE_COMMITMENT'] });
    expect(rowFailures(report)).toEqual([`ERR_BUNDLE_COMMITMENT ${RECORDS} offset 3`]);
  });

  it('about the commitment of a row alone is refused', () => {
    const report = disclosing(editRow(0, () => ({ commitment: toHash(new Uint8Array(32)) })));
    expect(failuresOf(report)).toHaveProperty('rows');
    expect(rowFailures(report)).toEqual([
      ...otherThanCommitted(1),
      `ERR_BUNDLE_COMMITMENT ${RECORDS} offset 3`,
    ]);
  });

  it('about an attested value passes: that is what attested means', () => {
    const found = refusedWith((name, text) =>
      name === DATA ? text.replace('"initial":"E"', '"initial":"Z"') : text,
    );
    expect(found).toEqual({});
  });

  it('about how many values are attested is refused', () => {
    const found = refusedWith(
      same,
      withTable((table) => ({
        ...table,
        columns: table.columns.map((column) =>
          column.name === 'weight' ? { ...column, attested: 0 } : column,
        ),
      })),
    );
    expect(found).toEqual({ rows: ['ERR_BUNDLE_COUNT'] });
  });

  it.each([
    ['column', { column: 'death' }],
    ['level', { level: 1 }],
  ])('about the source of a column is refused: %s', (_what, members) => {
    const report = reportOf(
      same,
      withTable((table) => ({
        ...table,
        schemas: table.schemas.map(({ digest, layout }) => ({
          digest,
          layout: layout.map((item) => (item?.column === 'born' ? { ...item, ...members } : item)),
        })),
      })),
    );
    expect(Object.keys(failuresOf(report))).toEqual(['rows']);
    expect(rowFailures(report)).toEqual(otherThanCommitted(1, 2, 3, 4));
  });

  it('about the schema is refused', () => {
    const report = reportOf(
      same,
      withTable((table) => ({
        ...table,
        schemas: table.schemas.map(({ layout }, index) => ({
          digest: String(index + 1).repeat(64),
          layout,
        })),
      })),
    );
    expect(Object.keys(failuresOf(report))).toEqual(['rows']);
    expect(rowFailures(report)).toEqual(otherThanCommitted(1, 2, 3, 4));
  });

  it.each([
    ['the event', { event: 'insert' as const }, 2],
    ['the place', { row: 2 }, 1],
    ['a row beyond its record', { row: 3 }, 1],
  ])('about %s of a row is refused', (_what, members, index) => {
    const report = disclosing(editRow(index, () => members));
    expect(failuresOf(report)).toEqual({ rows: ['ERR_BUNDLE_COMMITMENT'] });
  });

  it('about the position of the answer is refused', () => {
    const early = exportPatients({ input: { position: 2 as never } });
    expect(failuresOf(verifyWith(early))).toEqual({ rows: ['ERR_BUNDLE_RECORD'] });
    const late = exportPatients({ input: { position: 9 as never } });
    expect(failuresOf(verifyWith(late))).toEqual({
      'export record': ['ERR_BUNDLE_EXPORT_RECORD'],
    });
  });

  it.each([
    ['export_id', 'x'],
    ['token_id', 'x'],
    ['recipient', 'x'],
    ['purpose', 'x'],
    ['position', 1n],
    ['rows', 5],
    ['manifest_sha256', new Uint8Array(32)],
  ])('in the export record is refused: %s', (column, value) => {
    const found = failuresOf(verifyWith(exportPatients({ exportRow: { [column]: value } })));
    expect(found).toEqual({ 'export record': ['ERR_BUNDLE_EXPORT_RECORD'] });
  });

  it.each([
    ['name', 'x'],
    ['version', 4],
    ['sha256', new Uint8Array(32)],
    ['document', 'x'],
  ])('about the policy is refused: %s', (column, value) => {
    const found = failuresOf(verifyWith(exportPatients({ policyRow: { [column]: value } })));
    expect(found).toEqual({ policy: ['ERR_BUNDLE_POLICY_RECORD'] });
  });
});

function shown(row: readonly unknown[], again: number): unknown[] {
  return [...row.slice(0, 4), again];
}

describe('two columns of one digest', () => {
  const twice = [...COLUMNS.slice(0, 4), { ...COLUMNS[0], name: 'again' }] as typeof COLUMNS;
  const content = (again: (id: number) => number): Uint8Array | BundleError => {
    try {
      const { bytes, log } = exportPatients({
        columns: twice,
        show: (row) => shown(row, again(row[0] as number)) as never,
      });
      expect(failuresOf(verifyWith({ bytes, log }))).toEqual({});
      return bytes;
    } catch (error) {
      return error as BundleError;
    }
  };

  it('are proved where they agree, and attested where not', () => {
    expect(content((id) => id)).toBeInstanceOf(Uint8Array);
    expect(content((id) => id + 1)).toBeInstanceOf(Uint8Array);
  });

  it('are refused where a lie opens one salt for two values', () => {
    const { bytes, log } = exportPatients({
      columns: twice,
      show: (row) => shown(row, row[0] as number) as never,
      corrupt: (built) =>
        withFiles(built, (name, file) =>
          name === DATA ? editText((text) => text.replace('"again":1', '"again":2'))(file) : file,
        ),
    });
    expect(failuresOf(verifyWith({ bytes, log }))).toEqual({ rows: ['ERR_BUNDLE_LINE'] });
  });
});
