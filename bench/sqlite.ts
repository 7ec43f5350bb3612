/**
 * The peer: better-sqlite3. It is compiled on installation, which takes minutes, and is no dependency of
 * the project: it is loaded from a folder of its own where it is installed.
 */

import { createRequire } from 'node:module';
import { join } from 'node:path';

export const SQLITE_INSTALLATION = 'npm install --prefix bench/peers';

export interface SqliteStatement {
  run(...values: readonly unknown[]): unknown;
  get(...values: readonly unknown[]): unknown;
  all(...values: readonly unknown[]): unknown[];
}

export interface SqliteDatabase {
  pragma(text: string): unknown;
  exec(text: string): unknown;
  prepare(text: string): SqliteStatement;
  transaction<Item>(work: (item: Item) => void): (item: Item) => void;
  close(): void;
}

type Constructor = new (path: string) => SqliteDatabase;

const require = createRequire(join(import.meta.dirname, 'peers', 'package.json'));

export function hasSqlite(): boolean {
  try {
    openSqlite(':memory:').close();
    return true;
  } catch {
    return false;
  }
}

/** A database in which a transaction that was acknowledged survives a loss of power. */
export function openSqlite(path: string): SqliteDatabase {
  const Database = require('better-sqlite3') as Constructor;
  const database = new Database(path);
  database.pragma('journal_mode = WAL');
  // Its own default for WAL is NORMAL, which syncs at checkpoints only.
  database.pragma('synchronous = FULL');
  return database;
}
