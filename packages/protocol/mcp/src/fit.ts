/**
 * Answers cut to what a model's window takes: cells of 1,024 characters, 40,000 characters in all. What
 * was cut is always said: `truncated` for elements of a list, `cells_cut` for cells.
 */

import type { JsonObject, JsonValue } from '@veritydb/types';

const CELL_LENGTH_MAX = 1024;
const TEXT_LENGTH_MAX = 40_000;

/** Cuts the list of an answer from its end until the answer fits. */
export function fitAnswer(answer: JsonObject, list: string | null): JsonObject {
  if (list === null) return answer;
  const elements = answer[list] as readonly JsonValue[];
  const { cells, cut } = list === 'rows' ? fitCells(elements) : { cells: elements, cut: null };
  const frame = {
    ...answer,
    [list]: [] as readonly JsonValue[],
    truncated: answer['truncated'] === true,
    ...(cut === null ? {} : { cells_cut: cut }),
  };
  let length = JSON.stringify(frame).length + 'true'.length;
  const kept: JsonValue[] = [];
  for (const element of cells) {
    length += JSON.stringify(element).length + 1;
    if (length > TEXT_LENGTH_MAX) break;
    kept.push(element);
  }
  return { ...frame, [list]: kept, truncated: frame.truncated || kept.length < elements.length };
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
