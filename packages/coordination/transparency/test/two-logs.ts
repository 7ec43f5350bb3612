/** A log and a fork of it under one origin and key, a witness's key, and requests that a log would make. */

import { nativeCrypto } from '@veritydb/crypto/native';
import {
  MerkleTree,
  formatAddCheckpoint,
  formatVerifierKey,
  leafHash,
  signCheckpoint,
} from '@veritydb/merkle';
import { utf8Encode } from '@veritydb/types';

import type { SigningLog } from '../src/index.ts';

export const ORIGIN = 'log.example/a';
const SEED = new Uint8Array(32).fill(1);
const publicKey = nativeCrypto.ed25519PublicKey(SEED);
export const LOG_KEY: string = formatVerifierKey(nativeCrypto, ORIGIN, publicKey);

/** A log that grows when it is told to. Its first leaves are those of every branch. */
export class TestLog implements SigningLog {
  readonly origin: string = ORIGIN;
  readonly crypto: typeof nativeCrypto = nativeCrypto;
  readonly publicKey: Uint8Array = publicKey;
  readonly tree: MerkleTree = new MerkleTree(nativeCrypto);
  readonly #branch: string;
  readonly #forkAt: number;

  constructor(size: number, branch = '', forkAt: number = Number.POSITIVE_INFINITY) {
    this.#branch = branch;
    this.#forkAt = forkAt;
    this.grow(size);
  }

  grow(count: number): void {
    for (let index = this.tree.size, end = index + count; index < end; index += 1) {
      const text = index < this.#forkAt ? `${index}` : `${this.#branch}${index}`;
      this.tree.append(leafHash(nativeCrypto, utf8Encode(text)));
    }
  }

  signedCheckpoint(size: number): string {
    const checkpoint = { origin: ORIGIN, size, root: this.tree.root(size) };
    return signCheckpoint(nativeCrypto, checkpoint, { name: ORIGIN, seed: SEED });
  }

  /** The body of add-checkpoint. */
  request(oldSize: number, size: number): string {
    const proof = oldSize === 0 || oldSize > size ? [] : this.tree.consistencyProof(oldSize, size);
    return formatAddCheckpoint({ oldSize, proof, checkpoint: this.signedCheckpoint(size) });
  }
}
