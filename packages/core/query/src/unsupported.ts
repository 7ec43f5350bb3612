/** What is SQL but not ours: named, with what to do instead. */

import { type Place, QueryError } from './error.ts';
import type { Token } from './lexer.ts';

interface Advice {
  readonly what: string;
  readonly hint: string;
}

export const ONE_TABLE_HINT =
  'A statement reads one table or projection: CREATE PROJECTION joins tables as they are written.';
const ONE_TABLE: Advice = { what: 'a join', hint: ONE_TABLE_HINT };
const SET_OPERATION: Advice = {
  what: 'a set operation',
  hint: 'Send one SELECT at a time.',
};
const GROUPING: Advice = {
  what: 'an aggregate over some rows of its group',
  hint: 'Put a CASE into the aggregate: SUM(CASE WHEN … THEN 1 ELSE 0 END).',
};
const CONSTRAINT: Advice = {
  what: 'this rule',
  hint: 'Columns take NOT NULL, PRIMARY KEY, UNIQUE, DEFAULT, CHECK, DATA CLASS and LADDER.',
};
const TRANSACTION: Advice = {
  what: 'a transaction of many statements',
  hint: 'Every statement is one; INSERT takes many rows at once.',
};
const ADMINISTRATION: Advice = {
  what: 'an administrative statement',
  hint: 'The statements are CREATE, ALTER and DROP of tables, CREATE and DROP of indexes and projections, INSERT, UPDATE, DELETE and SELECT.',
};
const SUBQUERY: Advice = {
  what: 'a query inside a statement',
  hint: 'Ask the inner query first and pass its answer as parameters.',
};
const CONDITIONAL: Advice = {
  what: 'a choice among values',
  hint: 'Write CASE WHEN … THEN … END.',
};
const CLAUSES: Advice = {
  what: 'this clause',
  hint: 'A SELECT takes WHERE, GROUP BY, HAVING, ORDER BY, LIMIT and OFFSET, in that order.',
};
const WRITE_CLAUSES: Advice = {
  what: 'this clause',
  hint: 'Write first; then SELECT what you want to see.',
};

const ADVICE: ReadonlyMap<string, Advice> = new Map<string, Advice>([
  ...['join', 'inner', 'left', 'right', 'full', 'cross', 'natural', 'lateral', 'using'].map(
    (word): [string, Advice] => [word, ONE_TABLE],
  ),
  ...['union', 'intersect', 'except'].map((word): [string, Advice] => [word, SET_OPERATION]),
  ...['filter', 'over', 'within'].map((word): [string, Advice] => [word, GROUPING]),
  ...['references', 'foreign', 'generated', 'exclude'].map((word): [string, Advice] => [
    word,
    CONSTRAINT,
  ]),
  ...['begin', 'start', 'commit', 'rollback', 'savepoint', 'abort', 'release'].map(
    (word): [string, Advice] => [word, TRANSACTION],
  ),
  ...['greatest', 'least'].map((word): [string, Advice] => [word, CONDITIONAL]),
  ...['exists', 'any', 'some', 'array', 'row', 'with', 'values', 'select'].map(
    (word): [string, Advice] => [word, SUBQUERY],
  ),
  ...['fetch', 'for', 'window', 'into', 'tablesample', 'only'].map((word): [string, Advice] => [
    word,
    CLAUSES,
  ]),
  ...['overriding'].map((word): [string, Advice] => [word, WRITE_CLAUSES]),
  ...['alter', 'analyze', 'call', 'comment', 'copy', 'deallocate', 'declare', 'do', 'execute'].map(
    (word): [string, Advice] => [word, ADMINISTRATION],
  ),
  ...['grant', 'load', 'lock', 'merge', 'notify', 'pragma', 'prepare', 'reindex'].map(
    (word): [string, Advice] => [word, ADMINISTRATION],
  ),
  ...['replace', 'reset', 'revoke', 'set', 'show', 'truncate', 'use', 'vacuum', 'attach'].map(
    (word): [string, Advice] => [word, ADMINISTRATION],
  ),
  ['ilike', { what: 'a match without case', hint: 'LIKE minds case; list the spellings with OR.' }],
  ['isnull', { what: 'a test of NULL', hint: 'Write IS NULL.' }],
  ['notnull', { what: 'a test of NULL', hint: 'Write IS NOT NULL.' }],
  ['similar', { what: 'a match by regular expression', hint: 'Use LIKE with % and _.' }],
  ['collate', { what: 'an order of texts', hint: 'Text is ordered by its UTF-8 bytes.' }],
  ['cast', { what: 'a cast', hint: "Write DATE '…', TIMESTAMP '…' or UUID '…'." }],
  [
    'interval',
    { what: 'a length of time', hint: 'Compute the bound first and pass it as a parameter.' },
  ],
  [
    'if',
    { what: 'a condition of existence', hint: 'Leave it out; a name that exists is an error.' },
  ],
  ['cascade', { what: 'a chain of effects', hint: 'Leave it out; nothing depends on a table.' }],
]);

/** The refusal of a token that stands where nothing of ours can: a known construct, or an unknown one. */
export function unexpected(token: Token, expected: string): QueryError {
  const advice = token.kind === 'word' ? ADVICE.get(token.text) : undefined;
  if (advice !== undefined) {
    return unsupported(token.place, `${token.text.toUpperCase()} (${advice.what})`, advice.hint);
  }
  return new QueryError('ERR_QUERY_SYNTAX', `expected ${expected}, found ${describe(token)}`, {
    place: token.place,
    hint: 'The grammar is in docs/SQL.md.',
  });
}

export function unsupported(place: Place, what: string, hint: string): QueryError {
  return new QueryError('ERR_QUERY_UNSUPPORTED', `not supported: ${what}`, { place, hint });
}

/** What a message may say of a token: never a literal. */
function describe(token: Token): string {
  switch (token.kind) {
    case 'word':
    case 'symbol':
      return token.text;
    case 'quoted-name':
      return 'a quoted name';
    case 'string':
      return 'a string';
    case 'number':
      return 'a number';
    case 'parameter':
      return 'a parameter';
    case 'end':
    default:
      return 'the end of the statement';
  }
}
