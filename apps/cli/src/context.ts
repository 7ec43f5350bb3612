/** What every command needs: where to write, which folder is meant, and the way to its database. */

import type { JsonValue } from '@veritydb/types';

import { type Connection, openConnection } from './connection.ts';
import { formatJson } from './escape.ts';
import type { Terminal } from './terminal.ts';
import { readTextFile } from './text-file.ts';

/** Exit codes: 0 done, 1 refused or failed, 2 not a command that there is, 3 a bundle that cannot be read. */
export type ExitCode = 0 | 1 | 2 | 3;

export interface GlobalOptions {
  readonly data?: string;
  readonly json?: boolean;
  readonly ca?: string;
}

const FOLDER_DEFAULT = '.verity';

export class CommandContext {
  readonly terminal: Terminal;
  readonly #globals: () => GlobalOptions;
  /** Set by a command that ran and whose answer is "no": a policy with errors, a bundle that fails. */
  exitCode: ExitCode = 0;

  constructor(terminal: Terminal, globals: () => GlobalOptions) {
    this.terminal = terminal;
    this.#globals = globals;
  }

  /** Flag before environment before default. */
  get folder(): string {
    return this.#globals().data ?? this.terminal.environment['VERITYD_DATA'] ?? FOLDER_DEFAULT;
  }

  get isJson(): boolean {
    return this.#globals().json === true;
  }

  /** Certificates that the server's may lead to: flag before environment. */
  async authorities(): Promise<string | null> {
    const path = this.#globals().ca ?? this.terminal.environment['VERITY_CA'];
    return path === undefined ? null : readTextFile(path);
  }

  /** Data: JSON for machines, or the text made for people. */
  show(value: JsonValue, text: () => string): void {
    this.terminal.writeOut(`${this.isJson ? formatJson(value) : text()}\n`);
  }

  /** What is said about the data; machines are told by the JSON alone. */
  say(text: string): void {
    if (!this.isJson) this.terminal.writeError(`${text}\n`);
  }

  /** Runs work on a connection that is closed whatever happens. */
  async connect<Answer>(
    work: (connection: Connection) => Promise<Answer>,
    folder: string = this.folder,
  ): Promise<Answer> {
    const { environment } = this.terminal;
    const authorities = await this.authorities();
    const connection = await openConnection(folder, { environment, authorities });
    try {
      return await work(connection);
    } finally {
      await connection.close();
    }
  }
}
