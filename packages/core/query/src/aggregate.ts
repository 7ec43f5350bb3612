/**
 * Functions of many rows. Sums are exact and their range is checked at the end, so that no answer depends
 * on the order of the rows.
 */

import {
  type ColumnType,
  type Decimal,
  type Row,
  type Value,
  compareValues,
} from '@veritydb/types';

import type { BoundAggregate, NumericType } from './bound.ts';
import { compileExpression } from './expression.ts';
import { average, exact, widen } from './numeric.ts';
import { valueKey } from './value-key.ts';

/** Of one group and one aggregate. */
export interface Accumulator {
  add(value: Value): void;
  result(): Value;
}

/** What takes the rows of a group. NULLs count for `COUNT(*)` alone. */
export function compileAggregate(aggregate: BoundAggregate): {
  readonly argument: (row: Row) => Value;
  readonly open: () => Accumulator;
} {
  const { argument, distinct } = aggregate;
  if (argument === null) return { argument: () => true, open: () => new Counter() };
  const open = (): Accumulator => openAccumulator(aggregate, argument.type);
  return {
    argument: compileExpression(argument),
    open: distinct ? () => new Distinct(argument.type, open()) : open,
  };
}

function openAccumulator({ name, type }: BoundAggregate, argument: ColumnType): Accumulator {
  switch (name) {
    case 'count':
      return new Counter();
    case 'sum':
    case 'avg':
      return new Sum(name, type as NumericType);
    case 'min':
      return new Extreme(argument, -1);
    case 'max':
    default:
      return new Extreme(argument, 1);
  }
}

class Counter implements Accumulator {
  #count = 0n;

  add(value: Value): void {
    if (value !== null) this.#count += 1n;
  }

  result(): Value {
    return this.#count;
  }
}

class Sum implements Accumulator {
  readonly #name: 'sum' | 'avg';
  readonly #type: NumericType;
  #unscaled = 0n;
  #scale = 0;
  #count = 0n;

  constructor(name: 'sum' | 'avg', type: NumericType) {
    this.#name = name;
    this.#type = type;
  }

  add(value: Value): void {
    if (value === null) return;
    const { unscaled, scale } = widen('decimal', value) as Decimal;
    if (scale > this.#scale) {
      this.#unscaled *= 10n ** BigInt(scale - this.#scale);
      this.#scale = scale;
    }
    this.#unscaled += unscaled * 10n ** BigInt(this.#scale - scale);
    this.#count += 1n;
  }

  result(): Value {
    if (this.#count === 0n) return null;
    const sum = { unscaled: this.#unscaled, scale: this.#scale };
    return this.#name === 'sum' ? exact(this.#type, sum) : average(sum, this.#count);
  }
}

class Extreme implements Accumulator {
  readonly #type: ColumnType;
  /** 1 for the greatest, -1 for the least. */
  readonly #direction: 1 | -1;
  #best: Value = null;

  constructor(type: ColumnType, direction: 1 | -1) {
    this.#type = type;
    this.#direction = direction;
  }

  add(value: Value): void {
    if (value === null) return;
    if (this.#best === null || compareValues(this.#type, value, this.#best) * this.#direction > 0) {
      this.#best = value;
    }
  }

  result(): Value {
    return this.#best;
  }
}

/** Passes each value on once. */
class Distinct implements Accumulator {
  readonly #type: ColumnType;
  readonly #inner: Accumulator;
  readonly #seen = new Set<string>();

  constructor(type: ColumnType, inner: Accumulator) {
    this.#type = type;
    this.#inner = inner;
  }

  add(value: Value): void {
    const key = valueKey(this.#type, value);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#inner.add(value);
  }

  result(): Value {
    return this.#inner.result();
  }
}
