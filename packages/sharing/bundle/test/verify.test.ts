import { portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { describe, expect, it } from 'vitest';

import { verifyBundle } from '../src/verify.ts';
import { exportPatients, failuresOf, verdictsOf, verifyWith } from './export-fixture.ts';

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

  it('is the same bytes when made again', () => {
    expect(exportPatients().bytes).toEqual(exported.bytes);
  });
});
