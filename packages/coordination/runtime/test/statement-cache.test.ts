/** Two readings of every statement, the second in a thread that may hang or crash. */

import { Worker } from 'node:worker_threads';

import { parseStatement } from '@veritydb/query';
import { expectCodeAsync } from '@veritydb/testkit';
import { afterAll, describe, expect, it } from 'vitest';

import { StatementCache } from '../src/index.ts';

/** A thread that answers, but reads one statement otherwise, hangs on one and crashes on one. */
function startFragile(): Worker {
  const program = `
    const { parentPort } = require('node:worker_threads');
    parentPort.on('message', (text) => {
      if (text.includes('hang')) for (;;);
      if (text.includes('crash')) throw new Error('crash');
      const code = 'ERR_QUERY_DISAGREEMENT';
      const refusal = { code, message: 'differs', hint: 'write it otherwise' };
      const isOther = text.includes('differ');
      parentPort.postMessage({ kind: 'answer', refusal: isOther ? refusal : null });
    });
    parentPort.postMessage({ kind: 'ready' });`;
  return new Worker(program, { eval: true });
}

describe('the second opinion', () => {
  const statements = new StatementCache();
  afterAll(() => {
    statements.close();
  });

  it('agrees on honest statements, which are kept', async () => {
    const texts = [
      'SELECT id, name FROM people WHERE score > 3 ORDER BY id LIMIT 5',
      "INSERT INTO people VALUES (1, 'ann', 0)",
      'UPDATE people SET score = score + 1 WHERE id = $1',
      'DELETE FROM people WHERE id = 1',
      'DROP TABLE people',
    ];
    const parsed = await Promise.all(texts.map(async (text) => statements.parse(text)));
    expect(parsed).toEqual(texts.map((text) => parseStatement(text)));
    expect(await statements.parse(texts[0] ?? '')).toBe(parsed[0]);
  });

  it('refuses where the second reading is another, and keeps nothing of it', async () => {
    const fragile = new StatementCache(startFragile);
    const parse = async () => fragile.parse('SELECT differ FROM people');
    for (let round = 0; round < 2; round += 1) {
      const refused = await expectCodeAsync(parse, 'ERR_QUERY_DISAGREEMENT');
      expect([refused.message, refused.hint]).toEqual(['differs', 'write it otherwise']);
    }
    fragile.close();
  });

  it('is not asked where the first parser refuses', async () => {
    const silent = new StatementCache(() => {
      throw new Error('a thread was started');
    });
    await expectCodeAsync(async () => silent.parse('SELEC 1'), 'ERR_QUERY_SYNTAX');
  });

  it('is bounded in time and survives its thread: only the statement that is at fault pays', async () => {
    const fragile = new StatementCache(startFragile);
    const outcomes = await Promise.allSettled(
      ['id', 'hang', 'name', 'crash', 'score'].map(async (column) =>
        fragile.parse(`SELECT ${column} FROM people`),
      ),
    );
    expect(
      outcomes.map((each) =>
        each.status === 'fulfilled' ? 'read' : (each.reason as { readonly code: string }).code,
      ),
    ).toEqual(['read', 'ERR_RUNTIME_SQL_DEADLINE', 'read', 'ERR_QUERY_DISAGREEMENT', 'read']);
    fragile.close();
  });

  // S148
  it('has a queue with an end, and refuses it when it is closed', async () => {
    const fragile = new StatementCache(startFragile);
    const parse = async (number: number) => fragile.parse(`SELECT id FROM people LIMIT ${number}`);
    // One is being read, the others wait.
    const waiting = Array.from({ length: 1025 }, (_, index) => parse(index));
    await expectCodeAsync(async () => parse(5000), 'ERR_RUNTIME_QUEUE_FULL');
    fragile.close();
    const codes = new Set(
      (await Promise.allSettled(waiting)).map((each) =>
        each.status === 'fulfilled' ? 'read' : (each.reason as { readonly code: string }).code,
      ),
    );
    expect(codes).toEqual(new Set(['ERR_RUNTIME_CLOSED']));
  });
});
