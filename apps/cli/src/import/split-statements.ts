/**
 * A file of SQL to its statements.
 *
 * Cuts at semicolons outside of strings, quoted names and comments, by the same rules as the dialect's
 * lexer: `''` and `""` double, no backslash escapes, comments do not nest.
 */

import { CliError } from '../error.ts';

export interface StatementText {
  /** From the first character that is neither blank nor comment, without the semicolon. */
  readonly text: string;
  /** Line of that character, counted from 1. */
  readonly line: number;
}

/** Next thing of interest: a quote, a comment's beginning, or a semicolon. */
const INTEREST = /'|"|--|\/\*|;/g;

/** @throws {CliError} ERR_CLI_SCHEMA when a string, a quoted name or a comment is not closed */
export function splitStatements(source: string, fileName: string): readonly StatementText[] {
  const statements: StatementText[] = [];
  let at = 0;
  for (;;) {
    const start = skipBlanks(source, at, fileName);
    if (start === source.length) return statements;
    const end = statementEnd(source, start, fileName);
    const text = source.slice(start, end).trimEnd();
    if (text !== '') statements.push({ text, line: lineOf(source, start) });
    at = Math.min(end + 1, source.length);
  }
}

/** Length of the first statement with its semicolon; null where it goes on, or has not begun. */
export function firstStatementLength(source: string): number | null {
  try {
    const start = skipBlanks(source, 0, '');
    const end = statementEnd(source, start, '');
    return end < source.length ? end + 1 : null;
  } catch (error) {
    // A quote or a comment that the next line may close.
    if (error instanceof CliError) return null;
    throw error;
  }
}

/** Skips blanks and comments. */
function skipBlanks(source: string, start: number, fileName: string): number {
  let at = start;
  while (at < source.length) {
    if (/\s/.test(source.charAt(at))) at += 1;
    else if (isCommentAt(source, at)) at = skipComment(source, at, fileName);
    else break;
  }
  return at;
}

/** Place of the semicolon that ends the statement, or the end of the source. */
function statementEnd(source: string, start: number, fileName: string): number {
  let at = start;
  for (;;) {
    INTEREST.lastIndex = at;
    const match = INTEREST.exec(source);
    if (match === null) return source.length;
    const [found] = match;
    if (found === ';') return match.index;
    at =
      found === '--' || found === '/*'
        ? skipComment(source, match.index, fileName)
        : skipQuoted(source, match.index, fileName);
  }
}

function isCommentAt(source: string, at: number): boolean {
  return source.startsWith('--', at) || source.startsWith('/*', at);
}

function skipComment(source: string, start: number, fileName: string): number {
  const isLine = source.startsWith('--', start);
  const end = source.indexOf(isLine ? '\n' : '*/', start + 2);
  if (end !== -1) return end + (isLine ? 1 : 2);
  if (isLine) return source.length;
  throw unclosed(source, { start, fileName }, 'a comment');
}

/** A doubled quote reads as the end of one quoted text and the beginning of the next: the same place. */
function skipQuoted(source: string, start: number, fileName: string): number {
  const end = source.indexOf(source.charAt(start), start + 1);
  if (end !== -1) return end + 1;
  throw unclosed(source, { start, fileName }, 'a quote');
}

function unclosed(
  source: string,
  at: { readonly start: number; readonly fileName: string },
  what: string,
): CliError {
  const message = `${at.fileName}:${lineOf(source, at.start)}: ${what} is not closed`;
  return new CliError('format', 'ERR_CLI_SCHEMA', message, {
    hint: 'Close it; a quote inside a string is written twice.',
  });
}

function lineOf(source: string, at: number): number {
  let line = 1;
  for (let next = source.indexOf('\n'); next !== -1 && next < at; line += 1) {
    next = source.indexOf('\n', next + 1);
  }
  return line;
}
