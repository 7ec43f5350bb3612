/**
 * Statements that a person typed, for the next session: in a file that only they can read. Nothing else
 * gets in: no answer, no parameter, no secret; and no line that begins with a blank.
 */

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

import type { Terminal } from '../terminal.ts';

const LINES_MAX = 1000;
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** XDG Base Directory Specification: state, since it may be lost. */
export function historyPath(environment: Terminal['environment']): string {
  const state = environment['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state');
  return join(state, 'verity', 'sql_history');
}

/** The newest last; none where there is no file. */
export function readHistory(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** Keeps a statement: on one line, since the file has one a line. */
export function keepStatement(path: string, statement: string): void {
  if (/^\s/.test(statement)) return;
  const line = statement.replaceAll(/\s*\n\s*/g, ' ').trim();
  const before = readHistory(path);
  if (line === '' || before.at(-1) === line) return;
  mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
  const lines = [...before, line].slice(-LINES_MAX);
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: FILE_MODE });
  // A file that was there before keeps its mode: not this one.
  chmodSync(path, FILE_MODE);
}
