/**
 * Statistical attacks through the MCP door, over many tokens of one recipient: whoever may ask for figures
 * alone learns nothing of one person. The same attacks recover that person from a token for rows, which
 * shows that they are attacks at all.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type RealHouse, openRealHouse } from './real-house.ts';

/** Person 0 alone is 99 years old, lives in Rye, and has asthma. */
const TARGET = 'age = 99';
const TRUTH = 'asthma';
const DIAGNOSES = ['asthma', 'gout', 'none'];

let house: RealHouse;
let url = '';

beforeAll(async () => {
  house = await openRealHouse({ people: 240 });
  ({ url } = await house.serve());
});

afterAll(async () => house.close());

interface Page {
  readonly rows: readonly (readonly unknown[])[];
  readonly next_cursor?: string;
}

/** Asks under one token; null where that is refused. */
type Ask = (sql: string, more?: object) => Promise<Page | null>;

async function asker(policy: string): Promise<Ask> {
  const token = await house.token(['query'], { policy });
  return async (sql, more = {}) => {
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
        params: { name: 'verity_query', arguments: { sql, ...more } },
      }),
    });
    const { result } = (await response.json()) as {
      result: { isError?: boolean; structuredContent?: Page };
    };
    return result.isError === true ? null : (result.structuredContent ?? null);
  };
}

async function count(ask: Ask, where: string): Promise<number | null> {
  const page = await ask(`SELECT COUNT(*) FROM people WHERE ${where}`);
  return page === null ? null : Number(page.rows[0]?.[0]);
}

/** A sum of counts, each with its sign; null when one of them was refused. */
async function sum(
  ask: Ask,
  terms: readonly (readonly [sign: 1 | -1, where: string])[],
): Promise<number | null> {
  let total = 0;
  for (const [sign, where] of terms) {
    const counted = await count(ask, where);
    if (counted === null) return null;
    total += sign * counted;
  }
  return total;
}

/** Each tells how many of the target have a diagnosis, or null. */
const ATTACKS: Readonly<Record<string, (ask: Ask, with_: string) => Promise<number | null>>> = {
  'a count of one': async (ask, with_) => count(ask, `${TARGET} AND ${with_}`),
  'an individual tracker': async (ask, with_) =>
    sum(ask, [
      [1, `city = 'Rye' AND ${with_}`],
      [-1, `city = 'Rye' AND NOT (${TARGET}) AND ${with_}`],
    ]),
  'a general tracker': async (ask, with_) =>
    sum(ask, [
      [1, `(${TARGET} AND ${with_}) OR city = 'Ely'`],
      [1, `(${TARGET} AND ${with_}) OR NOT (city = 'Ely')`],
      [-1, "city = 'Ely'"],
      [-1, "NOT (city = 'Ely')"],
    ]),
  'a difference of wholes': async (ask, with_) =>
    sum(ask, [
      [1, with_],
      [-1, `${with_} AND NOT (${TARGET})`],
    ]),
  'a difference by another column': async (ask, with_) =>
    sum(ask, [
      [1, `age >= 24 AND ${with_}`],
      [-1, `age = 24 AND ${with_}`],
    ]),
  'pages of groups, or of rows': async (ask, with_) => {
    const grouped = `SELECT age, COUNT(*) FROM people WHERE ${with_} GROUP BY age`;
    const rows = `SELECT age, 1 FROM people WHERE ${with_}`;
    const isGrouped = (await ask(grouped)) !== null;
    let cursor: string | undefined;
    for (;;) {
      const paged = { max_rows: 40, ...(cursor === undefined ? {} : { cursor }) };
      const page = await ask(isGrouped ? grouped : rows, paged);
      if (page === null) return null;
      for (const [age, found] of page.rows) if (age === 99) return Number(found);
      if (page.next_cursor === undefined) return 0;
      cursor = page.next_cursor;
    }
  },
  'how many there are on a page': async (ask, with_) => {
    const where = `FROM people WHERE ${TARGET} AND ${with_}`;
    const grouped = await ask(`SELECT COUNT(*) ${where} GROUP BY city`, { max_rows: 1 });
    return (grouped ?? (await ask(`SELECT city ${where}`, { max_rows: 1 })))?.rows.length ?? null;
  },
};

/** What an attack says that the target has; null when it does not know. */
async function recovered(policy: string, attack: (typeof ATTACKS)[string]): Promise<string | null> {
  for (const diagnosis of DIAGNOSES) {
    // A new token for each question: what was answered is remembered of the recipient.
    const found = await attack(await asker(policy), `diagnosis = '${diagnosis}'`);
    if (found === 1) return diagnosis;
  }
  return null;
}

test.each(Object.entries(ATTACKS))('%s recovers nobody', async (_name, attack) => {
  expect(await recovered('statistics', attack)).toBeNull();
  expect(await recovered('study', attack)).toBe(TRUTH);
});

test('figures of many are answered all the while', async () => {
  const ask = await asker('statistics');
  expect(await count(ask, "city = 'Ely'")).toBe(80);
});
