/** Reads of a table of 20,000 rows in memory: by key, by text, by range. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { RowWrite } from '@veritydb/kernel';
import type { Offset } from '@veritydb/types';

import type { Benchmark, Contest, Side } from '../benchmark.ts';
import { type VisitHouse, insertVisits, openVisitHouse, visits } from '../houses.ts';
import { SQLITE_VISITS, toSqliteRow } from '../rows.ts';
import { type SqliteDatabase, openSqlite } from '../sqlite.ts';

const ROW_COUNT = 20_000;
/** So many that a round is not spent on what V8 compiles anew after each collection. */
const GET_COUNT = 100_000;
const RANGE_COUNT = 2000;
const RANGE_LENGTH = 100;
/** Coprime to the number of rows: every key comes once, in no order that a page would favour. */
const STRIDE = 7919;

export const pointGet: Benchmark = {
  name: 'point-get',
  ours: 'Snapshot.get by key',
  peer: 'SQLite, prepared get',
  unit: 'row',
  clock: 'cpu',
  goal: { of: 'ratio', floor: 1, stretch: 3 },
  needsSqlite: true,
  open: async (folder) =>
    openContest(folder, ({ handle, table }, sqlite) => {
      const prepared = sqlite.prepare('SELECT * FROM visits WHERE id = ?');
      const snapshot = handle.runtime.snapshot();
      return {
        ours: () => countKeys((key) => snapshot.get(table, [key])),
        peer: () => countKeys((key) => prepared.get(key)),
      };
    }),
};

export const textToRow: Benchmark = {
  name: 'text-to-row',
  ours: 'TenantHandle.query, plan by its text',
  peer: 'SQLite, prepare and get',
  unit: 'row',
  clock: 'cpu',
  goal: { of: 'ratio', floor: 1, stretch: 3 },
  needsSqlite: true,
  open: async (folder) =>
    openContest(folder, ({ handle }, sqlite) => ({
      async ours() {
        for (let index = 0; index < GET_COUNT; index += 1) {
          const rows = await handle.query('SELECT * FROM visits WHERE id = $1', [keyOf(index)]);
          if (rows.length !== 1) throw new Error('a row is missing');
        }
        return GET_COUNT;
      },
      peer: () => countKeys((key) => sqlite.prepare('SELECT * FROM visits WHERE id = ?').get(key)),
    })),
};

export const range: Benchmark = {
  name: 'range-100',
  ours: 'Snapshot.scan of 100 rows',
  peer: 'SQLite, prepared all() of 100 rows',
  unit: 'range',
  clock: 'cpu',
  goal: { of: 'ratio', floor: 0.7, stretch: 1.5 },
  needsSqlite: true,
  open: async (folder) =>
    openContest(folder, ({ handle, table }, sqlite) => {
      const prepared = sqlite.prepare('SELECT * FROM visits WHERE id >= ? AND id < ? ORDER BY id');
      const snapshot = handle.runtime.snapshot();
      return {
        ours: () =>
          countRanges((from) => [
            ...snapshot.scan(table, {
              kind: 'range',
              prefix: [],
              lower: { value: from, inclusive: true },
              upper: { value: from + RANGE_LENGTH, inclusive: false },
            }),
          ]),
        peer: () => countRanges((from) => prepared.all(from, from + RANGE_LENGTH)),
      };
    }),
};

const VERSION_COUNT = 100;
/** So few that their history is written in a minute. */
const VERSIONED_ROW_COUNT = 2000;

export const pointGetVersions: Benchmark = {
  name: 'point-get-versions',
  ours: `Snapshot.get, ${VERSION_COUNT} versions a row`,
  peer: 'the same, one version a row',
  unit: 'row',
  clock: 'cpu',
  goal: { of: 'ratio', floor: 0.67, stretch: 0.9 },
  async open(folder) {
    const many = await openVersions(join(folder, 'many'), VERSION_COUNT);
    const one = await openVersions(join(folder, 'one'), 1);
    const sideOf = ({ handle, table }: VisitHouse): Side => {
      const snapshot = handle.runtime.snapshot();
      return { run: () => countKeys((key) => snapshot.get(table, [key % VERSIONED_ROW_COUNT])) };
    };
    return {
      ours: sideOf(many),
      peer: sideOf(one),
      close() {
        for (const { verity } of [many, one]) verity.close();
      },
    };
  },
};

async function openVersions(folder: string, versionCount: number): Promise<VisitHouse> {
  mkdirSync(folder);
  const house = await openVisitHouse(folder);
  const { handle, table } = house;
  let expected: Offset | undefined;
  for (let version = 0; version < versionCount; version += 1) {
    const writes = visits(0, VERSIONED_ROW_COUNT, 500).map((row): RowWrite => {
      const values = row.with(6, version);
      return expected === undefined
        ? { event: 'insert', table: table.id, values }
        : { event: 'update', table: table.id, values, expected };
    });
    expected = (await handle.runtime.submit({ kind: 'write', writes })).offset;
  }
  return house;
}

interface Reading {
  readonly ours: () => number | Promise<number>;
  readonly peer: () => number;
}

async function openContest(
  folder: string,
  read: (house: VisitHouse, sqlite: SqliteDatabase) => Reading,
): Promise<Contest> {
  const rows = visits(0, ROW_COUNT, 500);
  const house = await openVisitHouse(folder);
  await insertVisits(house, rows);

  const sqlite = openSqlite(join(folder, 'peer.db'));
  sqlite.exec(SQLITE_VISITS);
  const insert = sqlite.prepare('INSERT INTO visits VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  sqlite.transaction((all: readonly (readonly unknown[])[]) => {
    for (const row of all) insert.run(...row);
  })(rows.map(toSqliteRow));

  const { ours, peer } = read(house, sqlite);
  return {
    ours: { run: ours },
    peer: { run: peer },
    close() {
      house.verity.close();
      sqlite.close();
    },
  };
}

function keyOf(index: number): number {
  return (index * STRIDE) % ROW_COUNT;
}

function countKeys(get: (key: number) => unknown): number {
  for (let index = 0; index < GET_COUNT; index += 1) {
    if (get(keyOf(index)) === undefined) throw new Error('a row is missing');
  }
  return GET_COUNT;
}

function countRanges(all: (from: number) => readonly unknown[]): number {
  for (let index = 0; index < RANGE_COUNT; index += 1) {
    const rows = all(keyOf(index) % (ROW_COUNT - RANGE_LENGTH));
    if (rows.length !== RANGE_LENGTH) throw new Error('a row is missing');
  }
  return RANGE_COUNT;
}
