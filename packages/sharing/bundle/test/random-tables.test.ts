/** Exports of random tables hold; and with one shown value changed, they do not. */

import { nativeCrypto } from '@veritydb/crypto/native';
import {
  COLUMN_TYPES,
  LADDERS,
  type LadderName,
  type TableDefinition,
  type Value,
  canonicalJson,
  climbLadder,
  ladderLevels,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { buildContent } from '../src/build.ts';
import type { ColumnContent, TableContent } from '../src/content.ts';
import { dataName } from '../src/entry-name.ts';
import {
  POLICIES,
  POLICY_SHA256,
  POLICY_TEXT,
  contentInput,
  editText,
  failuresOf,
  seal,
  verifyWith,
  withFiles,
} from './export-fixture.ts';
import { SyntheticLog, schemaOf } from './synthetic-log.ts';
import { VALUES } from './values.ts';

const column = fc
  .record({
    type: fc.constantFrom(...COLUMN_TYPES),
    climbs: fc.boolean(),
    /** Which level is shown, null for a value that is computed. */
    shown: fc.option(fc.nat(3), { freq: 4 }),
  })
  .map(({ type, climbs, shown }) => {
    const fits = Object.entries(LADDERS).find(([, ladder]) => ladder.types.includes(type));
    const ladder = climbs && fits !== undefined ? (fits[0] as LadderName) : null;
    const level = shown === null ? null : Math.min(shown, ladderLevels(ladder).length);
    return { type, ladder, level };
  });

const table = fc.array(column, { minLength: 1, maxLength: 5 }).chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    /** Records of rows, each with whether it is in the answer. */
    records: fc.array(
      fc.array(
        fc.record({
          values: fc.tuple(...columns.map(({ type }) => fc.option(VALUES[type], { freq: 5 }))),
          wanted: fc.boolean(),
        }),
        { minLength: 1, maxLength: 4 },
      ),
      { minLength: 1, maxLength: 4 },
    ),
  }),
);

type RandomTable = typeof table extends fc.Arbitrary<infer Drawn> ? Drawn : never;

function contentOf(log: SyntheticLog, { columns, records }: RandomTable): TableContent {
  const definition: TableDefinition = {
    name: 'things',
    columns: columns.map(({ type, ladder }, index) => ({
      name: `c${index}`,
      type,
      notNull: false,
      dataClass: null,
      ladder,
    })),
    primaryKey: ['c0'],
    subject: null,
  };
  // No key is needed to commit to rows, and a random one may be NULL.
  const schema = {
    ...schemaOf(1000, {
      ...definition,
      columns: [
        {
          ...definition.columns[0],
          name: 'k',
          type: 'integer',
          notNull: true,
          ladder: null,
        } as never,
      ],
      primaryKey: ['k'],
    }),
    definition,
  };
  const shown: ColumnContent[] = columns.map(({ type, level }, index) => ({
    name: `shown ${index}`,
    type: level === null || level === 0 ? type : 'text',
    transform: 'random',
    source: level === null ? null : { column: `c${index}`, level },
  }));
  const rows = records.flatMap((record) => {
    const offset = log.append(record.map(({ values }) => ({ schema, values })));
    return record.flatMap(({ values, wanted }, row) => {
      const seen = columns.map(({ ladder, level }, index): Value => {
        const value = values[index] as Value;
        if (level === null || level === 0 || ladder === null) return value;
        return climbLadder(ladder, value)[level - 1] as Value;
      });
      return wanted ? [{ values: seen, opening: log.opening(offset, row), row }] : [];
    });
  });
  return { schema, truncated: false, csv: false, columns: shown, rows };
}

function newLog(): SyntheticLog {
  const log = new SyntheticLog();
  log.append([{ schema: POLICIES, values: [1, 'research', 3, POLICY_SHA256, POLICY_TEXT] }]);
  return log;
}

describe('a random table', () => {
  it('holds, with every shown value proved', () => {
    fc.assert(
      fc.property(table, (drawn) => {
        const log = newLog();
        const tables = [{ ...contentOf(log, drawn), parquet: true }];
        const content = buildContent(nativeCrypto, contentInput(log, tables));
        const report = verifyWith({ log, ...seal(log, content, 0) });
        expect(failuresOf(report)).toEqual({});
        const [found] = report.tables;
        for (const [index, { level }] of drawn.columns.entries()) {
          const counts = found?.columns[index];
          expect([counts?.proved, counts?.attested]).toEqual(
            level === null ? [0, found?.rows] : [found?.rows, 0],
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it('does not hold with one proved value changed, though all of it is signed', () => {
    fc.assert(
      fc.property(table, fc.nat(), (drawn, pick) => {
        const log = newLog();
        const honest = buildContent(nativeCrypto, contentInput(log, [contentOf(log, drawn)]));
        const file = dataName('things');
        const places = drawn.columns.flatMap(({ level }, index) => (level === null ? [] : [index]));
        const rows = honest.manifest.tables[0]?.rows as number;
        fc.pre(rows > 0 && places.length > 0);
        const member = `shown ${places[pick % places.length] as number}`;
        const line = pick % rows;
        const lie = withFiles(honest, (name, bytes) =>
          name !== file
            ? bytes
            : editText((text) => {
                const lines = text.split('\n');
                const json = JSON.parse(lines[line] as string) as Record<string, never>;
                lines[line] = canonicalJson({ ...json, [member]: another(json[member]) });
                return lines.join('\n');
              })(bytes),
        );
        const report = verifyWith({ log, ...seal(log, lie, 0) });
        expect(Object.keys(failuresOf(report))).toEqual(['rows']);
      }),
      { numRuns: 60 },
    );
  });
});

/** Another value, of the same type or not. */
function another(value: unknown): null | boolean | number | string {
  if (value === null) return 'x';
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value === 0 ? 1 : -value;
  return null;
}
