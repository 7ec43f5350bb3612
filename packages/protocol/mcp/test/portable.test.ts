/**
 * The tools as clients and their models' vendors take them: a small part of JSON Schema, no references,
 * names that every vendor allows, and little text.
 */

import type { JsonValue } from '@veritydb/types';
import { isJsonObject } from '@veritydb/types';
import { expect, test } from 'vitest';

import { TOOLS } from '../src/index.ts';

/** What the function calling of all large vendors takes: no `oneOf`, `allOf`, `$ref`, `const` or `format`. */
const KEYWORDS: ReadonlySet<string> = new Set([
  'type',
  'description',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'anyOf',
  'enum',
  'default',
  'minLength',
  'maxLength',
  'pattern',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
]);
const DEPTH_MAX = 5;
const SIZE_MAX = 12_000;

/** Each schema inside a schema, with how deep it stands. */
function* schemasIn(schema: JsonValue, depth = 1): Generator<[Record<string, JsonValue>, number]> {
  if (!isJsonObject(schema)) return;
  yield [schema, depth];
  const { properties, items, anyOf } = schema;
  const inner = isJsonObject(properties) ? Object.values(properties) : [];
  for (const each of inner) yield* schemasIn(each, depth + 1);
  if (items !== undefined) yield* schemasIn(items, depth + 1);
  for (const each of Array.isArray(anyOf) ? (anyOf as JsonValue[]) : []) {
    yield* schemasIn(each, depth + 1);
  }
}

test.each(TOOLS)('$name is taken by every client', ({ name, description, inputSchema }) => {
  expect(name).toMatch(/^[a-z][a-z_]{0,23}$/);
  expect(description.length).toBeLessThan(600);
  expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
  for (const [schema, depth] of schemasIn(inputSchema)) {
    expect(depth).toBeLessThanOrEqual(DEPTH_MAX);
    const unknown = Object.keys(schema).filter((keyword) => !KEYWORDS.has(keyword));
    expect(unknown, JSON.stringify(schema)).toEqual([]);
    // One type, or alternatives with one each.
    if (schema['type'] !== undefined) expect(schema['type']).toBeTypeOf('string');
    const { pattern } = schema;
    // Of regular expressions, what RE2 and ECMAScript both read.
    if (typeof pattern === 'string') expect(pattern).not.toMatch(/\(\?|\\[1-9dwsDWS]/);
  }
});

test('all of them are under 12 KB, and their order is fixed', () => {
  // More than is listed: also what a door keeps for itself.
  const listed = TOOLS.map((tool) => ({ ...tool }));
  expect(JSON.stringify({ tools: listed }).length).toBeLessThan(SIZE_MAX);
  expect(TOOLS.map(({ name }) => name)).toEqual([
    'verity_schema',
    'verity_query',
    'verity_export',
    'verity_verify',
    'verity_audit',
  ]);
});
