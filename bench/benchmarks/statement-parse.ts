/** Text to statement: our own parser against the second opinion, which is why that one's answers are kept. */

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { parseStatement } from '@veritydb/query';

import type { Benchmark } from '../benchmark.ts';

interface NodeSqlParser {
  readonly Parser: new () => {
    astify(sql: string, options: { readonly database: string }): unknown;
  };
}

const STATEMENTS = [
  'SELECT * FROM visits WHERE id = 42',
  "SELECT id, seen, cost FROM visits WHERE kind = 'emergency' AND cost > 100 ORDER BY seen LIMIT 20",
  "SELECT COUNT(*) FROM visits WHERE kind IN ('inpatient', 'wellness') AND urgent = TRUE",
  "SELECT id FROM visits WHERE (cost >= 10 AND cost <= 20) OR description LIKE 'Encounter%'",
];

export const statementParse: Benchmark = {
  name: 'statement-parse',
  ours: 'parseStatement',
  peer: 'node-sql-parser, astify',
  unit: 'statement',
  clock: 'cpu',
  goal: { of: 'ratio', floor: 50, stretch: 150 },
  open() {
    // The very one that the project has as its second opinion.
    const require = createRequire(fileURLToPath(import.meta.resolve('@veritydb/query')));
    const library = require('node-sql-parser/build/postgresql.js') as NodeSqlParser;
    const parser = new library.Parser();
    return {
      ours: { run: () => parseAll(5000, parseStatement) },
      peer: {
        run: () => parseAll(40, (sql) => parser.astify(sql, { database: 'postgresql' })),
      },
    };
  },
};

function parseAll(rounds: number, parse: (sql: string) => unknown): number {
  for (let round = 0; round < rounds; round += 1) {
    for (const sql of STATEMENTS) parse(sql);
  }
  return rounds * STATEMENTS.length;
}
