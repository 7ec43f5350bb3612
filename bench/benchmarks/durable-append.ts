/** 1,024 writers, each waiting for its own record to be durable; one group commit serves both sides. */

import { join } from 'node:path';

import { openNodeDisk } from '@veritydb/runtime';

import type { Benchmark } from '../benchmark.ts';
import { openLog, payloads, recordStamper } from '../houses.ts';
import { Sha256Chain } from '../sha256-chain.ts';
import { openSqlite } from '../sqlite.ts';
import { groupCommit, runWriters } from '../writers.ts';

const WRITER_COUNT = 1024;
const RECORD_COUNT = 20 * WRITER_COUNT;

export const durableAppend: Benchmark = {
  name: 'durable-append',
  ours: 'Log, 1,024 writers, group commit',
  peer: 'SQLite FULL, SHA-256 chain, same',
  unit: 'record',
  clock: 'wall',
  goal: { of: 'ratio', floor: 1.5, stretch: 2.3 },
  needsSqlite: true,
  open(folder) {
    const bytes = payloads(RECORD_COUNT);
    const stamp = recordStamper();
    const log = openLog(openNodeDisk(join(folder, 'log')));
    const append = groupCommit<Uint8Array>((batch) => log.append(batch.map(stamp)));

    const sqlite = openSqlite(join(folder, 'peer.db'));
    sqlite.exec('CREATE TABLE log (position INTEGER PRIMARY KEY, payload BLOB, hash BLOB)');
    const insert = sqlite.prepare('INSERT INTO log (payload, hash) VALUES (?, ?)');
    const chain = new Sha256Chain();
    const insertAll = sqlite.transaction((batch: readonly Uint8Array[]) => {
      for (const payload of batch) {
        chain.push(payload);
        insert.run(payload, chain.head);
      }
    });
    const write = groupCommit(insertAll);
    return {
      ours: { run: async () => runWriters(bytes, WRITER_COUNT, append) },
      peer: { run: async () => runWriters(bytes, WRITER_COUNT, write) },
      close() {
        log.close();
        sqlite.close();
      },
    };
  },
};
