/** What a tenant's log takes of memory: log, index, checkpoints and tree of a million records. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { MerkleTree } from '@veritydb/merkle';

import { forgetfulDisk } from './forgetful-disk.ts';
import { appendWithCheckpoints, openLog } from './houses.ts';
import { collectGarbage } from './measure.ts';

export const LOG_MEMORY_NAME = 'log-memory';
const RECORD_COUNT = 1_000_000;
const MEGABYTES_MOST = 200;

/** The line for the report; it fails the run when more is taken than may be. */
export function measureLogMemory(): string {
  const before = bytesUsed();
  const tree = new MerkleTree(nativeCrypto);
  const log = openLog(forgetfulDisk());
  appendWithCheckpoints(log, RECORD_COUNT, (leafHash) => tree.append(leafHash));
  const megabytes = (bytesUsed() - before) / 1e6;
  log.close();
  if (tree.size !== RECORD_COUNT) throw new Error('the tree has another size than the log');
  if (megabytes > MEGABYTES_MOST) process.exitCode = 1;
  const verdict = megabytes > MEGABYTES_MOST ? 'ABOVE' : 'below';
  return `${LOG_MEMORY_NAME}: ${megabytes.toFixed(0)} MB for a million records, ${verdict} ${MEGABYTES_MOST} MB`;
}

function bytesUsed(): number {
  collectGarbage();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}
