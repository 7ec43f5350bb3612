/** Arguments that are more than a word: durations, grants of tables, lists, counts. */

import { type JsonObject, type JsonValue, isJsonObject, parseJson } from '@veritydb/types';
import { InvalidArgumentError } from 'commander';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90s`, `30m`, `1h`, `7d` → seconds. */
export function parseDuration(text: string): number {
  const match = /^([1-9][0-9]{0,7})([smhd])$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Expected a duration such as 30m, 1h or 7d.');
  return Number(match[1]) * (UNIT_SECONDS[match[2] as string] as number);
}

export function parseCount(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('Expected a count: 1, 2, …');
  return Number(text);
}

export function parseOffset(text: string): number {
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(text)) {
    throw new InvalidArgumentError('Expected a place in the log: 0, 1, …');
  }
  return Number(text);
}

export function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('Expected a port: 0 to 65535.');
  return port;
}

const ACTIONS = ['schema', 'query', 'export', 'verify', 'audit'];

/** `schema,query` → the actions, each once. */
export function parseActions(text: string): readonly string[] {
  const actions = text.split(',');
  const unknown = actions.find((action) => !ACTIONS.includes(action));
  if (unknown === undefined && new Set(actions).size === actions.length) return actions;
  throw new InvalidArgumentError(`Expected some of ${ACTIONS.join(',')}, each once.`);
}

export type TableGrants = Readonly<Record<string, '*' | readonly string[]>>;

const NAME = /^[a-z_][a-z0-9_]{0,62}$/;

/** `patients:*` or `encounters:id,start`, added to the grants before it. */
export function addTableGrant(text: string, before: TableGrants = {}): TableGrants {
  const [table, list, ...rest] = text.split(':');
  if (table === undefined || list === undefined || rest.length > 0 || !NAME.test(table)) {
    throw new InvalidArgumentError(
      "Expected TABLE:COLUMNS, as in 'patients:*' or 'notes:id,date'.",
    );
  }
  if (Object.hasOwn(before, table)) {
    throw new InvalidArgumentError(`Table ${table} is named twice: list its columns in one.`);
  }
  const columns = list === '*' ? '*' : list.split(',');
  if (columns !== '*') {
    const isWrong = columns.some((column) => !NAME.test(column));
    if (isWrong || new Set(columns).size !== columns.length) {
      throw new InvalidArgumentError('Expected names of columns with commas between, or *.');
    }
  }
  return { ...before, [table]: columns };
}

/** `patients:{"column":"state","equals":"Vermont"}`, added to the conditions before it. */
export function addRowCondition(
  text: string,
  before: Readonly<Record<string, JsonObject>> = {},
): Readonly<Record<string, JsonObject>> {
  const colon = text.indexOf(':');
  const table = text.slice(0, colon);
  if (colon < 0 || !NAME.test(table) || Object.hasOwn(before, table)) {
    throw new InvalidArgumentError('Expected TABLE:CONDITION, one for each table.');
  }
  let condition: JsonValue;
  try {
    condition = parseJson(text.slice(colon + 1));
  } catch {
    throw new InvalidArgumentError('The condition is not JSON.');
  }
  if (!isJsonObject(condition)) throw new InvalidArgumentError('The condition is no JSON object.');
  return { ...before, [table]: condition };
}
