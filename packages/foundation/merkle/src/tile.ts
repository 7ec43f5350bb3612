/**
 * Tiles (C2SP tlog-tiles): the tree and its entries as files of a fixed form, for those who compute
 * roots and proofs by themselves.
 *
 * A tile of level L and index N holds up to 256 hashes: node (8 L, 256 N + i) for i from 0. An entry
 * bundle holds the entries of a tile of level 0, each after its size as a big-endian u16. What a tile
 * says is only as good as the signed root that it leads to.
 */

import type { Crypto } from '@veritydb/crypto';
import { HASH_SIZE, type Hash, assert, concatBytes } from '@veritydb/types';

import { MerkleError } from './error.ts';
import { emptyRoot, treeRoot } from './hash.ts';
import { type NodeReader, consistencyPath, inclusionPath, subtreeHash } from './paths.ts';
import type { MerkleTree } from './tree.ts';

/** Hashes of a full tile. */
export const TILE_WIDTH = 256;
/** Levels of the tree that one level of tiles spans. */
const TILE_HEIGHT = 8;
/** The standard allows 63; sizes are safe integers, and 256^6 leaves are more than 2^47. */
const LEVEL_MAX = 6;
const ENTRY_SIZE_MAX = 65_535;
const PATH_LENGTH_MAX = 64;

export interface Tile {
  /** Level of a hash tile, or `entries` for an entry bundle. */
  readonly level: number | 'entries';
  readonly index: number;
  /** 1 to 256; below 256 the tile is partial. */
  readonly width: number;
}

/** `tile/0/x001/x234/067`, with `.p/8` behind it where it is partial. */
export function formatTilePath({ level, index, width }: Tile): string {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  const path = groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`));
  return `tile/${level}/${path.join('/')}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** @throws {MerkleError} ERR_MERKLE_TILE */
export function parseTilePath(path: string): Tile {
  // Attacker-controlled: bounded before it is looked at.
  const match =
    path.length > PATH_LENGTH_MAX
      ? null
      : /^tile\/(0|[1-9][0-9]?|entries)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(
          path,
        );
  if (match === null) throw refused('the path of a tile is malformed');
  const [, levelText, groups = '', widthText] = match;
  const level: Tile['level'] = levelText === 'entries' ? levelText : Number(levelText);
  const index = Number(groups.replaceAll(/[x/]/g, ''));
  const width = widthText === undefined ? TILE_WIDTH : Number(widthText);
  if (width > TILE_WIDTH || (widthText !== undefined && width === TILE_WIDTH)) {
    throw refused('the width of a partial tile is not from 1 to 255');
  }
  if (level !== 'entries' && level > LEVEL_MAX) throw refused('the level is above any tree');
  const tile: Tile = { level, index, width };
  if (!Number.isSafeInteger(leavesUnder(tile))) throw refused('the index is out of range');
  // One path for each tile: no leading groups of zeros.
  if (formatTilePath(tile) !== path) throw refused('the index has leading zeros');
  return tile;
}

/** Leaves that a tree must have for this tile to be in it. */
export function leavesUnder({ level, index, width }: Tile): number {
  return (index * TILE_WIDTH + width) * TILE_WIDTH ** (level === 'entries' ? 0 : level);
}

/** The hash tiles of a tree of a size, from level 0 up, full and partial. */
export function* tilesOf(size: number): Iterable<Tile & { readonly level: number }> {
  let nodes = size;
  for (let level = 0; nodes > 0; level += 1) {
    const full = Math.floor(nodes / TILE_WIDTH);
    for (let index = 0; index < full; index += 1) yield { level, index, width: TILE_WIDTH };
    if (nodes % TILE_WIDTH > 0) yield { level, index: full, width: nodes % TILE_WIDTH };
    nodes = full;
  }
}

/** The bytes of a hash tile. Requires that the tree has its leaves. */
export function encodeTile(tree: MerkleTree, { level, index, width }: Tile): Uint8Array {
  assert(level !== 'entries', 'an entry bundle holds no hashes');
  return tree.nodes(level * TILE_HEIGHT, index * TILE_WIDTH, width);
}

/** Requires at most 256 entries of at most 65,535 bytes. */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  assert(entries.length <= TILE_WIDTH, 'an entry bundle has at most 256 entries');
  const parts = entries.flatMap((entry) => {
    assert(entry.length <= ENTRY_SIZE_MAX, 'an entry is at most 65,535 bytes');
    return [new Uint8Array([entry.length >> 8, entry.length & 0xff]), entry];
  });
  return concatBytes(...parts);
}

/**
 * The entries of a bundle of a width.
 *
 * @throws {MerkleError} ERR_MERKLE_TILE
 */
export function decodeEntryBundle(bytes: Uint8Array, width: number): readonly Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  for (; entries.length < width && at + 2 <= bytes.length;) {
    const size = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    const entry = bytes.slice(at + 2, at + 2 + size);
    if (entry.length < size) break;
    entries.push(entry);
    at += 2 + size;
  }
  if (entries.length === width && at === bytes.length) return entries;
  throw refused('the entry bundle does not hold as many whole entries as it says');
}

/** Where tiles are read: a folder, a cache, or what was fetched before. */
export type TileReader = (tile: Tile & { readonly level: number }) => Uint8Array;

/** A tree that is known by its tiles alone. What it says must be compared with a signed root. */
export class TiledTree {
  readonly size: number;
  readonly #crypto: Crypto;
  readonly #read: TileReader;

  constructor(crypto: Crypto, size: number, read: TileReader) {
    this.size = size;
    this.#crypto = crypto;
    this.#read = read;
  }

  /** A complete node: the root of the hashes below it in the tile that spans its level. */
  readonly #node: NodeReader = (level, index) => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const count = 2 ** (level % TILE_HEIGHT);
    const first = index * count;
    const place = Math.floor(first / TILE_WIDTH);
    const nodes = Math.floor(this.size / TILE_WIDTH ** tileLevel);
    const width = Math.min(TILE_WIDTH, nodes - place * TILE_WIDTH);
    const bytes = this.#read({ level: tileLevel, index: place, width });
    if (bytes.length !== width * HASH_SIZE) throw refused('a tile has another width');
    const start = first % TILE_WIDTH;
    const hashes = Array.from({ length: count }, (_, at) =>
      bytes.subarray((start + at) * HASH_SIZE, (start + at + 1) * HASH_SIZE),
    );
    return treeRoot(this.#crypto, hashes);
  };

  /** @throws {MerkleError} ERR_MERKLE_TILE */
  root(): Hash {
    if (this.size === 0) return emptyRoot(this.#crypto);
    return subtreeHash(this.#crypto, this.#node, 0, this.size);
  }

  /** @throws {MerkleError} ERR_MERKLE_TILE */
  inclusionProof(index: number): readonly Hash[] {
    return inclusionPath(this.#crypto, this.#node, index, this.size);
  }

  /** @throws {MerkleError} ERR_MERKLE_TILE */
  consistencyProof(oldSize: number): readonly Hash[] {
    return consistencyPath(this.#crypto, this.#node, oldSize, this.size);
  }
}

function refused(what: string): MerkleError {
  return new MerkleError('format', 'ERR_MERKLE_TILE', `tile is refused: ${what}`, {
    hint: 'paths read tile/LEVEL/INDEX[.p/WIDTH], see c2sp.org/tlog-tiles',
  });
}
