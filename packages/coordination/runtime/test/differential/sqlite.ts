/** SQLite, in WebAssembly: the peer whose answers are compared. */

import init, { type Database } from '@sqlite.org/sqlite-wasm';

const sqlite = await init();
// It tells the console of every statement that it refuses.
Object.assign(sqlite.config, { error: () => undefined, warn: () => undefined });

export class Sqlite {
  readonly #database: Database = new sqlite.oo1.DB(':memory:', 'c');

  constructor() {
    // LIKE minds case here.
    this.#database.exec('PRAGMA case_sensitive_like = ON');
  }

  /** The rows that a statement answers, or null where it is refused. */
  run(sql: string): readonly (readonly unknown[])[] | null {
    try {
      return this.#database.exec({ sql, returnValue: 'resultRows', rowMode: 'array' });
    } catch {
      return null;
    }
  }

  close(): void {
    this.#database.close();
  }
}
