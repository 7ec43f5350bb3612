import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { admit, wardCosts } from '@veritydb/example-embedded';
import { Verity } from '@veritydb/verity';
import { expect, it } from 'vitest';

const STORY = {
  now: [
    { id: 'p1', name: 'Ada Lovelace', ward: 4 },
    { id: 'p2', name: 'Grace Hopper', ward: 3 },
  ],
  before: [{ id: 'p1', name: 'Ada Lovelace', ward: 3 }],
  happened: ['insert Ada Lovelace', 'update Ada Lovelace', 'insert Grace Hopper'],
};

it('runs in a folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'verity-'));
  try {
    Verity.create(folder, 'ward.example/verity');
    const verity = Verity.open(folder);
    expect(await admit(verity)).toEqual(STORY);
    verity.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('runs in memory', async () => {
  const verity = Verity.inMemory();
  expect(await admit(verity)).toEqual(STORY);
  verity.close();
});

it('S017: keeps a join with groups while rows are written', async () => {
  const verity = Verity.inMemory();
  const north = { ward: 'north', stays: 2n, days: 7n };
  expect(await wardCosts(verity)).toEqual({
    before: [north, { ward: 'south', stays: 0n, days: null }],
    after: [
      { ...north, stays: 1n, days: 2n },
      { ward: 'south', stays: 1n, days: 5n },
    ],
  });
  verity.close();
});
