/**
 * Models of a release, over equivalence classes: k-anonymity (Sweeney 2002), ℓ-diversity (Machanavajjhala et
 * al. 2007), t-closeness (Li et al. 2007). A class that violates one is suppressed whole.
 */

import { assert, unreachable } from '@veritydb/types';

import type { EquivalenceClasses, SensitiveAttribute } from './quasi-table.ts';

export type Diversity =
  | { readonly kind: 'distinct' | 'entropy'; readonly l: number }
  /** (c, ℓ): the most frequent value has fewer than c times the records of the ℓ-th and those behind. */
  | { readonly kind: 'recursive'; readonly c: number; readonly l: number };

/**
 * The earth mover's distance of a class from the table (Li et al. 2007, §4), and how far it may be.
 *
 * - `equal`: ½ Σ |q − p|.
 * - `ordered`: Σ |cumulated q − p| / (m − 1).
 * - `hierarchical`: what is moved between two values costs the height of the group that has both.
 */
export interface Closeness {
  readonly t: number;
  readonly distance: 'equal' | 'ordered' | 'hierarchical';
}

export interface ReleaseModel {
  readonly k: number;
  readonly diversity?: Diversity | undefined;
  readonly closeness?: Closeness | undefined;
  /** Share of the records that may be suppressed, 0 to 1. */
  readonly suppressionLimit: number;
}

/** Whether what holds of a node holds of all above it, so that whole parts of the lattice are decided at once. */
export function isMonotonic({ diversity, closeness, suppressionLimit }: ReleaseModel): boolean {
  // Without suppression each model is; with it, a merged class may violate what one of its parts did not.
  if (suppressionLimit === 0) return true;
  return closeness === undefined && (diversity === undefined || diversity.kind === 'distinct');
}

/** By class: 1 where it violates the model. */
export function violations(
  model: ReleaseModel,
  classes: EquivalenceClasses,
  sensitive: SensitiveAttribute | null,
): Uint8Array {
  const { k, diversity, closeness } = model;
  const violating = new Uint8Array(classes.count);
  for (let id = 0; id < classes.count; id += 1) {
    if ((classes.sizes[id] as number) < k) violating[id] = 1;
  }
  if (diversity === undefined && closeness === undefined) return violating;
  assert(sensitive !== null, 'a model of a sensitive attribute needs one');
  const histogram = classes.histogram();
  const size = sensitive.labels.length;
  for (let id = 0; id < classes.count; id += 1) {
    if (violating[id] === 1) continue;
    const counts = histogram.subarray(id * size, (id + 1) * size);
    const records = classes.sizes[id] as number;
    const holds =
      (diversity === undefined || isDiverse(diversity, counts, records)) &&
      (closeness === undefined || distanceOf(closeness, counts, records, sensitive) <= closeness.t);
    if (!holds) violating[id] = 1;
  }
  return violating;
}

/** Roundings of sums of logarithms. */
const EPSILON = 1e-12;

function isDiverse(diversity: Diversity, counts: Int32Array, records: number): boolean {
  switch (diversity.kind) {
    case 'distinct':
      return counts.reduce((found, count) => found + (count > 0 ? 1 : 0), 0) >= diversity.l;
    case 'entropy':
      return entropyBits(counts, records) >= Math.log2(diversity.l) - EPSILON;
    case 'recursive': {
      const sorted = counts.toSorted((a, b) => b - a);
      let rest = 0;
      for (let index = diversity.l - 1; index < sorted.length; index += 1) {
        rest += sorted[index] as number;
      }
      return (sorted[0] as number) < diversity.c * rest;
    }
    default:
      return unreachable(diversity);
  }
}

/** Shannon entropy. */
export function entropyBits(counts: Int32Array, records: number): number {
  let bits = 0;
  for (const count of counts) {
    if (count > 0) bits -= (count / records) * Math.log2(count / records);
  }
  return bits;
}

function distanceOf(
  { distance }: Closeness,
  counts: Int32Array,
  records: number,
  sensitive: SensitiveAttribute,
): number {
  const { totals } = sensitive;
  const all = totals.reduce((sum, total) => sum + total, 0);
  const differences = totals.map(
    (total, value) => (counts[value] as number) / records - total / all,
  );
  if (distance === 'hierarchical') return hierarchicalDistance(differences, sensitive.groups);
  let [sum, cumulated] = [0, 0];
  for (const difference of differences) {
    cumulated += difference;
    sum += Math.abs(distance === 'equal' ? difference : cumulated);
  }
  return distance === 'equal' ? sum / 2 : sum / Math.max(totals.length - 1, 1);
}

/** What a group cannot settle within, it passes on to the group above: §4.3 of the paper. */
function hierarchicalDistance(differences: Float64Array, groups: readonly Int32Array[]): number {
  const height = groups.length - 1;
  assert(height >= 1, 'a hierarchical distance needs a hierarchy of the sensitive attribute');
  let distance = 0;
  let extras = new Map(differences.entries());
  for (let level = 1; level <= height; level += 1) {
    const above = groups[level] as Int32Array;
    const below = groups[level - 1] as Int32Array;
    const parents = new Map<number, { surplus: number; want: number }>();
    const done = new Set<number>();
    for (let value = 0; value < above.length; value += 1) {
      const child = below[value] as number;
      if (done.has(child)) continue;
      done.add(child);
      const parent = parents.get(above[value] as number) ?? { surplus: 0, want: 0 };
      const extra = extras.get(child) as number;
      if (extra > 0) parent.surplus += extra;
      else parent.want -= extra;
      parents.set(above[value] as number, parent);
    }
    extras = new Map();
    for (const [id, { surplus, want }] of parents) {
      distance += (level / height) * Math.min(surplus, want);
      extras.set(id, surplus - want);
    }
  }
  return distance;
}
