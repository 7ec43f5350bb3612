/**
 * A whole write: 1,024 callers, each inserting one row of eight fields about a data subject, through
 * kernel, commitments, encryption, leaf and store. The peer inserts the same rows, with a SHA-256 chain
 * over their JSON, in the same batches: it proves less and hides nothing.
 */

import { join } from 'node:path';

import type { Row } from '@veritydb/types';

import type { Benchmark, Contest } from '../benchmark.ts';
import { openVisitHouse, visits } from '../houses.ts';
import { SQLITE_VISITS, toSqliteRow } from '../rows.ts';
import { Sha256Chain } from '../sha256-chain.ts';
import { openSqlite } from '../sqlite.ts';
import { groupCommit, runWriters } from '../writers.ts';

const WRITER_COUNT = 1024;
/** A round has its share of what comes every so often: checkpoint records, and a flush of the store. */
const ROW_COUNT = 12 * WRITER_COUNT;
const PATIENT_COUNT = 500;

const GOAL = { of: 'ratio', floor: 0.5, stretch: 1 } as const;

export const durableWrite: Benchmark = {
  name: 'durable-write',
  ours: 'insert of 8 fields, 500 data subjects',
  peer: 'SQLite FULL, SHA-256 chain, same',
  unit: 'row',
  clock: 'wall',
  goal: GOAL,
  needsSqlite: true,
  open: async (folder) => openContest(folder, PATIENT_COUNT),
};

/** The dearest write: a key of its own is made, wrapped and stored for each row. */
export const durableWriteNewSubjects: Benchmark = {
  name: 'durable-write-new-subjects',
  ours: 'the same, each of a new data subject',
  peer: 'SQLite FULL, SHA-256 chain, same',
  unit: 'row',
  clock: 'wall',
  goal: GOAL,
  needsSqlite: true,
  open: async (folder) => openContest(folder, Number.MAX_SAFE_INTEGER),
};

async function openContest(folder: string, patientCount: number): Promise<Contest> {
  const house = await openVisitHouse(folder);
  const { handle, table, verity } = house;
  let oursNext = 0;
  let ourRows: readonly Row[] = [];

  const sqlite = openSqlite(join(folder, 'peer.db'));
  sqlite.exec(SQLITE_VISITS.replace('id INTEGER PRIMARY KEY', '$& , hash BLOB'));
  const insert = sqlite.prepare(
    'INSERT INTO visits (id, patient, seen, kind, code, description, cost, urgent, hash)' +
      ' VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const chain = new Sha256Chain();
  const insertAll = sqlite.transaction((batch: readonly (readonly unknown[])[]) => {
    for (const row of batch) {
      chain.pushText(JSON.stringify(row));
      insert.run(...row, chain.head);
    }
  });
  const write = groupCommit(insertAll);
  let peerNext = 0;
  let peerRows: readonly (readonly unknown[])[] = [];

  return {
    ours: {
      before() {
        ourRows = visits(oursNext, ROW_COUNT, patientCount);
        oursNext += ROW_COUNT;
      },
      run: async () =>
        runWriters(ourRows, WRITER_COUNT, async (values) =>
          handle.runtime.submit({
            kind: 'write',
            writes: [{ event: 'insert', table: table.id, values }],
          }),
        ),
    },
    peer: {
      before() {
        peerRows = visits(peerNext, ROW_COUNT, patientCount).map(toSqliteRow);
        peerNext += ROW_COUNT;
      },
      run: async () => runWriters(peerRows, WRITER_COUNT, write),
    },
    close() {
      verity.close();
      sqlite.close();
    },
  };
}
