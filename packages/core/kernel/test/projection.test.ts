/** Projections in the catalogue: made, dropped, in the way of others, and folded back. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { expectCode } from '@veritydb/testkit';
import type { TableDefinition } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { type Command, evolve } from '../src/index.ts';
import { KernelHouse } from './kernel-house.ts';

function tableOf(name: string): TableDefinition {
  return {
    name,
    columns: [
      { name: 'id', type: 'integer', notNull: true, dataClass: null, ladder: null },
      { name: 'n', type: 'integer', notNull: false, dataClass: null, ladder: null },
    ],
    primaryKey: ['id'],
    subject: null,
  };
}

const TEXT = 'SELECT a.id, b.n FROM a JOIN b ON a.n = b.n';

function create(name: string, text = TEXT): Command {
  return { kind: 'create-projection', name, text };
}

function open(): KernelHouse {
  const house = new KernelHouse();
  for (const name of ['a', 'b']) house.run({ kind: 'create-table', definition: tableOf(name) });
  return house;
}

describe('projections', () => {
  it('S017: come and go, under names and ids of their own', () => {
    const house = open();
    house.run(create('p'));
    const first = house.state.projections.get('p');
    expect(first).toMatchObject({ id: 1002, name: 'p', text: TEXT });
    // A tree for its rows, two to find rows of a and of b, one for least and greatest values.
    expect(house.state.nextTableId).toBe(1006);
    house.run({ kind: 'drop-projection', name: 'p' });
    expect(house.state.projections.size).toBe(0);
    house.run(create('p', 'SELECT COUNT(*) AS n FROM a'));
    expect(house.state.projections.get('p')).toMatchObject({ id: 1006 });
    // They are no tables, for nobody who looks for one.
    expect(house.state.tablesByName.has('p')).toBe(false);
    expect([...house.state.tablesById.keys()].every((id) => id < 1002)).toBe(true);
  });

  it.each([
    ['the name of a table', create('a'), 'ERR_KERNEL_TABLE_EXISTS'],
    ['its own name', create('p'), 'ERR_KERNEL_TABLE_EXISTS'],
    ['a name of the database', create('verity_p'), 'ERR_KERNEL_RESERVED'],
    [
      'rows of the database',
      create('q', 'SELECT name FROM verity_tables'),
      'ERR_QUERY_UNKNOWN_TABLE',
    ],
    ['rows of a projection', create('q', 'SELECT id FROM p'), 'ERR_QUERY_UNKNOWN_TABLE'],
    ['a column that is not there', create('q', 'SELECT m FROM a'), 'ERR_QUERY_UNKNOWN_COLUMN'],
    ['no SELECT', create('q', 'DROP TABLE a'), 'ERR_QUERY_SYNTAX'],
  ] as const)('over %s are refused', (_, command, code) => {
    const house = open();
    house.run(create('p'));
    expectCode(() => house.run(command), code);
  });

  it.each([
    [
      'a table of its name',
      { kind: 'create-table', definition: tableOf('p') },
      'ERR_KERNEL_TABLE_EXISTS',
    ],
    ['a table under it', { kind: 'drop-table', name: 'b' }, 'ERR_KERNEL_PROJECTED'],
    [
      'another definition under it',
      { kind: 'alter-table', table: 'b', change: { kind: 'drop-column', column: 'm' } },
      'ERR_KERNEL_PROJECTED',
    ],
    ['itself as a table', { kind: 'drop-table', name: 'p' }, 'ERR_KERNEL_PROJECTION_READ_ONLY'],
    [
      'an index',
      { kind: 'create-index', table: 'p', index: { name: 'i', columns: ['id'], isUnique: false } },
      'ERR_KERNEL_PROJECTION_READ_ONLY',
    ],
    ['nothing', { kind: 'drop-projection', name: 'a' }, 'ERR_KERNEL_PROJECTION_UNKNOWN'],
  ] as const)('are in the way of what makes or drops %s', (_, command, code) => {
    const house = open();
    house.run(create('p'));
    expectCode(() => house.run(command), code);
    house.run({ kind: 'drop-projection', name: 'p' });
    house.run({ kind: 'drop-table', name: 'b' });
  });

  it('are at most sixteen on a table', () => {
    const house = open();
    for (let at = 0; at < 16; at += 1) house.run(create(`p${at}`, 'SELECT id FROM a'));
    expectCode(() => house.run(create('q')), 'ERR_KERNEL_PROJECTION_LIMIT');
    house.run(create('q', 'SELECT id FROM b'));
    house.run({ kind: 'drop-projection', name: 'p3' });
    house.run(create('r'));
  });

  it('are folded back from their rows', () => {
    const house = new KernelHouse();
    let { state } = house;
    for (const name of ['a', 'b']) house.run({ kind: 'create-table', definition: tableOf(name) });
    house.run(create('p'));
    house.run(create('q', 'SELECT n, COUNT(*) AS rows FROM a GROUP BY n'));
    house.run({ kind: 'drop-projection', name: 'p' });
    for (const event of house.events) state = evolve(state, event, nativeCrypto);
    expect(state).toEqual(house.state);
  });
});
