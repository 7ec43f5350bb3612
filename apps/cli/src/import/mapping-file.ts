/**
 * Mappings: which records of a JSON file go into which table, and which of their parts into which column.
 *
 *     { "format": "veritydb.dev/mapping/v1",
 *       "tables": { "observations": {
 *         "where": { "resourceType": "Observation" },
 *         "columns": {
 *           "id": "id",
 *           "patient": { "path": "subject.reference", "as": "reference" },
 *           "value": { "path": ["valueQuantity.value", "valueString"] } } } } }
 *
 * A path is members with dots between; `[0]` is an item of a list, `[use=official]` its first item whose
 * member has that text. Of several paths the first that leads to a value counts. `each` names a list, of
 * which every item is a row: paths then start in the item, `^.` before one starts in the record, and `#`
 * is the item's number.
 */

import {
  type JsonObject,
  type JsonValue,
  isJsonObject,
  nearestName,
  parseJson,
} from '@veritydb/types';

import { CliError } from '../error.ts';
import { readTextFile } from '../text-file.ts';
import { scalarText } from './json-text.ts';

const FORMAT = 'veritydb.dev/mapping/v1';
const NAME = /^[a-z_][a-z0-9_]{0,62}$/;
/** A member, then perhaps an item of the list that it holds. */
const STEP = /^([A-Za-z_][\w-]*)(?:\[(?:([0-9]{1,6})|([A-Za-z_][\w-]*)=([^\]]+))\])?$/;

type Conversion = 'reference' | 'date' | 'timestamp';
const CONVERSIONS: readonly string[] = ['reference', 'date', 'timestamp'] satisfies Conversion[];

interface Step {
  readonly member: string;
  readonly item: number | { readonly member: string; readonly text: string } | null;
}

type Path = 'number' | { readonly from: 'record' | 'item'; readonly steps: readonly Step[] };

interface MappedColumn {
  readonly name: string;
  readonly paths: readonly Path[];
  readonly conversion: Conversion | null;
}

export interface MappedTable {
  readonly name: string;
  readonly where: readonly (readonly [member: string, text: string])[];
  readonly each: Path | null;
  readonly columns: readonly MappedColumn[];
}

export interface Mapping {
  readonly tables: readonly MappedTable[];
}

export async function readMapping(path: string): Promise<Mapping> {
  const text = await readTextFile(path);
  let value: JsonValue;
  try {
    value = parseJson(text);
  } catch {
    throw refused(path, 'it is not JSON');
  }
  return parseMapping(value, path);
}

/** @throws {CliError} ERR_CLI_MAPPING */
export function parseMapping(value: JsonValue, place: string): Mapping {
  const file = toObject(value, place, ['format', 'tables']);
  if (file['format'] !== FORMAT) throw refused(place, `its format is not ${FORMAT}`);
  const tables = toObject(file['tables'] ?? null, `${place}: tables`);
  return {
    tables: Object.entries(tables).map(([name, table]) => {
      const at = `${place}: tables.${name}`;
      if (!NAME.test(name)) throw refused(at, 'a table has no such name');
      const members = toObject(table, at, ['where', 'each', 'columns']);
      const columns = toObject(members['columns'] ?? null, `${at}.columns`);
      const where = toObject(members['where'] ?? {}, `${at}.where`);
      return {
        name,
        where: Object.entries(where).map(([member, text]) => [member, toText(text, `${at}.where`)]),
        each: members['each'] === undefined ? null : parsePath(members['each'], `${at}.each`),
        columns: Object.entries(columns).map(([column, said]) =>
          parseColumn(column, said, `${at}.columns.${column}`),
        ),
      };
    }),
  };
}

function parseColumn(name: string, said: JsonValue, at: string): MappedColumn {
  if (!NAME.test(name)) throw refused(at, 'a column has no such name');
  if (typeof said === 'string') return { name, paths: [parsePath(said, at)], conversion: null };
  const { path = null, as = null } = toObject(said, at, ['path', 'as']);
  const paths = (Array.isArray(path) ? path : [path]) as readonly JsonValue[];
  if (as !== null && !(typeof as === 'string' && CONVERSIONS.includes(as))) {
    throw refused(`${at}.as`, `expected one of ${CONVERSIONS.join(', ')}`);
  }
  return {
    name,
    paths: paths.map((one) => parsePath(one, at)),
    conversion: as as Conversion | null,
  };
}

function parsePath(value: JsonValue, at: string): Path {
  const text = toText(value, at);
  if (text === '#') return 'number';
  const from = text.startsWith('^.') ? 'record' : 'item';
  // Dots within brackets belong to a text that is compared.
  const parts = (from === 'record' ? text.slice(2) : text).match(/[^.[]+(?:\[[^\]]*\])?/g) ?? [];
  const steps = parts.map((part): Step => {
    const match = STEP.exec(part);
    if (match === null) throw refused(at, 'expected a path such as name[use=official].given[0]');
    const [, member = '', index, key, compared = ''] = match;
    if (index !== undefined) return { member, item: Number(index) };
    return { member, item: key === undefined ? null : { member: key, text: compared } };
  });
  const length = parts.reduce((sum, part) => sum + part.length + 1, from === 'record' ? 1 : -1);
  if (steps.length === 0 || length !== text.length) {
    throw refused(at, 'expected a path such as name[use=official].given[0]');
  }
  return { from, steps };
}

/**
 * The rows of a table that a record makes: none where it is not of the table.
 *
 * @throws {CliError} ERR_CLI_MAPPING where a path leads to a list or an object
 */
export function rowsOfRecord(
  table: MappedTable,
  record: JsonObject,
  place: string,
): readonly (readonly (string | null)[])[] {
  if (!table.where.every(([member, text]) => record[member] === text)) return [];
  if (table.each === null) return [fieldsOf(table, { record, item: record, number: 1 }, place)];
  const list = follow(table.each, { record, item: record, number: 1 });
  if (!Array.isArray(list)) return [];
  return (list as readonly JsonValue[]).map((item, index) =>
    fieldsOf(table, { record, item, number: index + 1 }, place),
  );
}

interface Start {
  readonly record: JsonValue;
  readonly item: JsonValue;
  readonly number: number;
}

function fieldsOf(table: MappedTable, start: Start, place: string): readonly (string | null)[] {
  return table.columns.map(({ name, paths, conversion }) => {
    for (const path of paths) {
      const text = scalarText(follow(path, start) ?? null);
      if (text === undefined) {
        throw refused(place, `the path of ${table.name}.${name} leads to a list or an object`);
      }
      if (text !== null) return conversion === null ? text : convert(conversion, text);
    }
    return null;
  });
}

function follow(path: Path, { item, number, record }: Start): JsonValue | undefined {
  if (path === 'number') return number;
  let value: JsonValue | undefined = path.from === 'record' ? record : item;
  for (const step of path.steps) {
    if (!isJsonObject(value) || !Object.hasOwn(value, step.member)) return undefined;
    value = value[step.member];
    if (step.item === null) continue;
    if (!Array.isArray(value)) return undefined;
    const list = value as readonly JsonValue[];
    const { item: wanted } = step;
    value =
      typeof wanted === 'number'
        ? list[wanted]
        : list.find((one) => isJsonObject(one) && one[wanted.member] === wanted.text);
  }
  return value;
}

/** What is not of the conversion's form stays as it is: the check of its column's type refuses it. */
function convert(conversion: Conversion, text: string): string {
  // FHIR R4 §2.3.0: `Patient/ID`, an absolute URL that ends so, or `urn:uuid:ID`.
  if (conversion === 'reference') return text.replace(/^.*[/:]/, '');
  if (conversion === 'date') return /^\d{4}-\d\d-\d\dT/.test(text) ? text.slice(0, 10) : text;
  return toUtc(text);
}

/** A FHIR dateTime or instant (R4 §2.24.0.1) in UTC; a date without a time is its first moment. */
function toUtc(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return `${text}T00:00:00Z`;
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return text;
  const [, local = '', fraction = '', offset = ''] = match;
  const at = Date.parse(`${local}${offset}`);
  return Number.isNaN(at) ? text : `${new Date(at).toISOString().slice(0, 19)}${fraction}Z`;
}

function toObject(value: JsonValue, at: string, known?: readonly string[]): JsonObject {
  if (!isJsonObject(value)) throw refused(at, 'expected an object');
  const unknown = known && Object.keys(value).find((member) => !known.includes(member));
  if (known === undefined || unknown === undefined) return value;
  const meant = nearestName(unknown, known);
  throw refused(at, `unknown member ${unknown}${meant === null ? '' : `, did you mean ${meant}?`}`);
}

function toText(value: JsonValue, at: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw refused(at, 'expected a text');
}

function refused(at: string, what: string): CliError {
  return new CliError('format', 'ERR_CLI_MAPPING', `${at}: ${what}`, {
    hint: 'docs/IMPORT.md says what a mapping may hold.',
  });
}
