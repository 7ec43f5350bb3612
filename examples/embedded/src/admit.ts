/** A ward that embeds the database: patients are admitted, asked for, and asked for as they were. */

import type { Verity } from '@veritydb/verity';

export interface Patient {
  readonly id: string;
  readonly name: string;
  readonly ward: number;
}

/** What the ward saw: now, before the move, and as it happened. */
export interface Story {
  readonly now: readonly Patient[];
  readonly before: readonly Patient[];
  readonly happened: readonly string[];
}

export async function admit(verity: Verity): Promise<Story> {
  const tenant = verity.tenant(1);
  await tenant.execute(
    'CREATE TABLE patients (id TEXT NOT NULL PRIMARY KEY, name TEXT DATA CLASS direct_id, ward INTEGER, DATA SUBJECT id)',
  );
  const { position } = await tenant.execute('INSERT INTO patients VALUES ($1, $2, $3)', [
    'p1',
    'Ada Lovelace',
    3,
  ]);
  // Both or neither, in one record of the log.
  await tenant.batch([
    { sql: 'UPDATE patients SET ward = ? WHERE id = ?', parameters: [4, 'p1'] },
    { sql: 'INSERT INTO patients VALUES (?, ?, ?)', parameters: ['p2', 'Grace Hopper', 3] },
  ]);
  const happened: string[] = [];
  const enough = new AbortController();
  for await (const { rows } of tenant.subscribe(0, enough.signal)) {
    for (const { event, row } of rows) happened.push(`${event} ${row?.['name'] as string}`);
    if (happened.length === 3) enough.abort();
  }
  return {
    now: await tenant.query<Patient>('SELECT * FROM patients ORDER BY id'),
    before: await tenant.queryAt<Patient>(position, 'SELECT * FROM patients WHERE id = ?', ['p1']),
    happened,
  };
}
