/** A place in the tokens, what may stand there, and how deep the parser is. */

import { assert } from '@veritydb/types';

import { type Place, QueryError } from './error.ts';
import { LIMITS, type Token, type TokenList } from './lexer.ts';
import type { Name } from './statement.ts';
import { unexpected, unsupported } from './unsupported.ts';

/**
 * Words that are never a name unless quoted: PostgreSQL's reserved key words, and those of its words
 * that would give a statement of ours a second reading.
 */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'all analyse analyze and any array as asc asymmetric between both by case cast check collate column ' +
    'constraint create cross current_catalog current_date current_role current_time ' +
    'current_timestamp current_user default deferrable delete desc distinct do drop else end except exists ' +
    'false fetch for foreign from full grant group having ilike in initially inner insert intersect into ' +
    'is isnull join lateral leading left like limit localtime localtimestamp natural not notnull ' +
    'null nulls of offset on only or order outer overlaps placing primary references returning right ' +
    'select session_user set similar some symmetric table then to trailing true union unique update user ' +
    'using values variadic verbose when where window with'
  ).split(' '),
);

export class Cursor {
  readonly parameterCount: number;
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor({ text, tokens, parameterCount }: TokenList) {
    this.#text = text;
    assert(tokens.at(-1)?.kind === 'end', 'tokens do not end');
    this.#tokens = tokens;
    this.parameterCount = parameterCount;
  }

  /** The token here, or some places on; the end goes on for ever. */
  peek(ahead = 0): Token {
    const last = this.#tokens.length - 1;
    return this.#tokens[Math.min(this.#at + ahead, last)] as Token;
  }

  place(): Place {
    return this.peek().place;
  }

  /** What was written from a place up to the token that was taken last. */
  textFrom({ offset }: Place): string {
    return this.#text.slice(offset, this.#tokens[this.#at - 1]?.end);
  }

  /** The token here, and on to the next. */
  take(): Token {
    const token = this.peek();
    this.#at += 1;
    return token;
  }

  isWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'word' && token.text === word;
  }

  isSymbol(symbol: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'symbol' && token.text === symbol;
  }

  takeWord(word: string): boolean {
    const found = this.isWord(word);
    if (found) this.#at += 1;
    return found;
  }

  takeSymbol(symbol: string): boolean {
    const found = this.isSymbol(symbol);
    if (found) this.#at += 1;
    return found;
  }

  expectWord(word: string): void {
    if (!this.takeWord(word)) throw unexpected(this.peek(), word.toUpperCase());
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw unexpected(this.peek(), symbol);
  }

  expectEnd(expected: string): void {
    if (this.peek().kind !== 'end') throw unexpected(this.peek(), expected);
  }

  isName(ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'quoted-name' || (token.kind === 'word' && !RESERVED.has(token.text));
  }

  takeName(expected: string): Name {
    if (!this.isName()) throw unexpected(this.peek(), expected);
    const { text, place } = this.take();
    return { text, place };
  }

  /** A table's name: there is one schema, so it has one part. */
  takeTableName(): Name {
    const name = this.takeName('the name of a table');
    if (this.isSymbol('.')) {
      throw unsupported(this.place(), 'a name of a schema', 'Write the name of the table alone.');
    }
    return name;
  }

  /** `( item, … )`, at least one. */
  takeList<Item>(takeItem: () => Item): Item[] {
    this.expectSymbol('(');
    const items = [takeItem()];
    while (this.takeSymbol(',')) items.push(takeItem());
    this.expectSymbol(')');
    return items;
  }

  /** Runs a part of the parser one level deeper: parentheses, NOT and signs nest at most so deep. */
  nest<Result>(parse: () => Result): Result {
    if (this.#depth === LIMITS.depthMax) {
      throw new QueryError('ERR_QUERY_LIMIT', `nested deeper than ${LIMITS.depthMax}`, {
        place: this.place(),
        hint: 'Parentheses, NOT and signs count; write the condition flatter.',
      });
    }
    this.#depth += 1;
    const result = parse();
    this.#depth -= 1;
    return result;
  }
}
