/**
 * What does not grow with the log: a verified read and an inclusion proof of a log of a million records
 * against the same of ten thousand. The files are warm, every 1,000th record is a checkpoint.
 */

import { join } from 'node:path';

import { nativeCrypto } from '@veritydb/crypto/native';
import type { Log } from '@veritydb/log';
import { MerkleTree } from '@veritydb/merkle';
import { openNodeDisk } from '@veritydb/runtime';
import { toOffset } from '@veritydb/types';

import type { Benchmark, Side } from '../benchmark.ts';
import { appendWithCheckpoints, openLog } from '../houses.ts';

const LARGE = 1_000_000;
const SMALL = 10_000;
const READ_COUNT = 2000;
/** A prime, so that a walk in its steps comes to every part of a log before it comes back. */
const STEP = 611_953;

export const verifiedRead: Benchmark = {
  name: 'verified-read',
  ours: 'Log.readVerified, of 1,000,000 records',
  peer: 'the same, of 10,000 records',
  unit: 'read',
  clock: 'cpu',
  goal: { of: 'ratio', floor: 0.8, stretch: 0.95 },
  open(folder) {
    const large = openLog(openNodeDisk(join(folder, 'large')));
    const small = openLog(openNodeDisk(join(folder, 'small')));
    appendWithCheckpoints(large, LARGE);
    appendWithCheckpoints(small, SMALL);
    return {
      ours: reads(large),
      peer: reads(small),
      close() {
        large.close();
        small.close();
      },
    };
  },
};

function reads(log: Log): Side {
  let at = 0;
  return {
    run() {
      for (let count = 0; count < READ_COUNT; count += 1) {
        at = (at + STEP) % log.nextOffset;
        log.readVerified(toOffset(at));
      }
      return READ_COUNT;
    },
  };
}

export const inclusionProof: Benchmark = {
  name: 'inclusion-proof',
  ours: 'MerkleTree, of 1,000,000 leaves',
  peer: 'the same, of 10,000 leaves',
  unit: 'proof',
  clock: 'cpu',
  goal: { of: 'rate', floor: 1000, stretch: 10_000 },
  open: () => ({ ours: proofs(LARGE), peer: proofs(SMALL) }),
};

function proofs(size: number): Side {
  const tree = new MerkleTree(nativeCrypto);
  const leaf = new Uint8Array(32);
  const view = new DataView(leaf.buffer);
  for (let index = 0; index < size; index += 1) {
    view.setUint32(0, index);
    tree.append(leaf);
  }
  let at = 0;
  return {
    run() {
      for (let count = 0; count < READ_COUNT; count += 1) {
        at = (at + STEP) % size;
        tree.inclusionProof(at);
      }
      return READ_COUNT;
    },
  };
}
