/**
 * Sessions of sqllogictest (gregrahn/sqllogictest) over one table whose answers PostgreSQL gives too. They
 * live outside the repository; without them the suite says that it is skipped.
 */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { type ColumnType, type JsonValue, valueToJson } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { agree, parseStatement } from '../src/index.ts';
import { secondOpinion } from '../src/second-opinion.ts';
import { Engine } from './fixtures.ts';

interface Step {
  readonly op: string;
  readonly sql: string;
  readonly tags: readonly string[];
  readonly sort: 'ordered' | 'rowset' | 'count';
  readonly rows: readonly (readonly JsonValue[])[];
  readonly pg?: string;
}
interface Session {
  readonly id: string;
  readonly setup: readonly string[];
  readonly steps: readonly Step[];
}

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const folder = `${process.env['VERITYDB_SHARED'] ?? `${root}../shared`}/data/sqllogic`;
const FILES = ['slt-random-L1', 'slt-random-L2-projection', 'slt-select', 'slt-evidence'];
const present = existsSync(folder);
if (!present) process.stdout.write('sqllogic: skipped, shared data is absent\n');

/** What is not of one table, and what another choice of dialect answers otherwise. */
const FOREIGN_TAGS: ReadonlySet<string> = new Set(['join', 'empty-in', 'quirk:null-order']);

/** A table wants a key: the sessions' tables get one that they do not see in their lists of values. */
function open(setup: readonly string[]): Engine {
  const engine = new Engine();
  let row = 0;
  for (const sql of setup) {
    if (!sql.startsWith('INSERT')) {
      const keyed = sql.replaceAll(/VARCHAR\([0-9]+\)/g, 'TEXT');
      engine.run(keyed.replace(/\)$/, ', row_key INTEGER PRIMARY KEY)'));
    } else {
      const keyed = sql
        .replace(/^INSERT INTO (\w+)\s*\(([^)]*)\)/, 'INSERT INTO $1 ($2, row_key)')
        .replace(/\)$/, `, ${row})`);
      engine.run(keyed);
      row += 1;
    }
  }
  return engine;
}

/** The answer's rows, without the key that only this dialect wants. */
function answer(engine: Engine, { sql, sort }: Step): readonly string[] {
  const { columns, rows } = engine.select(sql);
  const shown = columns.flatMap(({ name }, index) => (name === 'row_key' ? [] : [index]));
  const lines = rows.map(({ values }) =>
    lineOf(
      shown.map((index) =>
        valueToJson(columns[index]?.type as ColumnType, values[index] as string),
      ),
    ),
  );
  return sort === 'ordered' ? lines : lines.toSorted();
}

/** A row with its numbers to nine places, as texts: they come as integers, decimals and floats. */
function lineOf(values: readonly JsonValue[]): string {
  return JSON.stringify(
    values.map((value) => {
      const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
      const isNumber = typeof text === 'number' || /^-?[0-9]+(?:\.[0-9]+)?$/.test(String(text));
      return isNumber ? String(Number(Number(text).toPrecision(9))) : text;
    }),
  );
}

describe.skipIf(!present)('S220 S221 S222 S223: sqllogic', () => {
  const sessions = (file: string): readonly Session[] =>
    present
      ? readFileSync(`${folder}/${file}.jsonl`, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Session)
      : [];

  it('answers as PostgreSQL and SQLite do', () => {
    let ran = 0;
    for (const { id, setup, steps } of FILES.flatMap(sessions)) {
      const ours = steps.filter(({ op, tags, pg }) => {
        return op === 'query' && pg === 'agree' && !tags.some((tag) => FOREIGN_TAGS.has(tag));
      });
      const isPlain = setup.every((sql) => /^(?:CREATE TABLE|INSERT INTO)(?!.*PRIMARY)/s.test(sql));
      if (ours.length === 0 || !isPlain) continue;
      const engine = open(setup);
      for (const step of ours) {
        const { sql, rows } = step;
        const found = answer(engine, step);
        agree(parseStatement(sql), secondOpinion(sql));
        const lines = rows.map(lineOf);
        expect([id, sql, step.sort === 'count' ? found.length : found]).toEqual([
          id,
          sql,
          step.sort === 'count' ? lines.length : step.sort === 'ordered' ? lines : lines.toSorted(),
        ]);
        ran += 1;
      }
    }
    process.stdout.write(`sqllogic: ${ran} queries ran\n`);
    expect(ran).toBeGreaterThanOrEqual(1800);
  });
});
