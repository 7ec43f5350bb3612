/**
 * Text tables: one line, one case.
 *
 * The first line names the columns, with two spaces or more between them; a cell begins below its
 * column's name and goes on to where the next column begins. Empty lines, and lines that begin with
 * `#`, are skipped. An empty cell is the empty text.
 *
 * ```text
 * write  sync   fate
 * a      yes    kept
 * b             lost or kept
 * ```
 */
export function table(text: string): readonly Readonly<Record<string, string>>[] {
  const [head, ...lines] = text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  if (head === undefined) throw new Error('table has no line that names its columns');
  const columns = [...head.matchAll(/\S+(?: \S+)*/g)].map((match) => ({
    name: match[0],
    start: match.index,
  }));
  const names = new Set(columns.map(({ name }) => name));
  if (names.size !== columns.length) throw new Error('table names a column twice');
  return lines.map((line) => {
    const cells = columns.map(({ name, start }, index) => {
      const before = line[start - 1];
      if (before !== undefined && before !== ' ') {
        throw new Error(`a cell runs into column ${name}: ${line}`);
      }
      return [name, line.slice(start, columns[index + 1]?.start).trim()] as const;
    });
    if (line.slice(0, columns[0]?.start).trim() !== '') {
      throw new Error(`a cell stands before the first column: ${line}`);
    }
    return Object.fromEntries(cells);
  });
}
