/**
 * What the rows of a group of a projection come to, kept so that a row can be taken out again. Sums are kept
 * for each number of digits after the point, because a sum has as many as the most of its rows: a row that
 * goes takes its digits along. MIN and MAX need the values in order and are not here.
 */

import type { Decimal, Row, Value } from '@veritydb/types';

import type { BoundAggregate, GroupMember, NumericType } from './bound.ts';
import { average, exact, widen } from './numeric.ts';

interface Part {
  count: bigint;
  unscaled: bigint;
}

/** Of one member: a count, or sums by scale; null where there is nothing to keep. */
type Cell =
  | { readonly kind: 'count'; count: bigint }
  | { readonly kind: 'sum'; readonly parts: Map<number, Part> }
  | null;

type CellText = string | null | readonly (readonly [number, string, string])[];

export class GroupTotals {
  readonly #members: readonly GroupMember[];
  #rows = 0n;
  readonly #cells: readonly Cell[];

  /** @param text as {@link GroupTotals.format} wrote it; null for a group of no rows */
  constructor(members: readonly GroupMember[], text: string | null) {
    this.#members = members;
    if (text === null) {
      this.#cells = members.map((member) => openCell(member));
      return;
    }
    const [rows, cells] = JSON.parse(text) as readonly [string, readonly CellText[]];
    this.#rows = BigInt(rows);
    this.#cells = cells.map(readCell);
  }

  get rows(): bigint {
    return this.#rows;
  }

  /** Takes a row in, or out again: by the values that go into its members. */
  change(values: Row, direction: 1n | -1n): void {
    this.#rows += direction;
    for (const [index, cell] of this.#cells.entries()) {
      const value = values[index] ?? null;
      if (cell === null || value === null) continue;
      if (cell.kind === 'count') cell.count += direction;
      else changeSum(cell.parts, value, direction);
    }
  }

  /**
   * What a member comes to, unless it is a key, MIN or MAX.
   *
   * @throws {QueryError} ERR_QUERY_OVERFLOW
   */
  result(index: number): Value {
    const member = this.#members[index] as BoundAggregate;
    if (member.argument === null) return this.#rows;
    const cell = this.#cells[index] as Exclude<Cell, null>;
    if (cell.kind === 'count') return cell.count;
    const scale = Math.max(0, ...cell.parts.keys());
    let count = 0n;
    let unscaled = 0n;
    for (const [at, part] of cell.parts) {
      count += part.count;
      unscaled += part.unscaled * 10n ** BigInt(scale - at);
    }
    if (count === 0n) return null;
    const sum = { unscaled, scale };
    return member.name === 'sum' ? exact(member.type as NumericType, sum) : average(sum, count);
  }

  format(): string {
    const cells = this.#cells.map((cell): CellText => {
      if (cell === null) return null;
      if (cell.kind === 'count') return String(cell.count);
      return [...cell.parts]
        .toSorted(([a], [b]) => a - b)
        .map(([scale, { count, unscaled }]) => [scale, String(count), String(unscaled)] as const);
    });
    return JSON.stringify([String(this.#rows), cells]);
  }
}

function openCell(member: GroupMember): Cell {
  if (member.kind === 'key' || member.argument === null || isExtreme(member)) return null;
  return member.name === 'count'
    ? { kind: 'count', count: 0n }
    : { kind: 'sum', parts: new Map<number, Part>() };
}

function readCell(text: CellText): Cell {
  if (text === null) return null;
  if (typeof text === 'string') return { kind: 'count', count: BigInt(text) };
  const parts = text.map(([scale, count, unscaled]): [number, Part] => [
    scale,
    { count: BigInt(count), unscaled: BigInt(unscaled) },
  ]);
  return { kind: 'sum', parts: new Map(parts) };
}

function changeSum(parts: Map<number, Part>, value: Value, direction: 1n | -1n): void {
  const { unscaled, scale } = widen('decimal', value) as Decimal;
  const part = parts.get(scale) ?? { count: 0n, unscaled: 0n };
  part.count += direction;
  part.unscaled += direction * unscaled;
  if (part.count === 0n) parts.delete(scale);
  else parts.set(scale, part);
}

/** Whether a member is found among values in their order. */
export function isExtreme(member: GroupMember): boolean {
  return member.kind === 'aggregate' && (member.name === 'min' || member.name === 'max');
}
