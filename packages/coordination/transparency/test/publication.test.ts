import { TILE_WIDTH, encodeTile, tilesOf } from '@veritydb/merkle';
import { SimDisk } from '@veritydb/sim';
import { codeOf } from '@veritydb/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Publication } from '../src/index.ts';
import { TestLog } from './two-logs.ts';
import { VolatileNames } from './volatile-names.ts';

const log = new TestLog(600);

describe('a publication', () => {
  test('begins with nothing, and covers nothing', () => {
    const publication = Publication.open(new SimDisk(), log);
    expect(publication.newest).toBeNull();
    expect(publication.covers({ level: 0, index: 0, width: 1 })).toBe(false);
  });

  // S143: what is published is signed by the log (Ed25519); an unsigned or changed one does not open.
  test('is there when it is opened again, and never goes back', () => {
    const disk = new SimDisk();
    const publication = Publication.open(disk, log);
    publication.replace(log.signedCheckpoint(300));
    expect(codeOf(() => publication.replace(log.signedCheckpoint(299)))).toBe('ERR_ASSERTION');
    const other = new TestLog(600, 'fork', 10);
    expect(codeOf(() => publication.replace(other.signedCheckpoint(400)))).toBe('ERR_ASSERTION');
    expect(Publication.open(disk, log).newest).toEqual({
      note: log.signedCheckpoint(300),
      size: 300,
      root: log.tree.root(300),
    });
  });

  test('of a log that is shorter now, or another, does not open', () => {
    const disk = new SimDisk();
    Publication.open(disk, log).replace(log.signedCheckpoint(300));
    const cut = () => Publication.open(disk, new TestLog(299));
    const forked = () => Publication.open(disk, new TestLog(600, 'fork', 299));
    expect([codeOf(cut), codeOf(forked)]).toEqual([
      'ERR_TRANSPARENCY_ROLLBACK',
      'ERR_TRANSPARENCY_ROLLBACK',
    ]);
    disk.flipBit('checkpoint', 3, 0);
    expect(codeOf(() => Publication.open(disk, log))).toBe('ERR_TRANSPARENCY_PUBLISHED');
  });

  // A name that was changed in memory alone is read like any other, until the power goes.
  test('that is served after a restart is not undone by a loss of power', () => {
    const disk = new SimDisk();
    Publication.open(disk, log).replace(log.signedCheckpoint(10));
    const names = new VolatileNames(disk);
    const first = Publication.open(names, log);
    names.keepsNames = false;
    expect(() => {
      first.replace(log.signedCheckpoint(20));
    }).toThrow();
    names.keepsNames = true;
    const served = Publication.open(names, log).newest?.size ?? 0;
    names.losePower();
    expect(Publication.open(names, log).newest?.size ?? 0).toBeGreaterThanOrEqual(served);
  });

  test('opens on a disk that is full', () => {
    const disk = new SimDisk();
    Publication.open(disk, log).replace(log.signedCheckpoint(10));
    disk.fillAt(0);
    expect(Publication.open(disk, log).newest?.size).toBe(10);
  });

  test('covers the tiles of every size up to its own, and no more', () => {
    const publication = Publication.open(new SimDisk(), log);
    publication.replace(log.signedCheckpoint(300));
    for (const tile of tilesOf(300)) {
      expect(publication.hashTile(tile)).toEqual(encodeTile(log.tree, tile));
    }
    const level = fc.oneof(fc.nat(2), fc.constant('entries' as const));
    const width = fc.integer({ min: 1, max: TILE_WIDTH });
    fc.assert(
      fc.property(level, fc.nat(3), width, (one, index, some) => {
        const tile = { level: one, index, width: some };
        const leaves = (index * 256 + some) * (one === 'entries' ? 1 : 256 ** one);
        expect(publication.covers(tile)).toBe(leaves <= 300);
      }),
    );
  });

  test('survives a crash at any call as what it was or what it was to be', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(), (calls, seed) => {
        const disk = new SimDisk();
        const publication = Publication.open(disk, log);
        publication.replace(log.signedCheckpoint(10));
        disk.failAfter(calls);
        let isReplaced = true;
        try {
          publication.replace(log.signedCheckpoint(20));
        } catch {
          isReplaced = false;
        }
        expect(publication.newest?.size).toBe(isReplaced ? 20 : 10);
        disk.crash(seed);
        const size = Publication.open(disk, log).newest?.size ?? 0;
        expect(isReplaced ? [20] : [10, 20]).toContain(size);
      }),
    );
  });
});
