/** What an operator with the key can sign, and what commitments and the log refuse all the same. */

import { describe, expect, it } from 'vitest';

import { dataName, disclosuresName } from '../src/entry-name.ts';
import type { BundleError } from '../src/error.ts';
import type { Manifest, ManifestTable } from '../src/manifest.ts';
import {
  COLUMNS,
  editText,
  exportPatients,
  failuresOf,
  verifyWith,
  withFiles,
} from './export-fixture.ts';

const DATA = dataName('patients');
const DISCLOSURES = disclosuresName('patients');

function refusedWith(
  change: (name: string, text: string) => string,
  manifest?: (manifest: Manifest) => Manifest,
): Record<string, readonly string[]> {
  const corrupt = exportPatients({
    corrupt: (content) =>
      withFiles(content, (name, bytes) => editText((text) => change(name, text))(bytes), manifest),
  });
  return failuresOf(verifyWith(corrupt));
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
    ['id', '"id":4', '"id":40'],
    ['birth_year', '"1970"', '"1971"'],
    ['zip3', '"zip3":"606"', '"zip3":"607"'],
    ['weight', '"90.00"', '"90.01"'],
    ['a scale', '"90.00"', '"90.0"'],
  ])('about a public value is refused: %s', (_what, from, to) => {
    const found = refusedWith((name, text) => (name === DATA ? text.replace(from, to) : text));
    expect(found).toEqual({ rows: ['ERR_BUNDLE_COMMITMENT'] });
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
    const found = refusedWith(
      same,
      withTable((table) => ({
        ...table,
        schemas: table.schemas.map(({ digest, layout }) => ({
          digest,
          layout: layout.map((item) => (item?.column === 'born' ? { ...item, ...members } : item)),
        })),
      })),
    );
    expect(found).toEqual({ rows: ['ERR_BUNDLE_COMMITMENT', 'ERR_BUNDLE_COMMITMENT'] });
  });

  it('about the schema is refused', () => {
    const found = refusedWith(
      same,
      withTable((table) => ({
        ...table,
        schemas: table.schemas.map(({ layout }, index) => ({
          digest: String(index + 1).repeat(64),
          layout,
        })),
      })),
    );
    expect(found).toEqual({ rows: ['ERR_BUNDLE_COMMITMENT', 'ERR_BUNDLE_COMMITMENT'] });
  });

  it('about the event of a row is refused', () => {
    const found = refusedWith((name, text) =>
      name === DISCLOSURES ? text.replace('"update"', '"insert"') : text,
    );
    expect(found).toEqual({ rows: ['ERR_BUNDLE_COMMITMENT'] });
  });

  it('about the place of a row is refused', () => {
    const found = refusedWith((name, text) =>
      name === DISCLOSURES ? text.replace('"offset":1,"row":0', '"offset":1,"row":2') : text,
    );
    expect(found).toEqual({ rows: ['ERR_BUNDLE_COMMITMENT'] });
  });

  it('about a row beyond its record is refused', () => {
    const found = refusedWith((name, text) =>
      name === DISCLOSURES ? text.replace('"offset":1,"row":0', '"offset":1,"row":3') : text,
    );
    expect(found).toEqual({ rows: ['ERR_BUNDLE_COMMITMENT'] });
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
