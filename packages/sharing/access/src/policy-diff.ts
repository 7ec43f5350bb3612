/** What one policy says otherwise than another: member by member, and which columns begin to leave. */

import {
  type JsonObject,
  type JsonValue,
  canonicalJson,
  isJsonObject,
  parseJson,
} from '@veritydb/types';

import { HIDING } from './lint-general.ts';
import type { Policy } from './policy.ts';

export interface PolicyChange {
  /** Members with points between: `tables.patients.columns.zip.use`. */
  readonly path: string;
  /** Canonical JSON; null where the member is not there. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface PolicyDifference {
  readonly changes: readonly PolicyChange[];
  /** `table.column` of what leaves by the second and does not by the first. */
  readonly opened: readonly string[];
  readonly closed: readonly string[];
}

export function diffPolicies(before: Policy, after: Policy): PolicyDifference {
  const [left, right] = [leaving(before), leaving(after)];
  return {
    changes: changesOf('', parseJson(before.canonical), parseJson(after.canonical)),
    opened: [...right].filter((name) => !left.has(name)),
    closed: [...left].filter((name) => !right.has(name)),
  };
}

function leaving(policy: Policy): ReadonlySet<string> {
  return new Set(
    [...policy.tables.values()].flatMap(({ name, columns }) =>
      [...columns.values()].flatMap((column) =>
        HIDING.has(column.rule.use) ? [] : [`${name}.${column.name}`],
      ),
    ),
  );
}

function changesOf(path: string, before: JsonValue, after: JsonValue): readonly PolicyChange[] {
  if (!isJsonObject(before) || !isJsonObject(after)) {
    const [left, right] = [canonicalJson(before), canonicalJson(after)];
    return left === right ? [] : [{ path, before: left, after: right }];
  }
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  return names.flatMap((name) =>
    changeOf(path === '' ? name : `${path}.${name}`, name, [before, after]),
  );
}

function changeOf(
  path: string,
  name: string,
  [before, after]: readonly [JsonObject, JsonObject],
): readonly PolicyChange[] {
  const [left, right] = [before[name], after[name]];
  if (left !== undefined && right !== undefined) return changesOf(path, left, right);
  return [{ path, before: textOf(left), after: textOf(right) }];
}

function textOf(value: JsonValue | undefined): string | null {
  return value === undefined ? null : canonicalJson(value);
}
