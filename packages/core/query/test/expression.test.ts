import type { Row, Value } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  QueryError,
  bindSelect,
  compileExpression,
  parseStatement,
  relationOf,
} from '../src/index.ts';
import { schemaOfText } from './fixtures.ts';

const table = schemaOfText(
  'CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER, c INTEGER, f BOOLEAN, g BOOLEAN)',
);

function evaluate(text: string, row: Row): unknown {
  const statement = parseStatement(`SELECT ${text} AS x FROM t`);
  if (statement.kind !== 'select') throw new Error('not a SELECT');
  const [item] = bindSelect(statement, relationOf(table), []).items;
  if (item?.expression === null || item === undefined) throw new Error('no expression');
  try {
    return compileExpression(item.expression)(row);
  } catch (error) {
    if (error instanceof QueryError) return error.code;
    throw error;
  }
}

/** A slow twin that grows with the text: the expression as text, how tight it binds, what it means. */
interface Twin {
  readonly text: string;
  readonly level: number;
  readonly of: (row: Row) => Value;
}

const OR = 0;
const AND = 1;
const NOT = 2;
const PREDICATE = 3;
const SUM = 4;
const PRODUCT = 5;
const SIGN = 6;
const PRIMARY = 7;

class Failure extends Error {}

const at = (twin: Twin, level: number): string =>
  twin.level >= level ? twin.text : `(${twin.text})`;

function number(sign: string, a: Value, b: Value): Value {
  if (a === null || b === null) return null;
  const [x, y] = [BigInt(a as number), BigInt(b as number)];
  if ((sign === '/' || sign === '%') && y === 0n) throw new Failure('ERR_QUERY_DIVISION');
  const result = sign === '+' ? x + y : sign === '-' ? x - y : sign === '*' ? x * y : null;
  const exact = result ?? (sign === '/' ? x / y : x % y);
  if (exact > 2_147_483_647n || exact < -2_147_483_648n) throw new Failure('ERR_QUERY_OVERFLOW');
  return Number(exact);
}

function compared(operator: string, a: Value, b: Value): Value {
  if (a === null || b === null) return null;
  const [x, y] = [a as number, b as number];
  const order = x < y ? -1 : x > y ? 1 : 0;
  const results: Record<string, boolean> = {
    '=': order === 0,
    '<>': order !== 0,
    '!=': order !== 0,
    '<': order < 0,
    '<=': order <= 0,
    '>': order > 0,
    '>=': order >= 0,
  };
  return results[operator] as boolean;
}

const negation = (value: Value): Value => (value === null ? null : value !== true);

/** By the definition: NULL AND FALSE is FALSE, NULL AND TRUE is NULL; sides in order. */
function conjunction(a: () => Value, b: () => Value): Value {
  const x = a();
  if (x === false) return false;
  const y = b();
  if (y === false) return false;
  return x === null || y === null ? null : true;
}

const disjunction = (a: () => Value, b: () => Value): Value =>
  negation(
    conjunction(
      () => negation(a()),
      () => negation(b()),
    ),
  );

const { condition } = fc.letrec<{ sum: Twin; condition: Twin }>((tie) => ({
  sum: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.integer({ min: -3, max: 9 }).map((value) => ({
      text: value < 0 ? `- ${-value}` : String(value),
      level: value < 0 ? SIGN : PRIMARY,
      of: () => value,
    })),
    fc.constantFrom(...['a', 'b', 'c'].entries()).map(([index, text]) => ({
      text,
      level: PRIMARY,
      of: (row: Row) => row[index] as Value,
    })),
    fc.constant({ text: '2147483647', level: PRIMARY, of: () => 2_147_483_647 }),
    fc
      .tuple(tie('sum'), fc.constantFrom('+', '-', '*', '/', '%'), tie('sum'))
      .map(([left, sign, right]) => {
        const level = sign === '+' || sign === '-' ? SUM : PRODUCT;
        return {
          text: `${at(left, level)} ${sign} ${at(right, level + 1)}`,
          level,
          of: (row: Row) => {
            const a = left.of(row);
            return number(sign, a, right.of(row));
          },
        };
      }),
    tie('sum').map((inner) => ({
      text: `- ${at(inner, SIGN)}`,
      level: SIGN,
      of: (row: Row) => number('-', 0, inner.of(row)),
    })),
  ),
  condition: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    fc.constantFrom('f', 'g', 'TRUE', 'FALSE').map((text) => ({
      text,
      level: PRIMARY,
      of: (row: Row) => (text === 'f' ? row[3] : text === 'g' ? row[4] : text === 'TRUE') as Value,
    })),
    fc
      .tuple(tie('sum'), fc.constantFrom('=', '<>', '!=', '<', '<=', '>', '>='), tie('sum'))
      .map(([left, operator, right]) => ({
        text: `${at(left, SUM)} ${operator} ${at(right, SUM)}`,
        level: PREDICATE,
        of: (row: Row) => {
          const a = left.of(row);
          return compared(operator, a, right.of(row));
        },
      })),
    fc.tuple(tie('sum'), fc.boolean()).map(([inner, negated]) => ({
      text: `${at(inner, SUM)} IS ${negated ? 'NOT ' : ''}NULL`,
      level: PREDICATE,
      of: (row: Row) => (inner.of(row) === null) !== negated,
    })),
    fc
      .tuple(tie('sum'), tie('sum'), tie('sum'), fc.boolean())
      .map(([value, low, high, negated]) => ({
        text: `${at(value, SUM)} ${negated ? 'NOT ' : ''}BETWEEN ${at(low, SUM)} AND ${at(high, SUM)}`,
        level: PREDICATE,
        of: (row: Row) => {
          const [v, l, h] = [value.of(row), low.of(row), high.of(row)];
          const inside = conjunction(
            () => compared('<=', l, v),
            () => compared('<=', v, h),
          );
          return negated ? negation(inside) : inside;
        },
      })),
    fc
      .tuple(
        tie('sum'),
        fc.array(fc.constantFrom(1, 2, null), { minLength: 1, maxLength: 3 }),
        fc.boolean(),
      )
      .map(([value, items, negated]) => ({
        text: `${at(value, SUM)} ${negated ? 'NOT ' : ''}IN (${items.map((i) => i ?? 'NULL').join(', ')})`,
        level: PREDICATE,
        of: (row: Row) => {
          const v = value.of(row);
          let found: Value = false;
          for (const item of items) {
            const before: Value = found;
            found = disjunction(
              () => before,
              () => compared('=', v, item),
            );
          }
          return negated ? negation(found) : found;
        },
      })),
    tie('condition').map((inner) => ({
      text: `NOT ${at(inner, NOT)}`,
      level: NOT,
      of: (row: Row) => negation(inner.of(row)),
    })),
    ...([OR, AND] as const).map((level) =>
      fc.tuple(tie('condition'), tie('condition')).map(([left, right]) => ({
        // A chain groups from the left, and what is tighter needs no parentheses.
        text: `${at(left, level)} ${level === OR ? 'OR' : 'AND'} ${at(right, level + 1)}`,
        level,
        of: (row: Row) =>
          (level === OR ? disjunction : conjunction)(
            () => left.of(row),
            () => right.of(row),
          ),
      })),
    ),
  ),
}));

function twinOf(twin: Twin, row: Row): unknown {
  try {
    return twin.of(row);
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}

describe('compileExpression', () => {
  const cell = fc.constantFrom(null, -1, 0, 1, 2, 7);
  const flag = fc.constantFrom(null, true, false);
  const row = fc.tuple(cell, cell, cell, flag, flag);

  it('agrees with a slow twin, in meaning and in precedence', () => {
    let ran = 0;
    fc.assert(
      fc.property(condition, fc.array(row, { minLength: 3, maxLength: 3 }), (twin, rows) => {
        for (const values of rows) {
          let found: unknown;
          try {
            found = evaluate(twin.text, values);
          } catch (error) {
            if (error instanceof QueryError && error.code === 'ERR_QUERY_LIMIT') return;
            throw error;
          }
          if (found === 'ERR_QUERY_LIMIT') return;
          expect([twin.text, found]).toEqual([twin.text, twinOf(twin, values)]);
          ran += 1;
        }
      }),
      { numRuns: 1500 },
    );
    expect(ran).toBeGreaterThan(3000);
  });

  // ISO/IEC 9075-2, 6.39: the truth tables of AND and OR.
  it.each([
    ['f AND g', [null, false, null, false, false, false, null, false, true]],
    ['f OR g', [null, null, true, null, false, true, true, true, true]],
  ])('has the truth table of %s', (text, expected) => {
    const values = [null, false, true];
    const found = values.flatMap((f) => values.map((g) => evaluate(text, [0, 0, 0, f, g])));
    expect(found).toEqual(expected);
  });

  it('guards a condition by the one before it', () => {
    expect(evaluate('a <> 0 AND 1 / a = 1', [0, 0, 0, null, null])).toBe(false);
    expect(evaluate('1 / a = 1 AND a <> 0', [0, 0, 0, null, null])).toBe('ERR_QUERY_DIVISION');
    expect(evaluate('a = 0 OR 1 / a = 1', [0, 0, 0, null, null])).toBe(true);
  });

  it('survives the longest chains that its bounds allow', () => {
    expect(evaluate(`1${' + 1'.repeat(490)}`, [0, 0, 0, null, null])).toBe(491);
    expect(evaluate(`FALSE${' OR FALSE'.repeat(490)}`, [0, 0, 0, null, null])).toBe(false);
  });
});
