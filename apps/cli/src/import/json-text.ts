/**
 * JSON whose numbers are kept as they are written: a double would lose digits of an account number, and
 * the zero of 1.10.
 */

import { type JsonValue, parseJson } from '@veritydb/types';

/** A second surrogate, with which no well-formed text begins; the strict parser takes no other. */
const NUMBER_MARK = '\udc00';

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/g;

/**
 * Parses strictly; numbers come as texts that {@link scalarText} knows.
 *
 * @throws {TypesError} ERR_TYPES_JSON
 */
export function parseExactJson(text: string): JsonValue {
  parseJson(text);
  const marked = text.replaceAll(STRING_OR_NUMBER, (token) =>
    token.startsWith('"') ? token : `"\\udc00${token}"`,
  );
  return JSON.parse(marked) as JsonValue;
}

/** A value as the text of a field, null for null; undefined for a list or an object. */
export function scalarText(value: JsonValue): string | null | undefined {
  if (value === null) return null;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') {
    return value.startsWith(NUMBER_MARK) ? value.slice(NUMBER_MARK.length) : value;
  }
  return typeof value === 'number' ? String(value) : undefined;
}
