/**
 * Text to tokens, with every bound checked before anything is parsed.
 *
 * Lexical rules are those of SQL-92 as PostgreSQL reads them, less what two readers could read in two
 * ways: no backslash escapes, no prefixed strings, no dollar quotes, no nested comments, no exponents,
 * nothing that begins as a number and goes on as a name. What is left has one reading.
 *
 * Invariants: every token keeps its place; the number of tokens, their depth of parentheses and the
 * size of the text are within {@link LIMITS}; parentheses balance.
 */

import { isWellFormed, utf8Encode } from '@veritydb/types';

import { type Place, QueryError } from './error.ts';

export const LIMITS = {
  textSizeMax: 8192,
  tokensCountMax: 1000,
  depthMax: 8,
  inItemsCountMax: 256,
  nameLengthMax: 63,
  numberLengthMax: 60,
  parametersCountMax: 256,
} as const;

export type TokenKind =
  | 'word'
  | 'quoted-name'
  | 'string'
  | 'number'
  | 'parameter'
  | 'symbol'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /**
   * A word folded to lower case; a name or a string without its quotes; a number as written; the index
   * of a parameter counted from 0; a symbol.
   */
  readonly text: string;
  readonly place: Place;
  /** Offset after the token's last character. */
  readonly end: number;
}

export interface TokenList {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly parameterCount: number;
}

const SYMBOLS_OF_TWO: ReadonlySet<string> = new Set(['<=', '>=', '<>', '!=']);
const SYMBOLS_OF_ONE = '()*,.;=<>+-/%';
const OPENING = '(';
const CLOSING = ')';

/**
 * Reads the tokens of one statement; the last one is of kind `end`. A trailing semicolon is dropped.
 *
 * @throws {QueryError} ERR_QUERY_LIMIT, ERR_QUERY_SYNTAX, ERR_QUERY_UNSUPPORTED, ERR_QUERY_PARAMETER
 */
export function readTokens(text: string): TokenList {
  // Attacker-controlled: nothing is looked at before its size is known.
  checkText(text);
  const scanner: Scanner = { text, at: 0, line: 1, lineStart: 0 };
  const tokens: Token[] = [];
  let depth = 0;
  for (;;) {
    skipBlanks(scanner);
    const token = readToken(scanner);
    const previous = tokens.at(-1);
    if (previous?.kind === 'string' && token.kind === 'string') {
      throw refused(token.place, 'two strings stand side by side', 'Write them as one string.');
    }
    if (previous?.text === ';' && previous.kind === 'symbol') {
      if (token.kind !== 'end') {
        throw new QueryError('ERR_QUERY_UNSUPPORTED', 'more than one statement', {
          place: token.place,
          hint: 'Send one statement at a time.',
        });
      }
      tokens.pop();
    }
    tokens.push(token);
    if (token.kind === 'end') break;
    if (tokens.length > LIMITS.tokensCountMax) {
      throw tooMuch(token.place, `more than ${LIMITS.tokensCountMax} words and signs`);
    }
    if (token.kind === 'symbol') depth = nextDepth(depth, token);
  }
  const end = tokens.at(-1) as Token;
  if (depth !== 0) throw refused(end.place, 'a parenthesis is not closed', 'Add the missing ).');
  return { text, tokens, parameterCount: numberParameters(tokens) };
}

function nextDepth(depth: number, token: Token): number {
  if (token.text === OPENING) {
    if (depth === LIMITS.depthMax) {
      throw tooMuch(token.place, `parentheses deeper than ${LIMITS.depthMax}`);
    }
    return depth + 1;
  }
  if (token.text !== CLOSING) return depth;
  if (depth === 0) throw refused(token.place, 'a parenthesis closes nothing', 'Remove the ).');
  return depth - 1;
}

interface Scanner {
  readonly text: string;
  at: number;
  line: number;
  lineStart: number;
}

const START: Place = { offset: 0, line: 1, column: 1 };

function checkText(text: string): void {
  const { textSizeMax } = LIMITS;
  if (text.length > textSizeMax) throw tooMuch(START, `more than ${textSizeMax} bytes`);
  if (!isWellFormed(text)) {
    throw refused(START, 'the text holds half a character (a lone surrogate)', 'Send valid UTF-8.');
  }
  // A UTF-16 unit is at most three bytes of UTF-8.
  if (text.length * 3 > textSizeMax && utf8Encode(text).length > textSizeMax) {
    throw tooMuch(START, `more than ${textSizeMax} bytes`);
  }
}

function placeOf(scanner: Scanner): Place {
  const { at, line, lineStart } = scanner;
  return { offset: at, line, column: at - lineStart + 1 };
}

function isControl(code: number): boolean {
  return (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) || code === 0x7f;
}

/** Moves over one character, keeping count of lines. */
function step(scanner: Scanner): void {
  const code = scanner.text.charCodeAt(scanner.at);
  if (isControl(code)) {
    throw refused(placeOf(scanner), 'a control character', 'Pass such text as a parameter.');
  }
  scanner.at += 1;
  if (code === 0x0a) {
    scanner.line += 1;
    scanner.lineStart = scanner.at;
  }
}

function skipBlanks(scanner: Scanner): void {
  const { text } = scanner;
  while (scanner.at < text.length) {
    const character = text.charAt(scanner.at);
    if (character === ' ' || character === '\t' || character === '\n' || character === '\r') {
      step(scanner);
    } else if (text.startsWith('--', scanner.at)) {
      skipLineComment(scanner);
    } else if (text.startsWith('/*', scanner.at)) {
      skipBlockComment(scanner);
    } else {
      return;
    }
  }
}

/** `--` to the end of the line; CR ends a line too, as in PostgreSQL. */
function skipLineComment(scanner: Scanner): void {
  while (scanner.at < scanner.text.length) {
    const character = scanner.text.charAt(scanner.at);
    if (character === '\n' || character === '\r') return;
    step(scanner);
  }
}

/**
 * Block comments do not nest. One that opens inside another is refused, because dialects differ; so is
 * one that begins with an exclamation mark, because others run what is in it.
 */
function skipBlockComment(scanner: Scanner): void {
  const start = placeOf(scanner);
  const { text } = scanner;
  scanner.at += 2;
  if (text.charAt(scanner.at) === '!') {
    throw refused(start, 'a comment that begins with !', 'Remove the comment.');
  }
  while (scanner.at < text.length) {
    if (text.startsWith('*/', scanner.at)) {
      scanner.at += 2;
      return;
    }
    if (text.startsWith('/*', scanner.at)) {
      throw refused(placeOf(scanner), 'a comment inside a comment', 'Remove the inner comment.');
    }
    step(scanner);
  }
  throw refused(start, 'a comment is not closed', 'Add the missing */.');
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isWordStart(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f;
}

function isWordPart(code: number): boolean {
  return isWordStart(code) || isDigit(code);
}

function readToken(scanner: Scanner): Token {
  const { text, at } = scanner;
  const place = placeOf(scanner);
  if (at >= text.length) return { kind: 'end', text: '', place, end: at };
  const code = text.charCodeAt(at);
  if (isWordStart(code)) return readWord(scanner, place);
  if (isDigit(code)) return readNumber(scanner, place);
  const character = text.charAt(at);
  switch (character) {
    case "'":
      return { kind: 'string', text: readQuoted(scanner, place), place, end: scanner.at };
    case '"':
      return readQuotedName(scanner, place);
    case '$':
      return readNumberedParameter(scanner, place);
    case '?':
      scanner.at += 1;
      return { kind: 'parameter', text: '', place, end: scanner.at };
    default:
      return readSymbol(scanner, place, character);
  }
}

function readWord(scanner: Scanner, place: Place): Token {
  const { text } = scanner;
  while (isWordPart(text.charCodeAt(scanner.at))) scanner.at += 1;
  const word = text.slice(place.offset, scanner.at);
  checkName(word, place);
  const next = text.charAt(scanner.at);
  if (next === "'" || next === '"' || (next === '&' && /^u$/i.test(word))) {
    throw new QueryError('ERR_QUERY_UNSUPPORTED', 'a string with a prefix', {
      place,
      hint: "Write plain '…' strings; put a space between a type and its string.",
    });
  }
  if (next === '$') throw refused(place, 'a name with $ in it', 'Names are letters, digits and _.');
  return { kind: 'word', text: word.toLowerCase(), place, end: scanner.at };
}

function checkName(name: string, place: Place): void {
  if (name.length > LIMITS.nameLengthMax) {
    throw tooMuch(place, `a name longer than ${LIMITS.nameLengthMax} characters`);
  }
}

/** Digits, then perhaps a point and digits. */
function readNumber(scanner: Scanner, place: Place): Token {
  const { text } = scanner;
  while (isDigit(text.charCodeAt(scanner.at))) scanner.at += 1;
  if (text.charAt(scanner.at) === '.') {
    scanner.at += 1;
    if (!isDigit(text.charCodeAt(scanner.at))) {
      throw refused(place, 'a number that ends with a point', 'Write digits after the point.');
    }
    while (isDigit(text.charCodeAt(scanner.at))) scanner.at += 1;
  }
  const next = text.charCodeAt(scanner.at);
  if (isWordPart(next) || next === 0x24 || next === 0x2e) {
    throw refused(
      place,
      'a number that goes on as a name',
      'Numbers are digits with at most one point: no exponent, no _, no 0x.',
    );
  }
  if (scanner.at - place.offset > LIMITS.numberLengthMax) {
    throw tooMuch(place, `a number of more than ${LIMITS.numberLengthMax} characters`);
  }
  return { kind: 'number', text: text.slice(place.offset, scanner.at), place, end: scanner.at };
}

/** The text between quotes; a doubled quote stands for one. Backslash is a character like others. */
function readQuoted(scanner: Scanner, place: Place): string {
  const { text } = scanner;
  const quote = text.charAt(scanner.at);
  let value = '';
  scanner.at += 1;
  let from = scanner.at;
  while (scanner.at < text.length) {
    if (text.charAt(scanner.at) !== quote) {
      step(scanner);
    } else if (text.charAt(scanner.at + 1) === quote) {
      value += text.slice(from, scanner.at + 1);
      scanner.at += 2;
      from = scanner.at;
    } else {
      value += text.slice(from, scanner.at);
      scanner.at += 1;
      return value;
    }
  }
  throw refused(place, 'a quote is not closed', `Add the missing ${quote}.`);
}

function readQuotedName(scanner: Scanner, place: Place): Token {
  const name = readQuoted(scanner, place);
  if (name === '') throw refused(place, 'an empty name', 'Write a name between the quotes.');
  if (name.includes('"')) {
    throw new QueryError('ERR_QUERY_UNSUPPORTED', 'a name with a quote in it', {
      place,
      hint: 'Choose another name.',
    });
  }
  checkName(name, place);
  return { kind: 'quoted-name', text: name, place, end: scanner.at };
}

function readNumberedParameter(scanner: Scanner, place: Place): Token {
  const { text } = scanner;
  scanner.at += 1;
  while (isDigit(text.charCodeAt(scanner.at))) scanner.at += 1;
  const digits = text.slice(place.offset + 1, scanner.at);
  const next = text.charCodeAt(scanner.at);
  if (!/^[1-9][0-9]{0,2}$/.test(digits) || isWordPart(next) || next === 0x24) {
    throw refused(place, '$ without a plain number', 'Parameters are $1, $2 and so on.');
  }
  if (Number(digits) > LIMITS.parametersCountMax) throw tooManyParameters(place);
  return { kind: 'parameter', text: String(Number(digits) - 1), place, end: scanner.at };
}

function readSymbol(scanner: Scanner, place: Place, character: string): Token {
  const pair = scanner.text.slice(scanner.at, scanner.at + 2);
  const symbol = SYMBOLS_OF_TWO.has(pair) ? pair : character;
  if (symbol.length === 1 && !SYMBOLS_OF_ONE.includes(symbol)) throw unknownCharacter(place, pair);
  scanner.at += symbol.length;
  if (symbol === '.' && isDigit(scanner.text.charCodeAt(scanner.at))) {
    throw refused(place, 'a number that begins with a point', 'Write a digit before the point.');
  }
  return { kind: 'symbol', text: symbol === '!=' ? '<>' : symbol, place, end: scanner.at };
}

function unknownCharacter(place: Place, pair: string): QueryError {
  if (pair === '::') {
    return new QueryError('ERR_QUERY_UNSUPPORTED', 'a cast (::)', {
      place,
      hint: "There are no casts; write DATE '…', TIMESTAMP '…' or UUID '…', or use a parameter.",
    });
  }
  if (pair === '||') {
    return new QueryError('ERR_QUERY_UNSUPPORTED', 'joining of texts (||)', {
      place,
      hint: 'Join the texts where you read them.',
    });
  }
  const code = pair.charCodeAt(0);
  if (isControl(code)) return refused(place, 'a control character', 'Remove it.');
  if (code > 0x7f) {
    return refused(place, 'a character beyond ASCII outside quotes', 'Quote it, or remove it.');
  }
  return refused(place, `the character ${pair.charAt(0)}`, 'It means nothing here.');
}

/** Gives `?` their numbers in order; `$n` have theirs. Returns how many parameters there are. */
function numberParameters(tokens: Token[]): number {
  const used = new Set<number>();
  let style: 'ordered' | 'numbered' | undefined;
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== 'parameter') continue;
    const own = token.text === '' ? 'ordered' : 'numbered';
    if (style !== undefined && style !== own) {
      throw new QueryError('ERR_QUERY_PARAMETER', 'both ? and $1 in one statement', {
        place: token.place,
        hint: 'Use one of the two throughout.',
      });
    }
    style = own;
    if (own === 'ordered') tokens[index] = { ...token, text: String(used.size) };
    used.add(Number((tokens[index] as Token).text));
    if (used.size > LIMITS.parametersCountMax) throw tooManyParameters(token.place);
  }
  for (let index = 0; index < used.size; index += 1) {
    if (!used.has(index)) {
      throw new QueryError('ERR_QUERY_PARAMETER', `parameter $${index + 1} is left out`, {
        hint: 'Number parameters from $1 without gaps.',
      });
    }
  }
  return used.size;
}

function tooManyParameters(place: Place): QueryError {
  return tooMuch(place, `more than ${LIMITS.parametersCountMax} parameters`);
}

function tooMuch(place: Place, what: string): QueryError {
  return new QueryError('ERR_QUERY_LIMIT', `the statement has ${what}`, {
    place,
    hint: 'Make the statement smaller, or split it.',
  });
}

function refused(place: Place, what: string, hint: string): QueryError {
  return new QueryError('ERR_QUERY_SYNTAX', `unexpected: ${what}`, { place, hint });
}
