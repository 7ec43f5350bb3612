/**
 * Ways to carry data out by statements that look allowed, tried through the MCP door against a real
 * database: each is refused in band with a code that says why, is recorded, and shows nothing.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';

import { POLICY, type RealHouse, openRealHouse } from './real-house.ts';

let house: RealHouse;
let url = '';

beforeAll(async () => {
  house = await openRealHouse();
  ({ url } = await house.serve());
  const budget = 'output: { maxRows: 500, perHour: { queries: 15, rows: 100, cells: 1000 } }';
  await house.database.administration.activatePolicy(
    POLICY.replace('name: study', 'name: metered').replace('output: { maxRows: 500 }', budget),
  );
});

afterAll(async () => house.close());

interface Told {
  readonly text: string;
  readonly code: string | null;
  readonly rows: readonly (readonly unknown[])[];
  readonly nextCursor: string | undefined;
}

async function ask(token: string, given: Record<string, unknown>): Promise<Told> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'verity_query', arguments: given },
    }),
  });
  const text = await response.text();
  const { result } = JSON.parse(text) as {
    result: {
      isError?: boolean;
      content: { text: string }[];
      structuredContent?: { rows: unknown[][]; next_cursor?: string };
    };
  };
  const { error } = (
    result.isError === true ? JSON.parse(result.content[0]?.text ?? '') : { error: null }
  ) as { error: { code: string } | null };
  return {
    text,
    code: error?.code ?? null,
    rows: result.structuredContent?.rows ?? [],
    nextCursor: result.structuredContent?.next_cursor,
  };
}

/** Classes of bypass that other database servers for models had, and oracles on hidden columns. */
const STATEMENTS: Readonly<Record<string, readonly string[]>> = {
  'a second statement': [
    'SELECT city FROM people; DROP TABLE people',
    "COMMIT; DELETE FROM people WHERE city = 'Rye'",
    'SELECT city FROM people; SELECT name FROM people',
  ],
  'a write that looks like a read': [
    '/* SELECT */ DELETE FROM people',
    'WITH gone AS (DELETE FROM people RETURNING *) SELECT * FROM gone',
    'SELECT city INTO copy FROM people',
    'SELECT city FROM people FOR UPDATE',
    'EXPLAIN ANALYZE DELETE FROM people',
    'SET TRANSACTION READ WRITE',
  ],
  'a function that reaches out': [
    "SELECT pg_read_file('/etc/passwd') FROM people",
    "SELECT load_file('/etc/passwd') FROM people",
    "SELECT * FROM dblink('host=evil', 'SELECT 1')",
  ],
  'another table, or the house’s own': [
    'SELECT * FROM verity_access',
    'SELECT * FROM verity_surrogates',
    'SELECT * FROM information_schema.tables',
    'SELECT city FROM people UNION SELECT name FROM people',
    'SELECT city FROM people, verity_tokens',
  ],
  'a hidden column, by any name': [
    'SELECT name FROM people',
    'SELECT name AS city FROM people',
    'SELECT city, UPPER(name) FROM people',
    'SELECT (SELECT name FROM people LIMIT 1) FROM people',
    'SELECT people.name FROM people',
    'SELECT "name" FROM people',
  ],
  'an oracle on a hidden column': [
    "SELECT city FROM people WHERE name = 'Name0 Secret'",
    "SELECT city FROM people WHERE name LIKE 'N%'",
    'SELECT city FROM people ORDER BY name',
    "SELECT COUNT(*) FROM people WHERE LENGTH(name) > 5 AND city = 'Rye'",
    'SELECT MIN(name) FROM people',
    'SELECT city FROM people GROUP BY city, name',
  ],
  'an order or a range of codes': [
    "SELECT city FROM people WHERE id > 'a'",
    "SELECT city FROM people WHERE id LIKE 'a%'",
    'SELECT city FROM people ORDER BY id',
    'SELECT MAX(id) FROM people',
    'SELECT city FROM people WHERE id = 0',
  ],
};

// S267
test.each(Object.entries(STATEMENTS))('%s is refused, with the reason', async (_name, all) => {
  const token = await house.token(['query']);
  for (const sql of all) {
    const { code, text, rows } = await ask(token, { sql });
    expect(code, sql).toMatch(/^ERR_(QUERY|ACCESS|DISCLOSURE|TYPES)_/);
    expect(rows).toEqual([]);
    expect(text).not.toContain('Secret');
  }
  const { entries } = await house.database.administration.auditAll({ limit: 2 * all.length });
  const outcomes = entries.filter(({ phase }) => phase === 'outcome');
  expect(outcomes).toHaveLength(all.length);
  for (const { decision, code } of outcomes) {
    expect(decision).not.toBe('allowed');
    expect(code).toMatch(/^ERR_/);
  }
});

test('a sweep over keys, and page after page, end at the budget of the recipient', async () => {
  const recipient = 'sweeper';
  const rest = { policy: 'metered', recipient };
  const first = await house.token(['query'], rest);
  const { rows } = await ask(first, { sql: 'SELECT id FROM people', max_rows: 20 });
  const codes: (string | null)[] = [];
  for (const [id] of rows) {
    // A new token each time: a budget is of who gets the answers.
    const token = await house.token(['query'], rest);
    codes.push(
      (await ask(token, { sql: 'SELECT diagnosis FROM people WHERE id = ?', params: [id] })).code,
    );
  }
  expect(codes.filter((code) => code === null)).toHaveLength(14);
  expect(new Set(codes.slice(14))).toEqual(new Set(['ERR_KERNEL_BUDGET_SPENT']));
});

test('pages are charged as what they are, and end at the budget too', async () => {
  const rest = { policy: 'metered', recipient: 'pager' };
  const given = { sql: 'SELECT id, city FROM people', max_rows: 30 };
  let taken = 0;
  for (let walk = 0; ; walk += 1) {
    const token = await house.token(['query'], rest);
    const page = await ask(token, given);
    taken += page.rows.length;
    if (page.code !== null) {
      expect(page.code).toBe('ERR_KERNEL_BUDGET_SPENT');
      break;
    }
    const second = await ask(token, { ...given, cursor: page.nextCursor });
    taken += second.rows.length;
    expect(walk).toBeLessThan(5);
  }
  expect(taken).toBe(90);
});
