/** A log in memory: entries of 168 bytes, their tree, a key; and what it has published, on a simulated disk. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { MerkleTree, leafHash, signCheckpoint } from '@veritydb/merkle';
import { SimDisk } from '@veritydb/sim';
import { Publication, type SigningLog } from '@veritydb/transparency';
import { RECORD_HEADER_SIZE } from '@veritydb/types';

export interface MemoryLog extends SigningLog {
  readonly leaves: readonly Uint8Array[];
}

/** A log of so many entries. The same salt gives the same entries. */
export function memoryLog(count: number, salt = 0): MemoryLog {
  const seed = new Uint8Array(32).fill(9);
  const tree = new MerkleTree(nativeCrypto);
  const leaves: Uint8Array[] = [];
  for (let index = 0; index < count; index += 1) {
    const leaf = new Uint8Array(RECORD_HEADER_SIZE);
    new DataView(leaf.buffer).setUint32(0, index);
    leaf[4] = salt;
    leaves.push(leaf);
    tree.append(leafHash(nativeCrypto, leaf));
  }
  const origin = 'memory.example/log';
  return {
    origin,
    crypto: nativeCrypto,
    publicKey: nativeCrypto.ed25519PublicKey(seed),
    tree,
    leaves,
    signedCheckpoint: (size) =>
      signCheckpoint(nativeCrypto, { origin, size, root: tree.root(size) }, { name: origin, seed }),
  };
}

/** What a log has published up to a size. */
export function publicationOf(log: SigningLog, size: number): Publication {
  const publication = Publication.open(new SimDisk(), log);
  publication.replace(log.signedCheckpoint(size));
  return publication;
}
