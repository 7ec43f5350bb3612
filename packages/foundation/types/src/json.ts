/**
 * JSON, strictly: no duplicate members, no lone surrogates, bounded depth; and its canonical text by
 * RFC 8785 (JCS).
 */

import { isWellFormed } from './bytes.ts';
import { TypesError } from './error.ts';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [member: string]: JsonValue };
export interface JsonObject {
  readonly [member: string]: JsonValue;
}

/** Deepest nesting accepted: far above any document of ours. */
const DEPTH_MAX = 32;

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parses JSON text of any spelling. `JSON.parse` keeps the last of two members of one name, which lets
 * two readers see two documents: here a duplicate is refused.
 *
 * @throws {TypesError} ERR_TYPES_JSON
 */
export function parseJson(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    throw new TypesError('ERR_TYPES_JSON', 'text is not JSON');
  }
  scanMembers(text);
  if (MAYBE_INFINITE.test(text)) assertFinite(value, 0);
  return value;
}

/**
 * Parses JSON that must be in its canonical spelling (RFC 8785), to the last byte.
 *
 * @throws {TypesError} ERR_TYPES_JSON
 */
export function parseCanonicalJson(text: string): JsonValue {
  const value = parseJson(text);
  if (canonicalJson(value) !== text) {
    throw new TypesError('ERR_TYPES_JSON', 'JSON is not canonical (RFC 8785)');
  }
  return value;
}

/** A number that a double may not hold has an exponent of three digits, or that many digits itself. */
const MAYBE_INFINITE = /[0-9][eE]\+?[0-9]{3}|[0-9]{309}/;

function assertFinite(value: JsonValue, depth: number): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypesError('ERR_TYPES_JSON', 'JSON holds a number out of range');
  }
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return;
  for (const item of Object.values(value)) assertFinite(item, depth + 1);
}

/** Walks text that `JSON.parse` accepted, with the names of each open object on a stack. */
function scanMembers(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let nameNext = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : undefined);
      nameNext = character === '{';
      if (open.length > DEPTH_MAX) {
        throw new TypesError('ERR_TYPES_JSON', `JSON is nested deeper than ${DEPTH_MAX}`);
      }
    } else if (character === '}' || character === ']') {
      open.pop();
      nameNext = false;
    } else if (character === ',') {
      nameNext = open.at(-1) !== undefined;
    } else if (character === '"') {
      const start = at;
      for (at += 1; text[at] !== '"'; at += 1) if (text[at] === '\\') at += 1;
      const string = JSON.parse(text.slice(start, at + 1)) as string;
      if (!isWellFormed(string)) {
        throw new TypesError('ERR_TYPES_JSON', 'JSON holds a lone surrogate');
      }
      const names = open.at(-1);
      if (nameNext && names !== undefined) {
        if (names.has(string)) throw new TypesError('ERR_TYPES_JSON', 'JSON holds a member twice');
        names.add(string);
      }
      nameNext = false;
    }
  }
}

/**
 * Canonical text by RFC 8785: members ordered by UTF-16 units, ECMAScript numbers, no white space.
 *
 * @throws {TypesError} ERR_TYPES_JSON for what has no canonical form: NaN, infinities, lone surrogates
 */
export function canonicalJson(value: JsonValue): string {
  return canonicalText(value, 0);
}

function canonicalText(value: JsonValue, depth: number): string {
  if (depth > DEPTH_MAX) throw new TypesError('ERR_TYPES_JSON', 'JSON is nested too deep');
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypesError('ERR_TYPES_JSON', 'number is not finite');
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!isWellFormed(value)) throw new TypesError('ERR_TYPES_JSON', 'text holds a lone surrogate');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${(value as readonly JsonValue[]).map((item) => canonicalText(item, depth + 1)).join(',')}]`;
  }
  const object = value as JsonObject;
  const members = Object.keys(object)
    .toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .map(
      (name) =>
        `${canonicalText(name, depth)}:${canonicalText(object[name] as JsonValue, depth + 1)}`,
    );
  return `{${members.join(',')}}`;
}
