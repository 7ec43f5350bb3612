/**
 * Sessions of sqllogictest (gregrahn/sqllogictest, look-ups) whose answers PostgreSQL gives too. They
 * live outside the repository; without them the suite says that it is skipped.
 */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { QueryError, agree, parseStatement } from '../src/index.ts';
import { secondOpinion } from '../src/second-opinion.ts';
import { Engine } from './fixtures.ts';

interface Step {
  readonly op: string;
  readonly sql: string;
  readonly rows: readonly (readonly (number | string | null)[])[];
}
interface Session {
  readonly id: string;
  readonly setup: readonly string[];
  readonly steps: readonly Step[];
}

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const file = `${process.env['VERITYDB_SHARED'] ?? `${root}../shared`}/data/sqllogic/slt-random-L1.jsonl`;
const present = existsSync(file);
if (!present) process.stdout.write('sqllogic: skipped, shared data is absent\n');

/** What the sessions write that this dialect refuses, and why. */
const DIFFERENCES: readonly {
  readonly reason: string;
  readonly code: string;
  readonly text: RegExp;
}[] = [
  {
    reason: 'an alias of an item wants AS',
    code: 'ERR_QUERY_SYNTAX',
    text: /a name follows an expression/,
  },
];

/** A table wants a key: the sessions' tables get one that they do not see in their lists of values. */
function open(setup: readonly string[]): Engine {
  const engine = new Engine();
  let row = 0;
  for (const sql of setup) {
    const insert = /^INSERT INTO (\w+) VALUES\s*\((.*)\)$/.exec(sql);
    if (insert === null) {
      engine.run(sql.replace(/\)$/, ', row_key INTEGER PRIMARY KEY)'));
    } else {
      engine.run(`INSERT INTO ${insert[1]} VALUES (${insert[2]}, ${row})`);
      row += 1;
    }
  }
  return engine;
}

/** The answer as a multiset; `*` without the key. */
function answer(engine: Engine, sql: string): readonly string[] {
  const { columns, rows } = engine.select(sql);
  const shown = columns.flatMap(({ name }, index) => (name === 'row_key' ? [] : [index]));
  return rows.map(({ values }) => JSON.stringify(shown.map((index) => values[index]))).toSorted();
}

/** The answer, or the reason for which the dialect refuses the query. */
function attempt(engine: Engine, sql: string): readonly string[] | string {
  try {
    const found = answer(engine, sql);
    agree(parseStatement(sql), secondOpinion(sql));
    return found;
  } catch (error) {
    const known = DIFFERENCES.find(
      ({ code, text }) =>
        error instanceof QueryError && code === error.code && text.test(error.message),
    );
    if (known === undefined) throw error;
    return known.reason;
  }
}

describe.skipIf(!present)('sqllogic', () => {
  const sessions = present
    ? readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Session)
    : [];

  it('answers as PostgreSQL and SQLite do', () => {
    let ran = 0;
    const refused = new Map<string, number>();
    for (const { id, setup, steps } of sessions) {
      const engine = open(setup);
      for (const { op, sql, rows } of steps) {
        expect(op).toBe('query');
        const outcome = attempt(engine, sql);
        if (typeof outcome === 'string') {
          refused.set(outcome, (refused.get(outcome) ?? 0) + 1);
          continue;
        }
        expect([id, sql, outcome]).toEqual([
          id,
          sql,
          rows.map((row) => JSON.stringify(row)).toSorted(),
        ]);
        ran += 1;
      }
    }
    const differences = [...refused].map(([reason, count]) => `${count} refused: ${reason}`);
    process.stdout.write(`sqllogic: ${ran} queries ran; ${differences.join('; ')}\n`);
    expect(ran).toBeGreaterThanOrEqual(650);
  });
});
