/** A projection: who lies where, and what a ward costs, kept as rows are written and asked as a table. */

import type { Verity } from '@veritydb/verity';

export interface WardCosts {
  readonly ward: string;
  readonly stays: bigint;
  readonly days: bigint | null;
}

/** What the wards came to: before a patient was moved, and after. */
export interface Costs {
  readonly before: readonly WardCosts[];
  readonly after: readonly WardCosts[];
}

export async function wardCosts(verity: Verity): Promise<Costs> {
  const tenant = verity.tenant(1);
  await tenant.execute('CREATE TABLE wards (id INTEGER PRIMARY KEY, name TEXT NOT NULL)');
  await tenant.execute(
    `CREATE TABLE stays (
       id INTEGER PRIMARY KEY, ward INTEGER, patient TEXT NOT NULL, days INTEGER, DATA SUBJECT patient)`,
  );
  await tenant.execute(
    `CREATE PROJECTION ward_costs AS
       SELECT w.name AS ward, COUNT(s.id) AS stays, SUM(s.days) AS days
       FROM wards w LEFT JOIN stays s ON s.ward = w.id
       GROUP BY w.name`,
  );
  await tenant.execute("INSERT INTO wards VALUES (3, 'north'), (4, 'south')");
  const { position } = await tenant.execute(
    "INSERT INTO stays VALUES (1, 3, 'p1', 5), (2, 3, 'p2', 2)",
  );
  // The row and what is made of it change in one commit.
  await tenant.execute('UPDATE stays SET ward = 4 WHERE id = 1');
  const sql = 'SELECT * FROM ward_costs ORDER BY ward';
  return {
    before: await tenant.queryAt<WardCosts>(position, sql),
    after: await tenant.query<WardCosts>(sql),
  };
}
