/** The statements of a dump, cut at their ends: what stands in text, names, comments and data ends none. */

/** What a statement is cut by: where a quoted part begins, and how it ends. */
const QUOTES: Readonly<Record<string, string>> = { "'": "'", '"': '"', '`': '`', '[': ']' };
const DOLLAR = /\$[A-Za-z_]*\$/y;
const COPY = /^\s*COPY\b[\s\S]*\bFROM\s+stdin\b/i;

/**
 * Statements of a dump, without comments. A backslash in text of MySQL takes the next character with it.
 *
 * @param hasBackslashes whether it does
 */
export function* dumpStatements(text: string, hasBackslashes: boolean): Generator<string> {
  let at = 0;
  let statement = '';
  while (at < text.length) {
    const end = endOfPart(text, at, hasBackslashes);
    const part = text.slice(at, end);
    at = end;
    if (part === ';') {
      if (statement.trim() !== '') yield statement.trim();
      // Rows of a table follow, up to a line of two characters.
      if (COPY.test(statement)) at = endOfRows(text, at);
      statement = '';
    } else if (isComment(part)) {
      statement += ' ';
    } else statement += part;
  }
  if (statement.trim() !== '') yield statement.trim();
}

function isComment(part: string): boolean {
  return part.startsWith('--') || part.startsWith('/*') || part.startsWith('#');
}

/** Where the part that begins at a place ends: a quoted text, a comment, or a single character. */
function endOfPart(text: string, at: number, hasBackslashes: boolean): number {
  const char = text[at] as string;
  if (text.startsWith('--', at) || (char === '#' && hasBackslashes)) return endOf(text, '\n', at);
  if (text.startsWith('/*', at)) return endOf(text, '*/', at + 2);
  if (char === '$') {
    DOLLAR.lastIndex = at;
    const [tag] = DOLLAR.exec(text) ?? [];
    if (tag !== undefined) return endOf(text, tag, at + tag.length);
  }
  const close = QUOTES[char];
  if (close === undefined || (char === '[' && !/[A-Za-z_"]/.test(text[at + 1] ?? '')))
    return at + 1;
  for (let next = at + 1; next < text.length; next += 1) {
    if (hasBackslashes && text[next] === '\\' && char !== '`') next += 1;
    else if (text[next] === close) return next + 1;
  }
  return text.length;
}

function endOf(text: string, close: string, from: number): number {
  const found = text.indexOf(close, from);
  return found < 0 ? text.length : found + close.length;
}

function endOfRows(text: string, from: number): number {
  return endOf(text, '\n\\.', from);
}
