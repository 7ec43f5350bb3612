/** Two bundles, and what can be made of both: every part of one in the place of the other's is refused. */

import { nativeCrypto } from '@veritydb/crypto/native';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { buildContent } from '../src/build.ts';
import { MANIFEST, RECEIPT, STATEMENT } from '../src/entry-name.ts';
import { parseZip } from '../src/zip.ts';
import {
  COLUMNS,
  PATIENTS,
  POLICIES,
  POLICY_SHA256,
  POLICY_TEXT,
  contentInput,
  exportPatients,
  failuresOf,
  flipped,
  refusalsOf,
  seal,
  verdictsOf,
  verifyWith,
  withEntries,
} from './export-fixture.ts';
import { SyntheticLog, schemaOf } from './synthetic-log.ts';

const one = exportPatients({ heldTreeSize: 3, csv: true });
const other = exportPatients({
  heldTreeSize: 2,
  csv: true,
  input: { exportId: 'exp_02', recipient: 'Somebody Else' },
  show: (row) => [...row.slice(0, 3), 'Z', ...row.slice(4)],
});
const held = one.log.checkpoint(3);
const entries = parseZip(one.bytes);
const otherEntries = new Map(parseZip(other.bytes).map(({ name, bytes }) => [name, bytes]));
const names = entries.map(({ name }) => name);

describe('two bundles of one log', () => {
  it('hold, each by itself', () => {
    expect(refusalsOf(one, held)).toEqual({});
    expect(refusalsOf(other)).toEqual({});
  });

  it('are refused with any files of the one in the other', () => {
    fc.assert(
      fc.property(fc.subarray(names, { minLength: 1, maxLength: names.length - 1 }), (swapped) => {
        const changed = swapped.filter((name) => {
          const mine = entries.find((entry) => entry.name === name)?.bytes as Uint8Array;
          return Buffer.compare(mine, otherEntries.get(name) as Uint8Array) !== 0;
        });
        const differing = names.filter((name) => {
          const mine = entries.find((entry) => entry.name === name)?.bytes as Uint8Array;
          return Buffer.compare(mine, otherEntries.get(name) as Uint8Array) !== 0;
        });
        const bytes = withEntries(one.bytes, (all) =>
          all.map(({ name, bytes: mine }) => ({
            name,
            bytes: swapped.includes(name) ? (otherEntries.get(name) as Uint8Array) : mine,
          })),
        );
        const isWhole = changed.length === 0 || changed.length === differing.length;
        const refused = refusalsOf({ log: one.log, bytes });
        if (isWhole) expect(refused).toEqual({});
        else expect(refused).not.toEqual({});
      }),
      { numRuns: 150 },
    );
  });

  it('are refused with a bit flipped in any file, whatever its zip says, and name a file', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), (name, pick) => {
        const bytes = withEntries(one.bytes, (all) =>
          all.map((entry) =>
            entry.name === name
              ? { name, bytes: flipped(entry.bytes, pick % (entry.bytes.length * 8)) }
              : entry,
          ),
        );
        const refused = refusalsOf({ log: one.log, bytes }, held);
        expect(refused).not.toEqual({});
        if (typeof refused === 'string') return;
        const { checks } = verifyWith({ log: one.log, bytes }, held);
        const files = checks.flatMap(({ failures }) => failures.map(({ file }) => file));
        expect(files.some((file) => file !== null)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('refuses any file removed, added or renamed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(2), (name, kind) => {
        // Two say again what others say, and may be left out.
        fc.pre(kind !== 0 || ![RECEIPT, STATEMENT].includes(name));
        const bytes = withEntries(one.bytes, (all) => {
          if (kind === 0) return all.filter((entry) => entry.name !== name);
          if (kind === 1) return [...all, { name: `${name}.copy`, bytes: new Uint8Array(1) }];
          return all.map((entry) => (entry.name === name ? { ...entry, name: `x${name}` } : entry));
        });
        const refused = refusalsOf({ log: one.log, bytes }, held);
        if (typeof refused === 'string') expect(refused).toBe('ERR_BUNDLE_MISSING');
        else expect(refused).toHaveProperty('integrity');
      }),
      { numRuns: 60 },
    );
    expect(names).toContain(MANIFEST);
  });
});

describe('a bundle of two tables', () => {
  const log = new SyntheticLog();
  log.append([{ schema: POLICIES, values: [1, 'research', 3, POLICY_SHA256, POLICY_TEXT] }]);
  const visits = schemaOf(1001, {
    name: 'visits',
    columns: [{ name: 'id', type: 'integer', notNull: true, dataClass: null, ladder: null }],
    primaryKey: ['id'],
    subject: null,
  });
  const kilograms = { unscaled: 1n, scale: 0 };
  const offset = log.append([
    { schema: PATIENTS, values: [1, 'Ada', 0, '02139', kilograms] },
    { schema: visits, values: [9] },
  ]);
  const tables = [
    {
      schema: visits,
      truncated: false,
      csv: false,
      columns: [COLUMNS[0] as (typeof COLUMNS)[number]],
      rows: [{ values: [9], opening: log.opening(offset, 1), row: 1 }],
    },
    {
      schema: PATIENTS,
      truncated: false,
      csv: true,
      columns: COLUMNS,
      rows: [
        { values: [1, '1970', '021', 'A', kilograms], opening: log.opening(offset, 0), row: 0 },
      ],
    },
  ];
  const content = buildContent(nativeCrypto, contentInput(log, tables));
  const sealed = { log, ...seal(log, content, 0) };

  it('holds, with rows of one record in both', () => {
    const report = verifyWith(sealed);
    expect(failuresOf(report)).toEqual({});
    expect(verdictsOf(report)['rows']).toBe('proved');
    expect(report.tables.map(({ name, rows }) => [name, rows])).toEqual([
      ['patients', 1],
      ['visits', 1],
    ]);
  });
});
