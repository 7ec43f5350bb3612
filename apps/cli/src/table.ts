/** Rows as an aligned table: headings, a rule, one line a row. */

import type { JsonValue } from '@veritydb/types';

import { escapeControls } from './escape.ts';

/** Numbers stand right, everything else left; NULL is shown as nothing at all. */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly JsonValue[])[],
): string {
  const cells = rows.map((row) => row.map(formatCell));
  const widths = headings.map((heading, column) =>
    cells.reduce((width, row) => Math.max(width, lengthOf(row[column] ?? '')), lengthOf(heading)),
  );
  const isNumeric = headings.map(
    (_, column) =>
      rows.length > 0 &&
      rows.every((row) => row[column] === null || typeof row[column] === 'number'),
  );
  const line = (row: readonly string[]): string =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        const padding = ' '.repeat(width - lengthOf(cell));
        return isNumeric[column] === true ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [line(headings.map(escapeControls)), rule, ...cells.map(line)].join('\n');
}

/** `1 row`, `2 rows`. */
export function formatRowCount(count: number): string {
  return `${count} ${count === 1 ? 'row' : 'rows'}`;
}

function formatCell(value: JsonValue): string {
  if (value === null) return '';
  return escapeControls(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Code points, which is what a terminal shows for most scripts. */
function lengthOf(text: string): number {
  return Array.from(text).length;
}
