/**
 * Records as full-domain models see them: quasi-identifiers as codes with a map from each level to the next,
 * one sensitive attribute, and equal records counted once.
 */

import { assert } from '@veritydb/types';

import { PrivacyError } from '../error.ts';
import type { Hierarchy } from './hierarchy.ts';
import { KeyTable } from './key-table.ts';

export interface QuasiColumn {
  readonly name: string;
  readonly values: readonly string[];
  readonly hierarchy: Hierarchy;
}

export interface QuasiAttribute {
  readonly name: string;
  readonly levelCount: number;
  /** By level: spelling of each code. */
  readonly labels: readonly (readonly string[])[];
  /** By level: the code of each value of level 0. */
  readonly codes: readonly Int32Array[];
  /** By level: non-uniform entropy in bits, over all records. */
  readonly entropy: readonly number[];
}

/** The column that a release is about, and that nobody should learn of anybody. */
export interface SensitiveColumn {
  readonly name: string;
  readonly values: readonly string[];
  /** All values, least first, for ordered distances; in order of their text when left out. */
  readonly order?: readonly string[] | undefined;
  /** For hierarchical distances. */
  readonly hierarchy?: Hierarchy | undefined;
}

export interface SensitiveAttribute {
  readonly name: string;
  readonly labels: readonly string[];
  /** Records with each value. */
  readonly totals: Float64Array;
  /** By level of the hierarchy, 0 the values: the group of each value. Empty without one. */
  readonly groups: readonly Int32Array[];
}

/** Largest whole number that a key may reach; beyond it keys are numbered anew. */
const KEY_MAX = Number.MAX_SAFE_INTEGER;

export class QuasiTable {
  readonly attributes: readonly QuasiAttribute[];
  readonly sensitive: SensitiveAttribute | null;
  readonly recordCount: number;
  /** Distinct records, with how many there are of each. */
  readonly distinctCount: number;
  readonly #columns: readonly Int32Array[];
  readonly #sensitiveCodes: Int32Array | null;
  readonly #counts: Int32Array;
  /** Distinct record of each record. */
  readonly #distinctOf: Int32Array;
  readonly #table: KeyTable;
  readonly #keys: Float64Array;

  /**
   * @param columns at least one; all of one length
   * @throws {PrivacyError} ERR_PRIVACY_HIERARCHY when a value is not in its hierarchy
   */
  constructor(columns: readonly QuasiColumn[], sensitive: SensitiveColumn | null) {
    const [first] = columns;
    assert(first !== undefined, 'a table has no quasi-identifier');
    this.recordCount = first.values.length;
    const encoded = columns.map((column) => encodeColumn(column, this.recordCount));
    this.attributes = encoded.map(({ attribute }) => attribute);
    const secret = sensitive === null ? null : encodeSensitive(sensitive, this.recordCount);
    this.sensitive = secret?.attribute ?? null;
    const all = [...encoded.map(({ codes }) => codes), ...(secret === null ? [] : [secret.codes])];
    const { distinctOf, count, firsts } = distinctRecords(all, this.recordCount);
    this.#distinctOf = distinctOf;
    this.distinctCount = count;
    this.#counts = new Int32Array(count);
    for (const id of distinctOf) this.#counts[id] = (this.#counts[id] as number) + 1;
    this.#columns = encoded.map(({ codes }) => firsts.map((record) => codes[record] as number));
    this.#sensitiveCodes =
      secret === null ? null : firsts.map((record) => secret.codes[record] as number);
    this.#table = new KeyTable(count);
    this.#keys = new Float64Array(count);
  }

  /** Equivalence classes when each attribute is at its level. */
  classesAt(levels: readonly number[]): EquivalenceClasses {
    const keys = this.#keys.fill(0);
    let largest = 1;
    for (const [index, { codes, labels }] of this.attributes.entries()) {
      const level = levels[index] as number;
      const map = codes[level] as Int32Array;
      const size = (labels[level] as readonly string[]).length;
      if (size === 1) continue;
      if (largest > KEY_MAX / size) largest = this.#renumber(keys);
      const column = this.#columns[index] as Int32Array;
      for (let record = 0; record < keys.length; record += 1) {
        keys[record] = (keys[record] as number) * size + (map[column[record] as number] as number);
      }
      largest *= size;
    }
    const table = this.#table;
    table.clear();
    const classOf = new Int32Array(keys.length);
    for (let record = 0; record < keys.length; record += 1) {
      classOf[record] = table.idOf(keys[record] as number);
    }
    return new EquivalenceClasses(classOf, table.count, this.#counts, {
      codes: this.#sensitiveCodes,
      size: this.sensitive?.labels.length ?? 0,
    });
  }

  #renumber(keys: Float64Array): number {
    this.#table.clear();
    for (let record = 0; record < keys.length; record += 1) {
      keys[record] = this.#table.idOf(keys[record] as number);
    }
    return this.#table.count;
  }

  /** Class of each record, in the order that they were given in. */
  classOfRecords(classes: EquivalenceClasses): Int32Array {
    return this.#distinctOf.map((distinct) => classes.classOf[distinct] as number);
  }

  /** A record with its quasi-identifiers at the levels. */
  generalise(record: number, levels: readonly number[]): readonly string[] {
    const distinct = this.#distinctOf[record] as number;
    return this.attributes.map(({ codes, labels }, index) => {
      const level = levels[index] as number;
      const code = (codes[level] as Int32Array)[
        (this.#columns[index] as Int32Array)[distinct] as number
      ] as number;
      return labels[level]?.[code] as string;
    });
  }
}

export class EquivalenceClasses {
  /** Class of each distinct record. */
  readonly classOf: Int32Array;
  readonly count: number;
  /** Records in each class. */
  readonly sizes: Int32Array;
  readonly #counts: Int32Array;
  readonly #sensitive: { readonly codes: Int32Array | null; readonly size: number };

  constructor(
    classOf: Int32Array,
    count: number,
    counts: Int32Array,
    sensitive: { readonly codes: Int32Array | null; readonly size: number },
  ) {
    this.classOf = classOf;
    this.count = count;
    this.#counts = counts;
    this.#sensitive = sensitive;
    this.sizes = new Int32Array(count);
    for (let record = 0; record < classOf.length; record += 1) {
      const id = classOf[record] as number;
      this.sizes[id] = (this.sizes[id] as number) + (counts[record] as number);
    }
  }

  /** Records of each sensitive value in each class: `[class * values + value]`. */
  histogram(): Int32Array {
    const { codes, size } = this.#sensitive;
    assert(codes !== null, 'a table without a sensitive attribute has no histogram of it');
    const histogram = new Int32Array(this.count * size);
    for (let record = 0; record < codes.length; record += 1) {
      const at = (this.classOf[record] as number) * size + (codes[record] as number);
      histogram[at] = (histogram[at] as number) + (this.#counts[record] as number);
    }
    return histogram;
  }
}

function encodeColumn(
  { name, values, hierarchy }: QuasiColumn,
  recordCount: number,
): { readonly attribute: QuasiAttribute; readonly codes: Int32Array } {
  assert(values.length === recordCount, 'columns of a table are of different lengths');
  const codeOf = new Map<string, number>();
  const codes = new Int32Array(recordCount);
  for (let record = 0; record < recordCount; record += 1) {
    const value = values[record] as string;
    let code = codeOf.get(value);
    if (code === undefined) {
      if (!hierarchy.rows.has(value)) {
        throw lacking(name, 'hierarchy');
      }
      code = codeOf.size;
      codeOf.set(value, code);
    }
    codes[record] = code;
  }
  const counts = new Float64Array(codeOf.size);
  for (const code of codes) counts[code] = (counts[code] as number) + 1;
  const levels = Array.from({ length: hierarchy.levelCount }, (_, level) =>
    encodeLevel(hierarchy, level, [...codeOf.keys()]),
  );
  const attribute = {
    name,
    levelCount: hierarchy.levelCount,
    labels: levels.map(({ labels }) => labels),
    codes: levels.map(({ map }) => map),
    entropy: levels.map(({ map }) => nonUniformEntropy(counts, map)),
  };
  return { attribute, codes };
}

function lacking(name: string, what: string): PrivacyError {
  return new PrivacyError(
    'ERR_PRIVACY_HIERARCHY',
    `column ${name} holds a value that its ${what} lacks`,
    { hint: 'Add it, or suppress the record before.' },
  );
}

function encodeLevel(
  hierarchy: Hierarchy,
  level: number,
  values: readonly string[],
): { readonly labels: readonly string[]; readonly map: Int32Array } {
  const ids = new Map<string, number>();
  const map = new Int32Array(values.length);
  for (const [code, value] of values.entries()) {
    const label = hierarchy.rows.get(value)?.[level] as string;
    const id = ids.get(label) ?? ids.size;
    ids.set(label, id);
    map[code] = id;
  }
  return { labels: [...ids.keys()], map };
}

/** Σ over records of −log2(count of the value / count of what it became). */
function nonUniformEntropy(counts: Float64Array, map: Int32Array): number {
  const grouped = new Float64Array(counts.length);
  for (const [code, count] of counts.entries()) {
    const id = map[code] as number;
    grouped[id] = (grouped[id] as number) + count;
  }
  let bits = 0;
  for (const [code, count] of counts.entries()) {
    bits += count * Math.log2((grouped[map[code] as number] as number) / count);
  }
  return bits;
}

function encodeSensitive(
  { name, values, order, hierarchy }: SensitiveColumn,
  recordCount: number,
): { readonly attribute: SensitiveAttribute; readonly codes: Int32Array } {
  assert(values.length === recordCount, 'columns of a table are of different lengths');
  const labels = order ?? [...new Set(values)].toSorted((a, b) => (a < b ? -1 : 1));
  const codeOf = new Map(labels.map((label, code) => [label, code]));
  const codes = Int32Array.from(values, (value) => {
    const code = codeOf.get(value);
    if (code === undefined) throw lacking(name, 'order');
    return code;
  });
  const totals = new Float64Array(labels.length);
  for (const code of codes) totals[code] = (totals[code] as number) + 1;
  const groups = Array.from({ length: hierarchy?.levelCount ?? 0 }, (_, level) => {
    if (hierarchy === undefined || !labels.every((label) => hierarchy.rows.has(label))) {
      throw lacking(name, 'hierarchy');
    }
    return encodeLevel(hierarchy, level, labels).map;
  });
  return { attribute: { name, labels, totals, groups }, codes };
}

function distinctRecords(
  columns: readonly Int32Array[],
  recordCount: number,
): { readonly distinctOf: Int32Array; readonly count: number; readonly firsts: Int32Array } {
  const table = new KeyTable(recordCount);
  let ids = new Int32Array(recordCount);
  let count = 1;
  for (const column of columns) {
    table.clear();
    // Group by group: a pair of numbers is one number.
    const next = new Int32Array(recordCount);
    for (let record = 0; record < recordCount; record += 1) {
      next[record] = table.idOf((column[record] as number) * count + (ids[record] as number));
    }
    ids = next;
    count = table.count;
  }
  const firsts = new Int32Array(count).fill(-1);
  for (let record = recordCount - 1; record >= 0; record -= 1)
    firsts[ids[record] as number] = record;
  return { distinctOf: ids, count: recordCount === 0 ? 0 : count, firsts };
}
