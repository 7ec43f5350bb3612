import { nativeCrypto } from '@veritydb/crypto/native';
import {
  MerkleTree,
  type Tile,
  TiledTree,
  decodeEntryBundle,
  encodeEntryBundle,
  encodeTile,
  formatTilePath,
  leafHash,
  leavesUnder,
  parseTilePath,
  tilesOf,
  verifyConsistency,
  verifyInclusion,
} from '@veritydb/merkle';
import { codeOf } from '@veritydb/testkit';
import { bytesToHex, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hasShared, sharedBytes, sharedText } from '../../types/test/shared-vectors.ts';
import { mth } from './recursive-tree.ts';

const LEAVES_COUNT = 70_000;
const TREE = new MerkleTree(nativeCrypto);
for (let index = 0; index < LEAVES_COUNT; index += 1) {
  TREE.append(leafHash(nativeCrypto, utf8Encode(String(index))));
}

/** The tiles of a size as files, and nothing else. */
function tiledTree(size: number): TiledTree {
  const files = new Map<string, Uint8Array>();
  for (const tile of tilesOf(size)) files.set(formatTilePath(tile), encodeTile(TREE, tile));
  return new TiledTree(nativeCrypto, size, (tile) => {
    const bytes = files.get(formatTilePath(tile));
    if (bytes === undefined) throw new Error(`no tile ${formatTilePath(tile)}`);
    return bytes;
  });
}

describe('paths', () => {
  test.each<[path: string, level: Tile['level'], index: number, width: number]>([
    // C2SP tlog-tiles, Merkle Tree.
    ['tile/0/x001/x234/067', 0, 1_234_067, 256],
    ['tile/0/000', 0, 0, 256],
    ['tile/0/273.p/112', 0, 273, 112],
    ['tile/2/000.p/1', 2, 0, 1],
    ['tile/entries/x001/000.p/255', 'entries', 1000, 255],
  ])('%s', (path, level, index, width) => {
    expect(parseTilePath(path)).toEqual({ level, index, width });
    expect(formatTilePath({ level, index, width })).toBe(path);
  });

  test.each([
    '',
    'tile',
    'tile/0/',
    '/tile/0/000',
    'tile/0/0',
    'tile/0/1000',
    'tile/0/x000/001',
    'tile/0/x001/x002',
    'tile/0/001/002',
    'tile/00/000',
    'tile/7/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/0/000.p/1/',
    'tile/data/000',
    'tile/0/x999/x999/x999/x999/x999/999',
    `tile/0/${'x001/'.repeat(20)}000`,
    'tile/0/٠٠٠',
  ])('refused: %s', (path) => {
    expect(codeOf(() => parseTilePath(path))).toBe('ERR_MERKLE_TILE');
  });

  test('every tile has one path, and every path that is taken is that of its tile', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.nat(6), fc.constant('entries' as const)),
        fc.nat(2 ** 31),
        fc.integer({ min: 1, max: 256 }),
        (level, index, width) => {
          const tile = { level, index, width };
          fc.pre(Number.isSafeInteger(leavesUnder(tile)));
          expect(parseTilePath(formatTilePath(tile))).toEqual(tile);
        },
      ),
    );
    const path = fc.oneof(
      fc.string(),
      fc.stringMatching(/^tile\/[0-9a-z]{1,3}\/(x[0-9]{3}\/){0,4}[0-9]{3}(\.p\/[0-9]{1,3})?$/),
    );
    fc.assert(
      fc.property(path, (text) => {
        const code = codeOf(() => expect(formatTilePath(parseTilePath(text))).toBe(text));
        expect(['none', 'ERR_MERKLE_TILE']).toContain(code);
      }),
      { numRuns: 500 },
    );
  });
});

describe('tiles of a tree', () => {
  test('of 70,000 and of 256 leaves, as C2SP tlog-tiles counts them', () => {
    const of = (size: number, level: number) =>
      [...tilesOf(size)].filter((tile) => tile.level === level).map(({ width }) => width);
    expect(of(70_000, 0)).toEqual([...Array<number>(273).fill(256), 112]);
    expect(of(70_000, 1)).toEqual([256, 17]);
    expect(of(70_000, 2)).toEqual([1]);
    expect(of(70_000, 3)).toEqual([]);
    expect([...tilesOf(256)]).toEqual([
      { level: 0, index: 0, width: 256 },
      { level: 1, index: 0, width: 1 },
    ]);
    expect([...tilesOf(0)]).toEqual([]);
  });

  test('a hash of level 1 is the root of a full tile below it', () => {
    const tile = encodeTile(TREE, { level: 1, index: 0, width: 3 });
    const leaves = (from: number) =>
      Array.from({ length: 256 }, (_, at) => TREE.leafHash(from + at));
    for (const [at, hash] of [0, 1, 2].map((one) => [one, mth(leaves(one * 256))] as const)) {
      expect(bytesToHex(tile.slice(at * 32, at * 32 + 32))).toBe(bytesToHex(hash));
    }
  });

  test('roots and proofs from tiles alone are those of the tree', () => {
    const sizes = fc.oneof(fc.nat(700), fc.integer({ min: 1, max: LEAVES_COUNT }));
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (size, anyIndex, anyOld) => {
        const tiled = tiledTree(size);
        expect(tiled.root()).toEqual(TREE.root(size));
        if (size === 0) return;
        const [index, oldSize] = [anyIndex % size, (anyOld % size) + 1];
        const proof = tiled.inclusionProof(index);
        expect(proof).toEqual(TREE.inclusionProof(index, size));
        const root = tiled.root();
        const [hash, oldRoot] = [TREE.leafHash(index), TREE.root(oldSize)];
        verifyInclusion(nativeCrypto, { index, size, leafHash: hash, proof, root });
        const growth = tiled.consistencyProof(oldSize);
        expect(growth).toEqual(TREE.consistencyProof(oldSize, size));
        verifyConsistency(nativeCrypto, {
          oldSize,
          newSize: size,
          oldRoot,
          newRoot: root,
          proof: growth,
        });
      }),
      { numRuns: 60 },
    );
  });

  test('a tile of another width is refused, one of other hashes leads to another root', () => {
    const short = new TiledTree(nativeCrypto, 300, () => new Uint8Array(32));
    expect(codeOf(() => short.root())).toBe('ERR_MERKLE_TILE');
    const forged = new TiledTree(nativeCrypto, 300, (tile) => {
      const bytes = encodeTile(TREE, tile);
      bytes[0] = (bytes[0] as number) ^ 1;
      return bytes;
    });
    expect(forged.root()).not.toEqual(TREE.root(300));
  });

  test('what the tree has no leaves for is a bug of the caller', () => {
    for (const tile of [
      { level: 0, index: 273, width: 113 },
      { level: 1, index: 1, width: 18 },
      { level: 3, index: 0, width: 1 },
    ]) {
      expect(codeOf(() => encodeTile(TREE, tile))).toBe('ERR_ASSERTION');
    }
  });
});

describe('entry bundles', () => {
  test('sizes are big-endian, and come before the entry', () => {
    const entry = new Uint8Array(258).fill(7);
    const bundle = encodeEntryBundle([entry, new Uint8Array(0)]);
    expect(bundle.slice(0, 3)).toEqual(Uint8Array.of(1, 2, 7));
    expect(bundle.slice(-2)).toEqual(Uint8Array.of(0, 0));
    expect(decodeEntryBundle(bundle, 2)).toEqual([entry, new Uint8Array(0)]);
  });

  test('what is not as many whole entries is refused', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 });
    fc.assert(
      fc.property(entries, fc.nat(), fc.uint8Array({ maxLength: 40 }), (list, cut, noise) => {
        const bundle = encodeEntryBundle(list);
        expect(decodeEntryBundle(bundle, list.length)).toEqual(list);
        expect(codeOf(() => decodeEntryBundle(bundle, list.length + 1))).toBe('ERR_MERKLE_TILE');
        if (bundle.length > 0) {
          const short = bundle.slice(0, cut % bundle.length);
          expect(codeOf(() => decodeEntryBundle(short, list.length))).toBe('ERR_MERKLE_TILE');
        }
        expect(['none', 'ERR_MERKLE_TILE']).toContain(codeOf(() => decodeEntryBundle(noise, 3)));
      }),
    );
  });
});

describe.runIf(hasShared('vectors/tessera-tlog'))('a log of tessera', () => {
  const at = (name: string) => `vectors/tessera-tlog/log/${name}`;

  test('its tiles are those of the tree over its entries, at every size', () => {
    const tree = new MerkleTree(nativeCrypto);
    for (let size = 1; size <= 15; size += 1) {
      const path = (level: Tile['level']) => formatTilePath({ level, index: 0, width: size });
      const bundle = sharedBytes(at(path('entries')));
      const entries = decodeEntryBundle(bundle, size);
      expect(encodeEntryBundle(entries)).toEqual(bundle);
      tree.append(leafHash(nativeCrypto, entries[size - 1] as Uint8Array));
      const tile = sharedBytes(at(path(0)));
      expect(encodeTile(tree, { level: 0, index: 0, width: size })).toEqual(tile);
      const root = new TiledTree(nativeCrypto, size, () => tile).root();
      const [, sizeLine, rootLine] = sharedText(at(`checkpoint.${size}`)).split('\n');
      expect([sizeLine, rootLine]).toEqual([String(size), Buffer.from(root).toString('base64')]);
    }
  });
});
