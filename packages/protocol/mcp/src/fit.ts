/**
 * Answers cut to what a model's window takes: cells of 1,024 characters, 40,000 characters in all. What
 * was cut is always said: `truncated` for elements of a list, `cells_cut` for cells.
 */

import type { JsonObject, JsonValue } from '@veritydb/types';

import { CURSOR_LENGTH_MAX } from './cursor.ts';
import type { ToolAnswer } from './tool.ts';

const CELL_LENGTH_MAX = 1024;
const TEXT_LENGTH_MAX = 40_000;

const NEXT_LENGTH_MAX = ',"next_cursor":""'.length + CURSOR_LENGTH_MAX;

/** Cuts the list of an answer from its end until the answer fits; the next page begins where it was cut. */
export function fitAnswer(
  answer: JsonObject,
  list: string | null,
  { cursorAfter }: Pick<ToolAnswer, 'cursorAfter'> = {},
): JsonObject {
  if (list === null) return answer;
  const elements = answer[list] as readonly JsonValue[];
  const { cells, cut } = list === 'rows' ? fitCells(elements) : { cells: elements, cut: null };
  const frame = {
    ...answer,
    [list]: [] as readonly JsonValue[],
    truncated: answer['truncated'] === true,
    ...(cut === null ? {} : { cells_cut: cut }),
  };
  let length = JSON.stringify(frame).length + 'true'.length + NEXT_LENGTH_MAX;
  const kept: JsonValue[] = [];
  for (const element of cells) {
    length += JSON.stringify(element).length + 1;
    if (length > TEXT_LENGTH_MAX) break;
    kept.push(element);
  }
  const truncated = frame.truncated || kept.length < elements.length;
  // A row that fits into no answer would be the first of every page.
  const next = truncated && kept.length > 0 ? cursorAfter?.(kept.length) : undefined;
  return {
    ...frame,
    [list]: kept,
    truncated,
    ...(next === undefined ? {} : { next_cursor: next }),
  };
}

function fitCells(rows: readonly JsonValue[]): { cells: readonly JsonValue[]; cut: number } {
  let cut = 0;
  const cells = rows.map((row) =>
    (row as readonly JsonValue[]).map((cell) => {
      if (cell === null || typeof cell === 'boolean' || typeof cell === 'number') return cell;
      const text = typeof cell === 'string' ? cell : JSON.stringify(cell);
      if (text.length <= CELL_LENGTH_MAX) return cell;
      cut += 1;
      return `${text.slice(0, CELL_LENGTH_MAX - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
    }),
  );
  return { cells, cut };
}
