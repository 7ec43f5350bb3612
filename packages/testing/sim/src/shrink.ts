/** Delta debugging: the smallest part of a list that still fails (Zeller and Hildebrandt 2002, ddmin). */

/**
 * A part of `items` that `fails`, from which no single item can be taken, unless `runsMax` runs came to
 * their end before.
 */
export function shrinkList<Item>(
  items: readonly Item[],
  fails: (items: readonly Item[]) => boolean,
  runsMax: number,
): readonly Item[] {
  const budget = { runs: runsMax };
  const tries = (list: readonly Item[]): boolean => {
    budget.runs -= 1;
    return fails(list);
  };
  let current = items;
  if (current.length > 0 && tries([])) return [];
  let parts = 2;
  while (current.length >= 2 && budget.runs > 0) {
    const size = Math.ceil(current.length / parts);
    let smaller: readonly Item[] | undefined;
    for (let from = 0; from < current.length && budget.runs > 0; from += size) {
      const rest = [...current.slice(0, from), ...current.slice(from + size)];
      if (rest.length > 0 && tries(rest)) {
        smaller = rest;
        break;
      }
    }
    if (smaller !== undefined) {
      current = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) break;
    else parts = Math.min(current.length, parts * 2);
  }
  return current;
}
