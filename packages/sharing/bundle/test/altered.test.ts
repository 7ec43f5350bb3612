/** Bundles of tables that were altered: rows of several definitions, each proved under its own. */

import { nativeCrypto } from '@veritydb/crypto/native';
import type { ColumnDefinition, TableSchema, Value } from '@veritydb/types';
import { canonicalJson } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { buildContent } from '../src/build.ts';
import type { ColumnContent, RowContent } from '../src/content.ts';
import { dataName } from '../src/entry-name.ts';
import { formatManifest } from '../src/manifest.ts';
import {
  POLICIES,
  POLICY_SHA256,
  POLICY_TEXT,
  contentInput,
  editText,
  failuresOf,
  seal,
  verdictsOf,
  verifyWith,
  withFiles,
} from './export-fixture.ts';
import { SyntheticLog, schemaOf } from './synthetic-log.ts';

function column(name: string): ColumnDefinition {
  const isDate = name.startsWith('d');
  const type = isDate ? 'date' : 'integer';
  return { name, type, notNull: name === 'id', dataClass: null, ladder: isDate ? 'date' : null };
}

function tableOf(names: readonly string[]): TableSchema {
  const columns = ['id', ...names].map(column);
  return schemaOf(1000, { name: 'things', columns, primaryKey: ['id'], subject: null });
}

/** Definitions of one table, each of which drops a column of the one before, or adds one. */
const alterations = fc.array(fc.record({ isDrop: fc.boolean(), pick: fc.nat(20) }), {
  minLength: 1,
  maxLength: 5,
});

function definitionsOf(steps: readonly { readonly isDrop: boolean; readonly pick: number }[]) {
  let names = ['a', 'd0', 'b'];
  const all = [names];
  for (const [index, { isDrop, pick }] of steps.entries()) {
    const dropped = names[pick % Math.max(1, names.length)];
    names =
      isDrop && names.length > 1
        ? names.filter((name) => name !== dropped)
        : [...names, `${pick % 2 === 0 ? 'd' : 'x'}${index + 1}`];
    all.push(names);
  }
  return all;
}

/** An export of all columns as they are now, of a row of each definition. */
function exportOf(definitions: readonly (readonly string[])[]) {
  const log = new SyntheticLog();
  log.append([{ schema: POLICIES, values: [1, 'research', 3, POLICY_SHA256, POLICY_TEXT] }]);
  const now = tableOf(definitions.at(-1) ?? []);
  const columns = now.definition.columns.map(({ name, type }): ColumnContent => ({
    name,
    type,
    transform: 'keep',
    source: { column: name, level: 0 },
  }));
  const rows = definitions.map((names, id): RowContent => {
    const schema = tableOf(names);
    const values = schema.definition.columns.map((_, index): Value => id * 100 + index);
    const offset = log.append([{ schema, values }]);
    const shown = now.definition.columns.map(({ name }): Value => {
      const place = schema.definition.columns.findIndex((each) => each.name === name);
      return place < 0 ? 7 : (values[place] as Value);
    });
    return { values: shown, opening: log.opening(offset, 0), row: 0 };
  });
  const table = { schema: now, truncated: false, csv: true, columns, rows };
  return { log, content: buildContent(nativeCrypto, contentInput(log, [table])) };
}

const DROPPED = [
  ['a', 'd0', 'b'],
  ['d0', 'b'],
  ['d0', 'b', 'c'],
];

describe('a bundle of an altered table', () => {
  it('proves every value that a row was written with, and no other', () => {
    fc.assert(
      fc.property(alterations, (steps) => {
        const definitions = definitionsOf(steps);
        const { content, log } = exportOf(definitions);
        const report = verifyWith({ log, ...seal(log, content, 0) });
        expect(failuresOf(report)).toEqual({});
        expect(verdictsOf(report)['rows']).toBe('proved');
        for (const { name, proved, attested } of report.tables[0]?.columns ?? []) {
          const had = definitions.filter((names) => name === 'id' || names.includes(name)).length;
          expect([name, proved, attested]).toEqual([name, had, definitions.length - had]);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('says where digests are only for rows that have them elsewhere', () => {
    const { content } = exportOf(DROPPED);
    const [table] = content.manifest.tables;
    expect(table?.columns.map(({ digest }) => digest)).toEqual([0, 1, 4, 5]);
    expect(table?.schemas.map(({ digests }) => digests)).toEqual([
      [0, 2, 5, null],
      undefined,
      undefined,
    ]);
  });

  it('does not hold with a value of an earlier row changed, or shown at another digest', () => {
    const { content, log } = exportOf(DROPPED);
    const refused = (name: string, edit: (bytes: Uint8Array) => Uint8Array): readonly string[] => {
      const lie = withFiles(content, (each, bytes) => (each === name ? edit(bytes) : bytes));
      return Object.keys(failuresOf(verifyWith({ log, ...seal(log, lie, 0) })));
    };
    const changed = editText((text) => {
      const [first = '', ...rest] = text.split('\n');
      const row = JSON.parse(first) as Record<string, never>;
      return [canonicalJson({ ...row, b: 5 }), ...rest].join('\n');
    });
    expect(refused(dataName('things'), changed)).toEqual(['integrity', 'rows']);
  });

  it.each<readonly [string, readonly (number | null)[], string]>([
    ['too few', [0, 2, 5], 'digests do not fit'],
    ['one beyond the layout', [0, 2, 6, null], 'digests do not fit'],
    ['the columns’ own', [0, 1, 4, 5], 'digests say nothing'],
    ['another column’s', [0, 2, 1, null], 'discloses a digest that no column shows'],
    ['those of two columns in turn', [5, 2, 0, null], 'schemas disagree on columns[0]'],
    ['one twice', [0, 2, 5, 5], 'schemas disagree on columns[3]'],
  ])('is refused with %s in the digests of a schema', (_what, digests, message) => {
    const { content, log } = exportOf(DROPPED);
    const { manifest } = content;
    const tables = manifest.tables.map((table) => ({
      ...table,
      schemas: table.schemas.map((schema, index) =>
        index === 0 ? { ...schema, digests } : schema,
      ),
    }));
    const manifestBytes = formatManifest({ ...manifest, tables });
    const { bytes } = seal(log, { ...content, manifestBytes }, 0);
    expect(() => verifyWith({ log, bytes })).toThrow(message);
  });
});
