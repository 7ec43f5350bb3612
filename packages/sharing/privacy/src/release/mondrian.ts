/**
 * Mondrian (LeFevre, DeWitt & Ramakrishnan 2006), strict: records are cut in two at the median of the widest
 * attribute, as long as both parts hold. Each class keeps the range that it covers; nothing is suppressed.
 */

import { assert } from '@veritydb/types';

export interface MondrianAttribute {
  readonly name: string;
  /** A number for each record: a measure, or the rank of a category. */
  readonly values: Float64Array;
}

export interface MondrianClass {
  readonly records: Int32Array;
  /** Least and greatest value of each attribute. */
  readonly ranges: readonly (readonly [number, number])[];
}

/**
 * Cuts records into classes.
 *
 * @param holds whether records may be a class: `records.length >= k`, and what else is asked
 */
export function partitionMondrian(
  attributes: readonly MondrianAttribute[],
  holds: (records: Int32Array) => boolean,
): readonly MondrianClass[] {
  const [first] = attributes;
  assert(first !== undefined, 'nothing to cut by');
  const widths = attributes.map(({ values }) => widthOf(values));
  const classes: MondrianClass[] = [];
  const stack: Int32Array[] = [Int32Array.from(first.values, (_, record) => record)];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const records = next;
    const ranges = attributes.map(({ values }) => rangeOf(values, records));
    const halves = cut(attributes, records, { ranges, widths }, holds);
    if (halves === null) classes.push({ records, ranges });
    else stack.push(...halves);
  }
  return classes;
}

/** Normalised certainty penalty, 0 to 1: mean share of each attribute's width that a record's class covers. */
export function certaintyPenalty(
  attributes: readonly MondrianAttribute[],
  classes: readonly MondrianClass[],
): number {
  const widths = attributes.map(({ values }) => widthOf(values));
  let [penalty, records] = [0, 0];
  for (const { records: members, ranges } of classes) {
    records += members.length;
    for (const [index, [least, greatest]] of ranges.entries()) {
      const width = widths[index] as number;
      if (width > 0) penalty += (members.length * (greatest - least)) / width;
    }
  }
  return records === 0 ? 0 : penalty / (records * attributes.length);
}

function cut(
  attributes: readonly MondrianAttribute[],
  records: Int32Array,
  extent: {
    readonly ranges: readonly (readonly [number, number])[];
    readonly widths: readonly number[];
  },
  holds: (records: Int32Array) => boolean,
): readonly [Int32Array, Int32Array] | null {
  const share = (index: number): number => {
    const [least, greatest] = extent.ranges[index] as readonly [number, number];
    return (greatest - least) / (extent.widths[index] as number);
  };
  const widest = attributes
    .map((_, index) => index)
    .filter((index) => share(index) > 0)
    .toSorted((a, b) => share(b) - share(a) || a - b);
  for (const index of widest) {
    const { values } = attributes[index] as MondrianAttribute;
    const median = medianOf(values, records);
    const lower = records.filter((record) => (values[record] as number) <= median);
    const upper = records.filter((record) => (values[record] as number) > median);
    if (upper.length > 0 && holds(lower) && holds(upper)) return [lower, upper];
  }
  return null;
}

/** The lower median, or the value below where it is the greatest: both parts have records. */
function medianOf(values: Float64Array, records: Int32Array): number {
  const sorted = Float64Array.from(records, (record) => values[record] as number).toSorted();
  const greatest = sorted.at(-1) as number;
  let at = (sorted.length - 1) >> 1;
  while (at > 0 && sorted[at] === greatest) at -= 1;
  return sorted[at] as number;
}

function rangeOf(values: Float64Array, records: Int32Array): readonly [number, number] {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const record of records) {
    const value = values[record] as number;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return [least, greatest];
}

function widthOf(values: Float64Array): number {
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return values.length === 0 ? 0 : greatest - least;
}
