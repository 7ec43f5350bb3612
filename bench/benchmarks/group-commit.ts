/** 64 writers under way: what it brings that those who wait for the same disk share a sync. */

import { join } from 'node:path';

import type { Log } from '@veritydb/log';
import {
  type Replicator,
  SingleReplicator,
  type SyncPolicy,
  openNodeDisk,
  parseSyncPolicy,
  systemTimer,
} from '@veritydb/runtime';
import { toOffset } from '@veritydb/types';

import type { Benchmark, Side } from '../benchmark.ts';
import { openLog, payloads, recordStamper } from '../houses.ts';
import { runWriters } from '../writers.ts';

const WRITER_COUNT = 64;

export const groupCommit: Benchmark = {
  name: 'group-commit',
  ours: 'Log, 64 writers, group-commit:5ms',
  peer: 'the same, every-record',
  unit: 'record',
  clock: 'wall',
  goal: { of: 'ratio', floor: 20, stretch: 40 },
  open(folder) {
    const grouped = openLog(openNodeDisk(join(folder, 'grouped')));
    const single = openLog(openNodeDisk(join(folder, 'single')));
    return {
      ours: writers(grouped, parseSyncPolicy('group-commit:5ms'), 600 * WRITER_COUNT),
      peer: writers(single, parseSyncPolicy('every-record'), 16 * WRITER_COUNT),
      close() {
        grouped.close();
        single.close();
      },
    };
  },
};

function writers(log: Log, sync: SyncPolicy, count: number): Side {
  const replicator = replicatorOf(log, sync);
  const turns = Array.from({ length: count }, (_, index) => index);
  return {
    run: async () =>
      runWriters(turns, WRITER_COUNT, async () =>
        replicator.submit({ command: { kind: 'drop-table', name: '' }, idempotencyId: null }),
      ),
  };
}

/** The replicator of a tenant, over the bare log: each command is a record of 256 bytes. */
function replicatorOf(log: Log, sync: SyncPolicy): Replicator {
  const [payload = new Uint8Array(256)] = payloads(1);
  const stamp = recordStamper();
  return new SingleReplicator({
    sync,
    timer: systemTimer,
    commits: {
      commit(batch) {
        const records = batch.map(() => stamp(payload));
        const { firstOffset } = log.append(records);
        return records.map(({ timestamp }, index) => ({
          offset: toOffset(firstOffset + index),
          timestamp,
          chainHash: log.lastHash,
          rows: 0,
          duplicate: false,
        }));
      },
    },
  });
}
