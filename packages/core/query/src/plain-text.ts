/**
 * A statement in the words of the second reader: what it has no grammar for, or is known to misread, is
 * cut out or replaced by places of tokens, and nothing else is touched.
 *
 * | ours | theirs | why |
 * |---|---|---|
 * | `?` | `$n` | it has no `?` |
 * | `AS OF …`, `HISTORY OF`, `DIFF OF`, `SELECT ALL`, `EXPLAIN` | cut | no grammar |
 * | `DISTINCT` or `ALL` in an aggregate | cut | no grammar but for COUNT |
 * | `DATE '…'`, `TIMESTAMP '…'`, `UUID '…'` | the string | no grammar for all of them |
 * | a string with a backslash | `''` | it takes the backslash for an escape |
 * | some names, such as `at` | in quotes | key words there, not in PostgreSQL |
 * | `DATA CLASS`, `LADDER`, `DATA SUBJECT` | cut | no grammar |
 * | the type `BYTES` | `BYTEA` | no such type |
 * | `INSERT INTO t AS alias` | the alias cut | no grammar |
 * | `ON CONFLICT DO NOTHING` | cut | no grammar without columns |
 * | `DELETE FROM t RETURNING` | `WHERE TRUE` before it | no grammar without a condition |
 * | `IS UNKNOWN` | `IS NULL` | it takes the word for a column |
 * | `IS [NOT] DISTINCT FROM` | `<>`, `=` | no grammar |
 * | `PROJECTION` | `VIEW` | no grammar |
 * | `;` at the end | cut | it makes a list of one statement |
 */

import type { Token } from './lexer.ts';
import type { Statement } from './statement.ts';

/** Words of no clause of ours, so that wherever they stand they are names. */
const NAMES_TO_QUOTE: ReadonlySet<string> = new Set(
  'add alter at call explain global local partition recursive rename session show truncate'.split(
    ' ',
  ),
);
const TYPED_LITERALS: ReadonlySet<string> = new Set(['date', 'timestamp', 'uuid']);

/** The tokens from one on are replaced. */
interface Cut {
  readonly count: number;
  readonly by: string;
}

export function plainText(text: string, tokens: readonly Token[], kind: Statement['kind']): string {
  let plain = '';
  let at = 0;
  for (let index = 0; index < tokens.length; index += 1) {
    const cut = cutAt(tokens, index, kind);
    if (cut === undefined) continue;
    const first = tokens[index] as Token;
    const last = tokens[index + cut.count - 1] as Token;
    plain += text.slice(at, first.place.offset) + cut.by;
    at = last.end;
    index += cut.count - 1;
  }
  return plain + text.slice(at, tokens.at(-2)?.end);
}

function cutAt(tokens: readonly Token[], index: number, kind: Statement['kind']): Cut | undefined {
  const { kind: token, text } = tokens[index] as Token;
  if (token === 'string') return text.includes('\\') ? { count: 1, by: "''" } : undefined;
  if (token === 'parameter') return { count: 1, by: `$${Number(text) + 1} ` };
  if (kind === 'create-table') return tableCut(tokens, index, isCreatedName(tokens, index));
  if (kind === 'alter-table') return alterCut(tokens, index);
  if (token !== 'word') return undefined;
  if (kind.endsWith('-projection') && index === 1) return { count: 1, by: 'VIEW' };
  if (isWords(tokens, index, ['as', 'of'])) return { count: 4, by: ' ' };
  const isOfIs = isWords(tokens, index - 1, ['is']) || isWords(tokens, index - 2, ['is', 'not']);
  if (text === 'unknown' && isOfIs) return { count: 1, by: 'NULL' };
  if (isWords(tokens, index, ['is', 'distinct', 'from'])) return { count: 3, by: ' <> ' };
  if (isWords(tokens, index, ['is', 'not', 'distinct', 'from'])) return { count: 4, by: ' = ' };
  if (isSource(tokens, index)) return { count: 2, by: ' ' };
  // `BETWEEN POSITION a AND b`, behind `DIFF OF t`.
  const isOfDiff = isWords(tokens, index - 3, ['diff', 'of']) && isSource(tokens, index - 3);
  if (isOfDiff && text === 'between') return { count: 5, by: ' ' };
  if (kind === 'delete' && text === 'returning' && !hasWord(tokens, 'where')) {
    return { count: 1, by: 'WHERE TRUE RETURNING' };
  }
  if (kind === 'insert' && index === 3 && text === 'as') return { count: 2, by: ' ' };
  if (isWords(tokens, index, ['on', 'conflict', 'do', 'nothing'])) return { count: 4, by: ' ' };
  if (TYPED_LITERALS.has(text) && tokens[index + 1]?.kind === 'string')
    return { count: 1, by: ' ' };
  if (index === 0 && text === 'explain') return { count: 1, by: ' ' };
  if (text === 'all' && isWords(tokens, index - 1, ['select'])) return { count: 1, by: ' ' };
  const isInAggregate = isSymbol(tokens[index - 1], '(');
  if (isInAggregate && (text === 'all' || text === 'distinct')) return { count: 1, by: ' ' };
  return NAMES_TO_QUOTE.has(text) || text === 'json' ? { count: 1, by: `"${text}"` } : undefined;
}

/** The table's name is the third word; a column's follows a sign. */
function isCreatedName(tokens: readonly Token[], index: number): boolean {
  return index === 2 || tokens[index - 1]?.kind === 'symbol';
}

/** `ALTER TABLE t ADD [COLUMN] c …`: the words that say what is done are theirs as well. */
function alterCut(tokens: readonly Token[], index: number): Cut | undefined {
  const nameIndex = isWords(tokens, 4, ['column']) ? 5 : 4;
  if (index !== 2 && index < nameIndex) return undefined;
  return tableCut(tokens, index, index === 2 || index === nameIndex);
}

function tableCut(tokens: readonly Token[], index: number, isName: boolean): Cut | undefined {
  const { kind, text } = tokens[index] as Token;
  if (kind === 'symbol') {
    return text === ',' && isWords(tokens, index + 1, ['data', 'subject'])
      ? { count: 4, by: ' ' }
      : undefined;
  }
  if (kind !== 'word') return undefined;
  if (isWords(tokens, index, ['data', 'class'])) return { count: 3, by: ' ' };
  // As the first element of the list, it takes the comma after it along.
  if (isWords(tokens, index, ['data', 'subject'])) return { count: 4, by: ' ' };
  if (text === 'ladder' && tokens[index + 1]?.kind === 'string') return { count: 2, by: ' ' };
  if (text === 'bytes' && !isName) return { count: 1, by: 'bytea' };
  return NAMES_TO_QUOTE.has(text) || (text === 'json' && isName)
    ? { count: 1, by: `"${text}"` }
    : undefined;
}

/** `FROM HISTORY OF` and `FROM DIFF OF`. */
function isSource(tokens: readonly Token[], index: number): boolean {
  return (
    isWords(tokens, index - 1, ['from', 'history', 'of']) ||
    isWords(tokens, index - 1, ['from', 'diff', 'of'])
  );
}

function hasWord(tokens: readonly Token[], word: string): boolean {
  return tokens.some((_, index) => isWords(tokens, index, [word]));
}

function isSymbol(token: Token | undefined, symbol: string): boolean {
  return token?.kind === 'symbol' && token.text === symbol;
}

function isWords(tokens: readonly Token[], index: number, words: readonly string[]): boolean {
  return words.every((word, ahead) => {
    const token = tokens[index + ahead];
    return token?.kind === 'word' && token.text === word;
  });
}
