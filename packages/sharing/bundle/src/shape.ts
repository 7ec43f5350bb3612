/** Shapes of foreign JSON: a check names every member that is wrong, not only the first. */

import { COLUMN_TYPES, type JsonObject, type JsonValue, isJsonObject } from '@veritydb/types';

/** Looks at a value and names what is wrong about it, by its path. */
export type Check = (bad: string[], path: string, value: JsonValue) => void;

/** A rule that a value keeps or not. */
export function rule(what: string, holds: (value: JsonValue) => boolean): Check {
  return (bad, path, value) => {
    if (!holds(value)) bad.push(`${path} is not ${what}`);
  };
}

/** What holds where the value is not null. */
export function nullable(check: Check): Check {
  return (bad, path, value) => {
    if (value !== null) check(bad, path, value);
  };
}

/** A list of up to so many items. */
export function list(countMax: number, item: Check): Check {
  return (bad, path, value) => {
    if (!Array.isArray(value) || value.length > countMax) {
      bad.push(`${path} is not a list of at most ${countMax} items`);
      return;
    }
    for (const [index, each] of (value as readonly JsonValue[]).entries()) {
      item(bad, `${path}[${index}]`, each);
    }
  };
}

/** An object of exactly these members, and maybe some more. */
export function object(
  members: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
): Check {
  return (bad, path, value) => {
    if (!isJsonObject(value)) {
      bad.push(`${path === '' ? 'it' : path} is not an object`);
      return;
    }
    const prefix = path === '' ? '' : `${path}.`;
    for (const [name, check] of Object.entries(members)) {
      const member = memberOf(value, name);
      if (member === undefined) bad.push(`${prefix}${name} is missing`);
      else check(bad, `${prefix}${name}`, member);
    }
    for (const [name, check] of Object.entries(optional)) {
      const member = memberOf(value, name);
      if (member !== undefined) check(bad, `${prefix}${name}`, member);
    }
    // A name of a stranger's is quoted only where it is plain.
    for (const name of Object.keys(value)) {
      if (Object.hasOwn(members, name) || Object.hasOwn(optional, name)) continue;
      bad.push(`${prefix}${/^\w{1,64}$/.test(name) ? name : '(a strange name)'} is unknown`);
    }
  };
}

function memberOf(value: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

export const count: Check = rule(
  'a whole number from 0',
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
);
export const digest: Check = rule(
  'a SHA-256 in hexadecimal',
  (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
);
export const columnType: Check = rule('a column type', (value) =>
  (COLUMN_TYPES as readonly JsonValue[]).includes(value),
);
