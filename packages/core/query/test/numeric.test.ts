import { type Decimal, type Value, formatDecimal, isValueOf, parseDecimal } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { calculate, negate, widen } from '../src/numeric.ts';
import type { ArithmeticOperator } from '../src/statement.ts';
import { codeOf } from './fixtures.ts';

const operator = fc.constantFrom<ArithmeticOperator>('+', '-', '*', '/', '%');

/** The slow twin: whole numbers of any size. */
function exact(sign: ArithmeticOperator, a: bigint, b: bigint): bigint | null {
  switch (sign) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0n ? null : a / b;
    case '%':
    default:
      return b === 0n ? null : a % b;
  }
}

function expected(type: 'integer' | 'bigint', result: bigint | null): unknown {
  if (result === null) return 'ERR_QUERY_DIVISION';
  const value = type === 'integer' ? Number(result) : result;
  return isValueOf(type, value) ? value : 'ERR_QUERY_OVERFLOW';
}

function outcome(call: () => Value): unknown {
  let value: Value = null;
  const code = codeOf(() => {
    value = call();
  });
  return code === 'none' ? value : code;
}

describe('calculate', () => {
  const integer = fc.oneof(
    fc.integer(),
    fc.integer({ min: -9, max: 9 }),
    fc.constantFrom(-2_147_483_648, 2_147_483_647),
  );
  const bigint = fc.oneof(
    fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
    fc.bigInt({ min: -9n, max: 9n }),
    fc.constantFrom(-(1n << 63n), (1n << 63n) - 1n),
  );

  it('is exact for integers', () => {
    fc.assert(
      fc.property(operator, integer, integer, (sign, a, b) => {
        expect(outcome(() => calculate('integer', sign, a, b))).toBe(
          expected('integer', exact(sign, BigInt(a), BigInt(b))),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('is exact for bigints', () => {
    fc.assert(
      fc.property(operator, bigint, bigint, (sign, a, b) => {
        expect(outcome(() => calculate('bigint', sign, a, b))).toBe(
          expected('bigint', exact(sign, a, b)),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('agrees for decimals without fractions', () => {
    fc.assert(
      fc.property(fc.constantFrom('+', '-', '*', '%'), bigint, bigint, (sign, a, b) => {
        const result = exact(sign, a, b);
        const [left, right] = [widen('decimal', a), widen('decimal', b)];
        expect(outcome(() => calculate('decimal', sign, left, right))).toEqual(
          result === null
            ? 'ERR_QUERY_DIVISION'
            : isValueOf('decimal', { unscaled: result, scale: 0 })
              ? { unscaled: result, scale: 0 }
              : 'ERR_QUERY_OVERFLOW',
        );
      }),
    );
  });

  it.each([
    ['1.5', '+', '2.25', '3.75'],
    ['0.1', '-', '0.30', '-0.20'],
    ['1.5', '*', '-2.50', '-3.750'],
    ['1', '/', '3', '0.3333333333333333'],
    ['2', '/', '3', '0.6666666666666667'],
    ['-2', '/', '3', '-0.6666666666666667'],
    ['0.00000000000000005', '/', '1', '0.00000000000000005'],
    ['1', '/', '20000000000000000', '0.0000000000000001'],
    ['-1', '/', '20000000000000000', '-0.0000000000000001'],
    ['1', '/', '20000000000000001', '0.0000000000000000'],
    ['7.5', '%', '2', '1.5'],
    ['-7.5', '%', '2', '-1.5'],
    ['1', '/', '0.00', 'ERR_QUERY_DIVISION'],
    ['1', '%', '0', 'ERR_QUERY_DIVISION'],
    ['9'.repeat(38), '+', '1', 'ERR_QUERY_OVERFLOW'],
    ['1'.repeat(23), '/', '1', 'ERR_QUERY_OVERFLOW'],
    [`0.${'0'.repeat(19)}1`, '*', `0.${'0'.repeat(19)}1`, 'ERR_QUERY_OVERFLOW'],
  ] as const)('%s %s %s = %s', (a, sign, b, result) => {
    const value = outcome(() => calculate('decimal', sign, parseDecimal(a), parseDecimal(b)));
    expect(typeof value === 'string' ? value : formatDecimal(value as Decimal)).toBe(result);
  });

  it('negates', () => {
    expect(negate('integer', 0)).toBe(0);
    expect(negate('integer', 5)).toBe(-5);
    expect(outcome(() => negate('integer', -2_147_483_648))).toBe('ERR_QUERY_OVERFLOW');
    expect(outcome(() => negate('bigint', -(1n << 63n)))).toBe('ERR_QUERY_OVERFLOW');
    expect(negate('decimal', parseDecimal('1.50'))).toEqual(parseDecimal('-1.50'));
  });
});
