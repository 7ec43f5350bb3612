/**
 * The optimal full-domain generalisation: of all nodes of the lattice of levels, the one that holds and
 * loses least.
 *
 * Where the model is monotonic, nodes are decided along chains by bisection, and each decision decides
 * all nodes below or above (FLASH: Kohlmayer et al. 2012; OLA: El Emam et al. 2009). Where it is not,
 * k-anonymity, which is, decides first, and what is left is tried one by one.
 */

import { assert } from '@veritydb/types';

import { type ReleaseModel, isMonotonic, violations } from './model.ts';
import type { QuasiTable } from './quasi-table.ts';

/**
 * - `nue`: non-uniform entropy in bits, suppression not counted.
 * - `dm`: discernibility: a kept record costs the size of its class, a suppressed one that of the table.
 * - `dm-star`: squares of all classes, suppressed ones too.
 */
export type LossMetric = 'nue' | 'dm' | 'dm-star';

export interface OptimalRelease {
  /** Level of each attribute. */
  readonly levels: readonly number[];
  readonly loss: number;
  readonly suppressedCount: number;
  /** Nodes that hold, of all. */
  readonly validCount: number;
  readonly nodeCount: number;
  /** Nodes whose classes were made. */
  readonly checkedCount: number;
}

const NODES_COUNT_MAX = 2_000_000;
const UNKNOWN = 0;
const INVALID = 1;
const VALID = 2;

interface Check {
  readonly holds: boolean;
  readonly suppressedCount: number;
  readonly loss: number;
}

/** Finds the optimum; null where not even the top of the lattice holds. */
export function findOptimalRelease(
  table: QuasiTable,
  model: ReleaseModel,
  metric: LossMetric,
): OptimalRelease | null {
  return new LatticeSearch(table, model, metric).run();
}

class LatticeSearch {
  readonly #table: QuasiTable;
  readonly #model: ReleaseModel;
  readonly #metric: LossMetric;
  readonly #levelCounts: readonly number[];
  /** What one level more of an attribute adds to the number of a node. */
  readonly #strides: readonly number[];
  readonly #nodeCount: number;
  readonly #tags: Uint8Array;
  #checkedCount = 0;

  constructor(table: QuasiTable, model: ReleaseModel, metric: LossMetric) {
    this.#table = table;
    this.#model = model;
    this.#metric = metric;
    this.#levelCounts = table.attributes.map(({ levelCount }) => levelCount);
    const strides: number[] = [];
    let nodeCount = 1;
    for (const count of this.#levelCounts) {
      strides.push(nodeCount);
      nodeCount *= count;
    }
    assert(nodeCount <= NODES_COUNT_MAX, 'the lattice has more than two million nodes');
    this.#strides = strides;
    this.#nodeCount = nodeCount;
    this.#tags = new Uint8Array(nodeCount);
  }

  run(): OptimalRelease | null {
    const model = this.#model;
    const decides = isMonotonic(model)
      ? model
      : { ...model, diversity: undefined, closeness: undefined };
    this.#tagAll(decides);
    const candidates = this.#candidates();
    let best: (Check & { readonly node: number }) | null = null;
    let validCount = 0;
    for (const node of candidates) {
      if (decides === model) {
        validCount += 1;
        // Its own loss by levels is known without its classes.
        if (this.#metric === 'nue' && best !== null && this.#entropyOf(node) >= best.loss) continue;
      }
      const check = this.#check(node, model);
      if (!check.holds) continue;
      if (decides !== model) validCount += 1;
      if (best === null || check.loss < best.loss) best = { ...check, node };
    }
    if (best === null) return null;
    return {
      levels: this.#levelsOf(best.node),
      loss: best.loss,
      suppressedCount: best.suppressedCount,
      validCount,
      nodeCount: this.#nodeCount,
      checkedCount: this.#checkedCount,
    };
  }

  #candidates(): readonly number[] {
    const nodes: number[] = [];
    for (let node = 0; node < this.#nodeCount; node += 1) {
      if (this.#tags[node] === VALID) nodes.push(node);
    }
    // Least loss first, so that few have to be looked at.
    const entropies = new Map(nodes.map((node) => [node, this.#entropyOf(node)]));
    return nodes.toSorted((a, b) => (entropies.get(a) as number) - (entropies.get(b) as number));
  }

  /** Tags every node, each checked or implied. */
  #tagAll(model: ReleaseModel): void {
    const bySum = Array.from({ length: this.#nodeCount }, (_, node) => node).toSorted(
      (a, b) => this.#heightOf(a) - this.#heightOf(b),
    );
    for (const node of bySum) {
      if (this.#tags[node] !== UNKNOWN) continue;
      const chain = this.#chainFrom(node);
      let [low, high] = [0, chain.length - 1];
      while (low <= high) {
        const middle = (low + high) >> 1;
        const candidate = chain[middle] as number;
        if (this.#tags[candidate] === UNKNOWN) {
          const { holds } = this.#check(candidate, model);
          this.#spread(candidate, holds ? VALID : INVALID);
        }
        if (this.#tags[candidate] === VALID) high = middle - 1;
        else low = middle + 1;
      }
    }
  }

  /** From a node upwards, through nodes of which nothing is known, each time where least is lost. */
  #chainFrom(node: number): readonly number[] {
    const chain = [node];
    for (;;) {
      const above = this.#neighbours(chain.at(-1) as number, 1).filter(
        (next) => this.#tags[next] === UNKNOWN,
      );
      const [first] = above.toSorted((a, b) => this.#entropyOf(a) - this.#entropyOf(b));
      if (first === undefined) return chain;
      chain.push(first);
    }
  }

  /** Tags a node and all above (what holds) or below (what does not). */
  #spread(node: number, tag: number): void {
    const stack = [node];
    this.#tags[node] = tag;
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      for (const other of this.#neighbours(next, tag === VALID ? 1 : -1)) {
        if (this.#tags[other] === tag) continue;
        assert(this.#tags[other] === UNKNOWN, 'a monotonic model is not');
        this.#tags[other] = tag;
        stack.push(other);
      }
    }
  }

  #neighbours(node: number, step: 1 | -1): readonly number[] {
    const neighbours: number[] = [];
    for (const [index, stride] of this.#strides.entries()) {
      const level = this.#levelAt(node, index) + step;
      if (level >= 0 && level < (this.#levelCounts[index] as number)) {
        neighbours.push(node + step * stride);
      }
    }
    return neighbours;
  }

  #levelAt(node: number, index: number): number {
    return (
      Math.floor(node / (this.#strides[index] as number)) % (this.#levelCounts[index] as number)
    );
  }

  #levelsOf(node: number): readonly number[] {
    return this.#strides.map((_, index) => this.#levelAt(node, index));
  }

  #heightOf(node: number): number {
    let height = 0;
    for (let index = 0; index < this.#strides.length; index += 1)
      height += this.#levelAt(node, index);
    return height;
  }

  #entropyOf(node: number): number {
    let bits = 0;
    for (const [index, { entropy }] of this.#table.attributes.entries()) {
      bits += entropy[this.#levelAt(node, index)] as number;
    }
    return bits;
  }

  #check(node: number, model: ReleaseModel): Check {
    this.#checkedCount += 1;
    const table = this.#table;
    const classes = table.classesAt(this.#levelsOf(node));
    const violating = violations(model, classes, table.sensitive);
    let [suppressedCount, squares, kept] = [0, 0, 0];
    for (let id = 0; id < classes.count; id += 1) {
      const size = classes.sizes[id] as number;
      squares += size * size;
      if (violating[id] === 1) suppressedCount += size;
      else kept += size * size;
    }
    const loss = {
      nue: () => this.#entropyOf(node),
      dm: () => kept + table.recordCount * suppressedCount,
      'dm-star': () => squares,
    }[this.#metric]();
    const holds = suppressedCount <= model.suppressionLimit * table.recordCount;
    return { holds, suppressedCount, loss };
  }
}
