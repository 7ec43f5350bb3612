/**
 * Literals and parameters as typed constants.
 *
 * A number's type is the narrowest that holds it: integer, bigint, decimal. A quoted text is of the type
 * that its context wants, when that is one that people write as text. A parameter takes its context's
 * type. Nothing else turns into anything.
 */

import {
  type ColumnType,
  TypesError,
  type Value,
  isValueOf,
  parseValue,
  valueFromJson,
} from '@veritydb/types';

import type { BoundExpression } from './bound.ts';
import { type Place, QueryError } from './error.ts';
import { isNumericType } from './numeric.ts';
import type { Literal } from './statement.ts';

/** A parameter: a JSON scalar as a client sends it, or a value as it is in memory. */
export type ParameterValue = Value;

export type Constant = Extract<BoundExpression, { kind: 'constant' }>;

/** How people write values that are quoted. */
const SPELLINGS: Readonly<Partial<Record<ColumnType, string>>> = {
  date: 'YYYY-MM-DD',
  timestamp: 'YYYY-MM-DDThh:mm:ss[.ffffff]Z',
  uuid: '8-4-4-4-12 hexadecimal digits',
  bytes: 'base64',
  json: 'JSON',
};

const constant = (type: ColumnType, value: Value): Constant => ({ kind: 'constant', type, value });

function nullConstant(type: ColumnType): Constant {
  return constant(type, null);
}

/**
 * A number with a perhaps negative sign.
 *
 * @throws {QueryError} ERR_QUERY_OVERFLOW beyond 38 digits
 */
export function numberConstant(text: string, place: Place): Constant {
  for (const type of text.includes('.') ? (['decimal'] as const) : NUMBER_TYPES) {
    const digits = type === 'decimal' ? text : text.replace(/^(-?)0+(?=[0-9])/, '$1');
    const value = parsedOrUndefined(type, digits === '-0' ? '0' : digits);
    if (value !== undefined) return constant(type, value);
  }
  throw new QueryError('ERR_QUERY_OVERFLOW', 'a number beyond 38 digits', {
    place,
    hint: 'Decimals have 38 digits.',
  });
}

const NUMBER_TYPES = ['integer', 'bigint', 'decimal'] as const;

function parsedOrUndefined(type: ColumnType, text: string): Value | undefined {
  try {
    return parseValue(type, text);
  } catch (error) {
    if (error instanceof TypesError) return undefined;
    throw error;
  }
}

/**
 * A literal where a type is wanted; null where none is.
 *
 * @throws {QueryError} ERR_QUERY_TYPE, ERR_QUERY_OVERFLOW
 */
export function literalConstant(
  literal: Literal,
  wanted: ColumnType | null,
  place: Place,
): Constant {
  switch (literal.type) {
    case 'null':
      return nullConstant(wanted ?? 'text');
    case 'boolean':
      return constant('boolean', literal.value);
    case 'number':
      return numberConstant(literal.text, place);
    case 'text':
      return wanted !== null && SPELLINGS[wanted] !== undefined
        ? quotedConstant(wanted, literal.text, place)
        : constant('text', literal.text);
    case 'date':
    case 'timestamp':
    case 'uuid':
    default:
      return quotedConstant(literal.type, literal.text, place);
  }
}

function quotedConstant(type: ColumnType, text: string, place: Place): Constant {
  const value = parsedOrUndefined(type, text);
  if (value !== undefined) return constant(type, value);
  throw new QueryError('ERR_QUERY_TYPE', `the string is no value of type ${type}`, {
    place,
    hint: `Write ${SPELLINGS[type] ?? type}.`,
  });
}

/**
 * A parameter where a type is wanted. Where a number is wanted any number will do, as with literals:
 * `integer_column < $1` may be given 2.5.
 *
 * @throws {QueryError} ERR_QUERY_PARAMETER
 */
export function parameterConstant(
  parameter: ParameterValue,
  wanted: ColumnType,
  index: number,
): Constant {
  if (parameter === null) return nullConstant(wanted);
  if (isNumericType(wanted) && typeof parameter === 'number') {
    // -0 and 0 are one number in SQL.
    const text = Object.is(parameter, -0) ? '0' : String(parameter);
    if (/^-?[0-9]+(?:\.[0-9]+)?$/.test(text)) {
      if (!text.includes('.') && !Number.isSafeInteger(parameter)) {
        throw unfit(wanted, index, 'Pass whole numbers beyond 2^53 as text.');
      }
      const type = NUMBER_TYPES.find((each) => parsedOrUndefined(each, text) !== undefined);
      if (type !== undefined) return constant(type, parseValue(type, text));
    }
    throw unfit(wanted, index, 'Pass numbers with exponents or many digits as text.');
  }
  if (isNumericType(wanted) && typeof parameter === 'bigint') {
    if (isValueOf('bigint', parameter)) return constant('bigint', parameter);
    throw unfit(wanted, index, 'Pass it as text where a decimal is wanted.');
  }
  const value =
    typeof parameter === 'string' ? fromText(wanted, parameter) : fromValue(wanted, parameter);
  if (value === undefined || !isValueOf(wanted, value)) {
    throw unfit(wanted, index, `Pass ${SPELLINGS[wanted] ?? wanted}.`);
  }
  return constant(wanted, value);
}

function fromText(wanted: ColumnType, text: string): Value | undefined {
  if (wanted === 'integer' || wanted === 'boolean') return undefined;
  return wanted === 'bigint' ? bigintOrUndefined(text) : parsedOrUndefined(wanted, text);
}

/** Text stands for a bigint only where JSON's numbers end. */
function bigintOrUndefined(text: string): Value | undefined {
  try {
    return valueFromJson('bigint', text);
  } catch (error) {
    if (error instanceof TypesError) return undefined;
    throw error;
  }
}

/** A date as a number would be a count of days: a year would pass for one, so dates are text. */
function fromValue(wanted: ColumnType, parameter: Value): Value | undefined {
  return wanted === 'date' ? undefined : parameter;
}

function unfit(wanted: ColumnType, index: number, hint: string): QueryError {
  return new QueryError('ERR_QUERY_PARAMETER', `parameter $${index + 1} is no ${wanted}`, { hint });
}
