/**
 * What a log has published: the newest checkpoint that its readers are to stand on, with the
 * cosignatures that it carries, durable beside the log, and the tiles of its tree.
 *
 * It never goes back: a smaller tree, or another root for a size, is not put in its place. A log that
 * is shorter than what was published, or another, does not open.
 */

import type { Crypto } from '@veritydb/crypto';
import type { Disk } from '@veritydb/log';
import {
  type Checkpoint,
  MerkleError,
  type MerkleTree,
  type Tile,
  encodeTile,
  formatVerifierKey,
  leavesUnder,
  verifyCheckpoint,
} from '@veritydb/merkle';
import { type Hash, assert, bytesEqual } from '@veritydb/types';

import { TransparencyError } from './error.ts';
import { confirmText, readText, replaceText } from './small-file.ts';

const FILE = 'checkpoint';

/** A log that signs checkpoints of itself. */
export interface SigningLog {
  readonly origin: string;
  readonly crypto: Crypto;
  readonly publicKey: Uint8Array;
  readonly tree: MerkleTree;
  /** A signed checkpoint of the first `size` leaves. */
  signedCheckpoint(size: number): string;
}

export interface PublishedCheckpoint {
  /** Signed note, cosignatures among its signatures. */
  readonly note: string;
  readonly size: number;
  readonly root: Hash;
}

export class Publication {
  readonly log: SigningLog;
  readonly #disk: Disk;
  #newest: PublishedCheckpoint | null;

  private constructor(disk: Disk, log: SigningLog, newest: PublishedCheckpoint | null) {
    this.log = log;
    this.#disk = disk;
    this.#newest = newest;
  }

  /** @throws {TransparencyError} ERR_TRANSPARENCY_PUBLISHED, ERR_TRANSPARENCY_ROLLBACK */
  static open(disk: Disk, log: SigningLog): Publication {
    if (!disk.exists(FILE)) return new Publication(disk, log, null);
    confirmText(disk, FILE);
    const note = readText(disk, FILE) ?? '';
    const { size, root } = readPublished(log, note);
    const { tree } = log;
    if (size > tree.size || !bytesEqual(tree.root(size), root)) {
      throw new TransparencyError(
        'verification',
        'ERR_TRANSPARENCY_ROLLBACK',
        `the log of ${tree.size} records does not begin with the ${size} that were published`,
        {
          hint: 'put the newest copy of the whole folder back: others hold the proof of what is missing',
        },
      );
    }
    return new Publication(disk, log, { note, size, root });
  }

  /** Null before the first was published. */
  get newest(): PublishedCheckpoint | null {
    return this.#newest;
  }

  /** Publishes a checkpoint of this log, durable on return. Requires that nothing goes back. */
  replace(note: string): void {
    const { size, root } = readPublished(this.log, note);
    assert(bytesEqual(this.log.tree.root(size), root), 'a checkpoint is of another tree');
    assert(size >= (this.#newest?.size ?? 0), 'a published checkpoint is larger');
    replaceText(this.#disk, FILE, note);
    this.#newest = { note, size, root };
  }

  /** Whether the newest published checkpoint covers all of a tile. */
  covers(tile: Tile): boolean {
    return leavesUnder(tile) <= (this.#newest?.size ?? 0);
  }

  /** The bytes of a hash tile. Requires that it is covered. */
  hashTile(tile: Tile): Uint8Array {
    assert(this.covers(tile), 'tile is beyond what was published');
    return encodeTile(this.log.tree, tile);
  }
}

function readPublished({ crypto, origin, publicKey }: SigningLog, note: string): Checkpoint {
  try {
    return verifyCheckpoint(crypto, note, formatVerifierKey(crypto, origin, publicKey));
  } catch (error) {
    if (!(error instanceof MerkleError)) throw error;
    throw new TransparencyError(
      'verification',
      'ERR_TRANSPARENCY_PUBLISHED',
      'the published checkpoint is damaged',
      {
        hint: `remove the file ${FILE} beside the log: a newer one will be published`,
        cause: error,
      },
    );
  }
}
