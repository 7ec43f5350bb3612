import { portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { bytesToHex } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { buildContent } from '../src/build.ts';
import { disclosuresName } from '../src/entry-name.ts';
import { verifyBundle } from '../src/verify.ts';
import { parseZip } from '../src/zip.ts';
import { decodeDisclosures } from './disclosures.ts';
import {
  COLUMNS,
  PATIENTS,
  POLICIES,
  contentInput,
  exportPatients,
  failuresOf,
  seal,
  verdictsOf,
  verifyWith,
} from './export-fixture.ts';
import { SyntheticLog } from './synthetic-log.ts';

/** SHA-256 of the fixture's bundle: it changes only with the format. */
const PINNED = 'e0bcda6b08cb88ec79d9954a922d9a4dc3055a0084e3c6144d82f0739c8fe9f4';

describe('an honest bundle', () => {
  const exported = exportPatients();

  it('holds, with separate verdicts', () => {
    const report = verifyWith(exported);
    expect(failuresOf(report)).toEqual({});
    expect(report.holds).toBe(true);
    expect(verdictsOf(report)).toEqual({
      signature: 'proved',
      'export record': 'proved',
      integrity: 'proved',
      inclusion: 'proved',
      rows: 'proved',
      policy: 'proved',
      consistency: 'not-claimed',
      completeness: 'not-claimed',
      witnesses: 'not-claimed',
      time: 'attested',
      consent: 'not-claimed',
    });
  });

  it('counts what is proved and what is only attested, by column', () => {
    const [table] = verifyWith(exported).tables;
    const counts = table?.columns.map(({ name, proved, attested }) => [name, proved, attested]);
    expect(counts).toEqual([
      ['id', 4, 0],
      ['birth_year', 4, 0],
      ['zip3', 4, 0],
      ['initial', 0, 4],
      ['weight', 3, 1],
    ]);
    expect(table?.columns[1]?.source).toEqual({ column: 'born', level: 2 });
  });

  it('holds by the portable provider alike', () => {
    const options = { verifierKey: exported.log.verifierKey };
    expect(verifyBundle(portableCrypto, exported.bytes, options)).toEqual(
      verifyBundle(nativeCrypto, exported.bytes, options),
    );
  });

  it('is the same bytes when made again, and those of the format for ever', () => {
    expect(exportPatients().bytes).toEqual(exported.bytes);
    expect(bytesToHex(nativeCrypto.sha256(exported.bytes))).toBe(PINNED);
  });

  it('without rows claims nothing about rows', () => {
    const log = new SyntheticLog();
    const policy = exported.log.opening(0, 0);
    const values = policy.fields.map(({ value }) => value);
    log.append([{ schema: POLICIES, values }]);
    const table = { schema: PATIENTS, truncated: true, csv: false, columns: COLUMNS, rows: [] };
    const content = buildContent(nativeCrypto, contentInput(log, [table]));
    expect(content.sources).toEqual([]);
    const report = verifyWith({ log, ...seal(log, content, 0) });
    expect(failuresOf(report)).toEqual({});
    expect(verdictsOf(report)).toMatchObject({ rows: 'not-claimed', inclusion: 'not-claimed' });
  });

  it('with computed columns alone is attested', () => {
    const columns = COLUMNS.map(({ name, transform, type }) => ({
      name,
      transform,
      type,
      source: null,
    }));
    expect(verdictsOf(verifyWith(exportPatients({ columns })))['rows']).toBe('attested');
  });

  it('opens no field but those that are shown', () => {
    const text = new TextDecoder().decode(exported.bytes);
    for (const hidden of ['Ada', 'Bjørn', '02139', '60601']) expect(text).not.toContain(hidden);
    const entry = parseZip(exported.bytes).find(({ name }) => name === disclosuresName('patients'));
    const [first] = decodeDisclosures(entry?.bytes as Uint8Array);
    const sizes = first?.fields.map(({ length }) => length);
    expect(sizes).toEqual([16, 32, 32, 32, 16, 32, 16, 32, 16]);
  });
});
