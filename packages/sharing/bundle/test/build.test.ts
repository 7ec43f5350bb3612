import { nativeCrypto } from '@veritydb/crypto/native';
import { AssertionError } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { buildContent, sealBundle } from '../src/build.ts';
import type { RowContent, TableContent } from '../src/content.ts';
import type { BundleErrorCode } from '../src/error.ts';
import { COLUMNS, PATIENTS, PATIENT_ROWS, contentInput, exportPatients } from './export-fixture.ts';
import { SyntheticLog } from './synthetic-log.ts';

const log = new SyntheticLog();
const values = PATIENT_ROWS[3]?.values as RowContent['values'];
const offset = log.append([{ schema: PATIENTS, values }]);
const row: RowContent = {
  values: PATIENT_ROWS[3]?.shown as RowContent['values'],
  opening: log.opening(offset, 0),
  row: 0,
};

function refusal(change: Partial<TableContent>, times = 1): BundleErrorCode | 'built' {
  const table = {
    schema: PATIENTS,
    truncated: false,
    csv: false,
    columns: COLUMNS,
    rows: [row],
    ...change,
  };
  try {
    buildContent(
      nativeCrypto,
      contentInput(
        log,
        Array.from({ length: times }, () => table),
      ),
    );
    return 'built';
  } catch (error) {
    return (error as { code: BundleErrorCode }).code;
  }
}

describe('content', () => {
  it('is refused where the input does not fit the format', () => {
    const [id, ...others] = COLUMNS as [(typeof COLUMNS)[number], ...typeof COLUMNS];
    expect(refusal({})).toBe('built');
    expect(refusal({ rows: [row, row] })).toBe('ERR_BUNDLE_CONTENT');
    expect(refusal({ rows: [{ ...row, values: [1] }] })).toBe('ERR_BUNDLE_CONTENT');
    expect(refusal({ rows: [{ ...row, values: ['1', '2', '3', '4', null] }] })).toBe(
      'ERR_BUNDLE_CONTENT',
    );
    expect(refusal({ columns: [{ ...id, type: 'text' }, ...others] })).toBe('ERR_BUNDLE_CONTENT');
    const nowhere = { ...id, source: { column: 'nowhere', level: 0 } };
    expect(refusal({ columns: [nowhere, ...others] })).toBe('ERR_BUNDLE_CONTENT');
    expect(refusal({ columns: [{ ...id, name: 'zip3' }, ...others] })).toBe('ERR_BUNDLE_MANIFEST');
    expect(refusal({ columns: [{ ...id, name: 'a\u{7}' }, ...others] })).toBe(
      'ERR_BUNDLE_MANIFEST',
    );
  });

  it('names the rows that must be proven, by offset', () => {
    expect(exportPatients().content.sources).toEqual([
      { offset: 1, rows: [0] },
      { offset: 3, rows: [0, 1, 2] },
    ]);
  });

  it('reads its rows once', () => {
    let reads = 0;
    const rows = {
      *[Symbol.iterator]() {
        reads += 1;
        yield row;
      },
    };
    expect(refusal({ rows })).toBe('built');
    expect(reads).toBe(1);
  });
});

describe('sealing', () => {
  it('stops on proofs of another content', () => {
    const { content, log: other, size } = exportPatients();
    const proofs = {
      checkpoint: other.checkpoint(size),
      consistency: null,
      exportRecord: other.proveRow(size - 1, 0, size),
      policyRecord: other.proveRow(0, 0, size),
      receipt: new Uint8Array(),
      statement: '',
      records: { records: [], proof: [] },
    };
    expect(() => sealBundle(content, proofs)).toThrow(AssertionError);
    const early = { ...proofs, checkpoint: other.checkpoint(size - 1) };
    expect(() => sealBundle({ ...content, sources: [] }, early)).toThrow(AssertionError);
    const asked = { ...proofs, consistency: [] };
    expect(() => sealBundle({ ...content, sources: [] }, asked)).toThrow(AssertionError);
  });
});
