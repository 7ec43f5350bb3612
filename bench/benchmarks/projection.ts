/**
 * What a projection costs who writes: the same rows into a table on which one rests, which joins each to one
 * of five wards and groups them, and into a table without.
 */

import { join } from 'node:path';

import type { Row } from '@veritydb/types';

import type { Benchmark, Contest, Side } from '../benchmark.ts';
import { type VisitHouse, openVisitHouse, visits } from '../houses.ts';
import { runWriters } from '../writers.ts';

const WRITER_COUNT = 1024;
const ROW_COUNT = 4 * WRITER_COUNT;
const PATIENT_COUNT = 500;
/** As many as a visit has kinds, and more that nobody visits. */
const WARDS = ['ambulatory', 'emergency', 'inpatient', 'wellness', 'closed'];

const PROJECTION = `CREATE PROJECTION ward_costs AS
  SELECT w.floor, COUNT(v.id) AS visits, SUM(v.cost) AS cost
  FROM wards w LEFT JOIN visits v ON v.kind = w.kind GROUP BY w.floor`;

export const projectionWrite: Benchmark = {
  name: 'projection-write',
  ours: 'insert of 8 fields, and a projection of a join with GROUP BY',
  peer: 'the same without the projection',
  unit: 'row',
  clock: 'cpu',
  goal: { of: 'ratio', floor: 0.3, stretch: 0.6 },
  open: openContest,
};

async function openContest(folder: string): Promise<Contest> {
  const [ours, peer] = [await openHouse(folder, 'with'), await openHouse(folder, 'without')];
  await ours.handle.execute(PROJECTION);
  return {
    ours: inserts(ours),
    peer: inserts(peer),
    close() {
      ours.verity.close();
      peer.verity.close();
    },
  };
}

async function openHouse(folder: string, name: string): Promise<VisitHouse> {
  const house = await openVisitHouse(join(folder, name));
  await house.handle.execute('CREATE TABLE wards (kind TEXT PRIMARY KEY, floor INTEGER)');
  for (const [floor, kind] of WARDS.entries()) {
    await house.handle.execute('INSERT INTO wards VALUES ($1, $2)', [kind, floor]);
  }
  return house;
}

function inserts({ handle, table }: VisitHouse): Side {
  let next = 0;
  let rows: readonly Row[] = [];
  return {
    before() {
      rows = visits(next, ROW_COUNT, PATIENT_COUNT);
      next += ROW_COUNT;
    },
    run: async () =>
      runWriters(rows, WRITER_COUNT, async (values) =>
        handle.runtime.submit({
          kind: 'write',
          writes: [{ event: 'insert', table: table.id, values }],
        }),
      ),
  };
}
