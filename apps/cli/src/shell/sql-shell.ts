/**
 * The shell's mind: lines in, statements and commands of its own out. It reads no keys and draws no
 * prompt: whoever feeds it lines does.
 */

import { type JsonObject, type JsonValue, nearestName } from '@veritydb/types';

import type { Connection } from '../connection.ts';
import { CliError } from '../error.ts';
import { type CatalogueTable, readCatalogue } from '../import/catalogue.ts';
import { firstStatementLength } from '../import/split-statements.ts';

export interface ShellPorts {
  readonly connection: Connection;
  /** Shows the answer to a statement. */
  readonly show: (answer: JsonObject) => void;
  readonly say: (text: string) => void;
  readonly showError: (error: unknown) => void;
  /** Keeps what was typed. */
  readonly keep: (statement: string) => void;
}

const COMMANDS: readonly (readonly [name: string, meaning: string])[] = [
  ['\\d', 'tables;  \\d TABLE: its columns'],
  ['\\p', '\\p TEXT: the purpose of what follows, for the access records'],
  ['\\?', 'this list'],
  ['\\q', 'leave, as Ctrl-D does'],
];

/** What may be completed, beside the names of tables and columns. */
const KEYWORDS =
  'SELECT FROM WHERE AND OR NOT IN IS NULL LIKE BETWEEN ORDER BY ASC DESC LIMIT OFFSET GROUP HAVING DISTINCT COUNT SUM AVG MIN MAX CASE WHEN THEN ELSE END AS OF HISTORY DIFF INSERT INTO VALUES UPDATE SET DELETE CREATE TABLE INDEX DROP PRIMARY KEY DEFAULT CHECK UNIQUE RETURNING EXPLAIN TRUE FALSE'.split(
    ' ',
  );

export class SqlShell {
  readonly #ports: ShellPorts;
  #purpose: string;
  #buffer = '';
  /** Columns by table, as they were when last asked for. */
  #tables: ReadonlyMap<string, CatalogueTable> = new Map();
  isOver = false;
  /** Ends the wait for the answer that is awaited; null where none is. */
  #stopWaiting: (() => void) | null = null;

  constructor(ports: ShellPorts, purpose: string) {
    this.#ports = ports;
    this.#purpose = purpose;
  }

  /** Whether a statement has begun and not ended. */
  get isWaiting(): boolean {
    return this.#buffer.trim() !== '';
  }

  /** Whether an answer is awaited. */
  get isRunning(): boolean {
    return this.#stopWaiting !== null;
  }

  /** Forgets what was begun, and waits no longer for an answer. */
  cancel(): void {
    this.#buffer = '';
    this.#stopWaiting?.();
  }

  /** Takes one line; runs each statement that it ends. Errors are told, and end nothing. */
  async take(line: string): Promise<void> {
    if (!this.isWaiting && line.trimStart().startsWith('\\')) {
      await this.#told(async () => this.#command(line.trim()));
      return;
    }
    this.#buffer += `${line}\n`;
    for (;;) {
      const length = firstStatementLength(this.#buffer);
      if (length === null) return;
      const statement = this.#buffer.slice(0, length);
      this.#buffer = this.#buffer.slice(length).trimStart();
      await this.#told(async () => this.#run(statement));
    }
  }

  /** Names of tables and columns, for completion. */
  async learnTables(): Promise<void> {
    this.#tables = await readCatalogue(this.#ports.connection, 'catalogue');
  }

  /** What the last word of a line may become, and that word. */
  complete(line: string): readonly [candidates: string[], word: string] {
    const word = /[\w\\?]*$/.exec(line)?.[0] ?? '';
    const columns = [...this.#tables.values()].flatMap(({ definition }) =>
      definition.columns.map(({ name }) => name),
    );
    const names = [...new Set([...this.#tables.keys(), ...columns])].toSorted();
    if (line.startsWith('\\') && !line.includes(' ')) {
      return [COMMANDS.map(([name]) => name).filter((name) => name.startsWith(word)), word];
    }
    const isUpper = /[A-Z]/.test(word);
    const keywords = KEYWORDS.map((one) => (isUpper || word === '' ? one : one.toLowerCase()));
    const all = line.startsWith('\\d') ? [...this.#tables.keys()] : [...names, ...keywords];
    const candidates = all.filter((one) => one.startsWith(word));
    return [word === '' && !line.startsWith('\\d') ? names : candidates, word];
  }

  async #told(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#ports.showError(error);
    }
  }

  async #run(statement: string): Promise<void> {
    this.#ports.keep(statement);
    const sql = statement.trim().replace(/;$/, '').trimEnd();
    if (sql === '') return;
    this.#ports.show(await this.#unlessCancelled(this.#execute(sql, this.#purpose)));
    if (/^(create|drop|alter)\b/i.test(sql)) await this.learnTables();
  }

  async #unlessCancelled<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const cancelled = new Promise<never>((_, reject) => {
      this.#stopWaiting = () => {
        reject(
          new CliError('unavailable', 'ERR_CLI_CANCELLED', 'the answer is waited for no longer', {
            hint: 'What was asked is on record, and what was written stays written: see \\d, verity audit.',
          }),
        );
      };
    });
    try {
      return await Promise.race([answer, cancelled]);
    } finally {
      this.#stopWaiting = null;
    }
  }

  async #execute(sql: string, purpose: string): Promise<JsonObject> {
    const body = { sql, parameters: [], purpose };
    return this.#ports.connection.json({ method: 'POST', path: '/admin/v1/sql', body });
  }

  async #command(line: string): Promise<void> {
    const [, name = '', rest = ''] = /^(\\\S*)\s*(.*?);?$/.exec(line) ?? [];
    if (name === '\\q') this.isOver = true;
    else if (name === '\\?') this.#help();
    else if (name === '\\d') await this.#describe(rest);
    else if (name === '\\p') this.#takePurpose(rest);
    else {
      const names = COMMANDS.map(([known]) => known);
      const meant = nearestName(name, names);
      this.#ports.say(
        `There is no ${name}.${meant === null ? '' : ` Did you mean ${meant}?`} \\? lists them.`,
      );
    }
  }

  #help(): void {
    const lines = COMMANDS.map(([name, meaning]) => `  ${name.padEnd(4)}${meaning}`);
    this.#ports.say(
      [
        'A statement ends with a semicolon, on any line. Tab completes, Ctrl-C cancels.',
        ...lines,
      ].join('\n'),
    );
  }

  #takePurpose(text: string): void {
    if (text !== '') this.#purpose = text;
    this.#ports.say(`Purpose: ${this.#purpose}`);
  }

  async #describe(table: string): Promise<void> {
    await this.learnTables();
    const definition = this.#tables.get(table)?.definition;
    if (table === '') {
      const rows = [...this.#tables].map(([name, one]) => [name, one.definition.columns.length]);
      this.#ports.show(answerOf(['table', 'columns'], rows));
    } else if (definition === undefined) {
      const meant = nearestName(table, [...this.#tables.keys()]);
      this.#ports.say(
        `There is no table ${table}.${meant === null ? '' : ` Did you mean ${meant}?`}`,
      );
    } else {
      const rows = definition.columns.map(({ dataClass, name, notNull, type }) => {
        const isKey = definition.primaryKey.includes(name);
        return [name, type, isKey ? 'key' : notNull ? 'not null' : null, dataClass];
      });
      this.#ports.show(answerOf(['column', 'type', '', 'class'], rows));
    }
  }
}

/** Rows of the shell's own, in the form of an answer. */
function answerOf(
  headings: readonly string[],
  rows: readonly (readonly JsonValue[])[],
): JsonObject {
  return {
    columns: headings.map((name) => ({ name })),
    rows,
    erased: [],
    changed: null,
    position: null,
  };
}
