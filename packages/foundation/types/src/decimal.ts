/** Exact decimals of up to 38 digits: an integer and how many of its digits stand after the point. */

import { TypesError } from './error.ts';

export interface Decimal {
  readonly unscaled: bigint;
  /** Digits after the point, 0 to 38. */
  readonly scale: number;
}

const DIGITS_MAX = 38;
const UNSCALED_MAX = 10n ** BigInt(DIGITS_MAX) - 1n;

export function isDecimal(value: unknown): value is Decimal {
  if (typeof value !== 'object' || value === null) return false;
  const { unscaled, scale } = value as Partial<Decimal>;
  if (typeof unscaled !== 'bigint' || typeof scale !== 'number') return false;
  if (!Number.isInteger(scale) || scale < 0 || scale > DIGITS_MAX) return false;
  return unscaled <= UNSCALED_MAX && unscaled >= -UNSCALED_MAX;
}

/**
 * Reads `-12.30`; the scale is as written, leading zeros and `-0` are not kept.
 *
 * @throws {TypesError} ERR_TYPES_VALUE
 */
export function parseDecimal(text: string): Decimal {
  const match = /^(-?)([0-9]{1,60})(?:\.([0-9]{1,38}))?$/.exec(text);
  if (match === null) throw new TypesError('ERR_TYPES_VALUE', 'expected a decimal number');
  const fraction = match[3] ?? '';
  const magnitude = BigInt(`${match[2]}${fraction}`);
  const decimal = { unscaled: match[1] === '-' ? -magnitude : magnitude, scale: fraction.length };
  if (!isDecimal(decimal)) throw new TypesError('ERR_TYPES_VALUE', 'decimal exceeds 38 digits');
  return decimal;
}

/** The one spelling: no plus, no exponent, no leading zeros, every digit of the scale. */
export function formatDecimal(value: Decimal): string {
  const negative = value.unscaled < 0n;
  const digits = String(negative ? -value.unscaled : value.unscaled).padStart(value.scale + 1, '0');
  const whole = digits.slice(0, digits.length - value.scale);
  const fraction = value.scale === 0 ? '' : `.${digits.slice(digits.length - value.scale)}`;
  return `${negative ? '-' : ''}${whole}${fraction}`;
}

/** Orders by size: 1.50 equals 1.5. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const left = a.unscaled * 10n ** BigInt(scale - a.scale);
  const right = b.unscaled * 10n ** BigInt(scale - b.scale);
  return left === right ? 0 : left < right ? -1 : 1;
}
