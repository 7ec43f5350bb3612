/**
 * Inference control: whether one more statistic may be told, given all that were told before.
 *
 * A recipient can add and subtract answers. Every such combination is constant on the rows that were in
 * exactly the same answers, so its difference from zero is always a union of these classes: the cells of
 * the partition that the answers make together. Where each cell has enough data subjects, no combination
 * of answers, however many (individual and general trackers, differences over time), is about fewer.
 * Sound, and coarser than need be: Chin and Ozsoyoglu, "Auditing and inference control in statistical
 * databases", IEEE TSE 1982, decide exactly at a much higher cost.
 */

/** A row behind a statistic, and whom it is about; names that tell nothing else. */
export interface StatisticMember {
  readonly row: string;
  readonly subject: string;
}

export type StatisticMembers = readonly StatisticMember[];

/**
 * Whether new statistics may be told beside those told before.
 *
 * @param asked the rows behind each of the new ones
 * @param told the rows behind each that was told to the same recipient of the same table
 * @param subjectsMin fewest data subjects of a cell
 */
export function isStatisticSafe(
  asked: readonly StatisticMembers[],
  told: readonly StatisticMembers[],
  subjectsMin: number,
): boolean {
  if (asked.some((members) => subjectsOf(members).size < subjectsMin)) return false;
  const cells = new Map<string, { cell: number; readonly subject: string }>();
  let count = 1;
  for (const members of [...told, ...asked]) {
    // Each old cell splits into the part that is in this answer and the part that is not.
    const inside = new Map<number, number>();
    for (const { row, subject } of new Map(members.map((one) => [one.row, one])).values()) {
      const known = cells.get(row) ?? { cell: 0, subject };
      const next = inside.get(known.cell) ?? count++;
      inside.set(known.cell, next);
      cells.set(row, { cell: next, subject });
    }
  }
  const subjects = new Map<number, Set<string>>();
  for (const { cell, subject } of cells.values()) {
    subjects.set(cell, (subjects.get(cell) ?? new Set()).add(subject));
  }
  return [...subjects.values()].every(({ size }) => size >= subjectsMin);
}

function subjectsOf(members: StatisticMembers): ReadonlySet<string> {
  return new Set(members.map(({ subject }) => subject));
}
