/** The row of the benchmarks: eight fields, some 200 bytes, about a patient; the same for both sides. */

import { createHash } from 'node:crypto';

import type { Row, Value } from '@veritydb/types';

export const VISITS = `CREATE TABLE visits (
  id INTEGER PRIMARY KEY,
  patient UUID NOT NULL DATA CLASS direct_id,
  seen TIMESTAMP NOT NULL,
  kind TEXT NOT NULL,
  code TEXT NOT NULL,
  description TEXT NOT NULL,
  cost INTEGER NOT NULL,
  urgent BOOLEAN NOT NULL,
  DATA SUBJECT patient
)`;

export const SQLITE_VISITS = `CREATE TABLE visits (
  id INTEGER PRIMARY KEY,
  patient TEXT NOT NULL,
  seen INTEGER NOT NULL,
  kind TEXT NOT NULL,
  code TEXT NOT NULL,
  description TEXT NOT NULL,
  cost INTEGER NOT NULL,
  urgent INTEGER NOT NULL
)`;

const KINDS = ['ambulatory', 'emergency', 'inpatient', 'wellness'];
const FIRST_SEEN = 1_700_000_000_000_000n;

/** The visit of a number; the number of the patient says how many patients there are. */
export function visit(id: number, patient: number): Row {
  return [
    id,
    patientId(patient),
    FIRST_SEEN + BigInt(id) * 61_000_000n,
    KINDS[id % KINDS.length] as string,
    String(100_000 + ((id * 7919) % 900_000)),
    `Encounter for problem ${id % 977}, seen at the desk, sent on to the ward, told to come again`,
    (id * 37) % 10_000,
    id % 5 === 0,
  ];
}

/** A row as SQLite takes it: no big integers, no booleans. */
export function toSqliteRow(row: Row): readonly unknown[] {
  return row.map((value: Value) => {
    if (typeof value === 'bigint' || typeof value === 'boolean') return Number(value);
    return value;
  });
}

function patientId(patient: number): string {
  const hex = createHash('sha256').update(String(patient)).digest('hex');
  return [0, 8, 12, 16, 20]
    .map((start, index, starts) => hex.slice(start, starts[index + 1] ?? 32))
    .join('-');
}
