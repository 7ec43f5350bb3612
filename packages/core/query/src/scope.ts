/** What names and parameters of a statement mean, and the refusal of those that mean nothing. */

import type { ParameterValue } from './constant.ts';
import { QueryError } from './error.ts';
import type { GroupScope } from './group-scope.ts';
import type { Relation, RelationColumn } from './relation.ts';
import type { Expression, Name } from './statement.ts';

const HINT_COLUMNS_COUNT_MAX = 30;

/** What the names and parameters of a statement mean. */
export interface Scope {
  /** Null where no column can stand: in VALUES. */
  readonly relation: Relation | null;
  /** The name that may stand before a column: the alias, or else the table's. */
  readonly qualifier: string | null;
  readonly parameters: readonly ParameterValue[];
  /** Columns that allow equality allow it in WHERE alone. */
  readonly clause: 'where' | 'other';
  /** Where rows are put into groups and names are of those; null where they are of a single row. */
  readonly group: GroupScope | null;
}

/**
 * Index of the relation's column that a name means.
 *
 * @throws {QueryError} ERR_QUERY_UNKNOWN_TABLE, ERR_QUERY_UNKNOWN_COLUMN, ERR_QUERY_AMBIGUOUS
 */
export function findColumn(
  scope: Scope,
  { qualifier, name }: Extract<Expression, { kind: 'column' }>,
): number {
  if (qualifier !== null) requireQualifier(scope, qualifier);
  const columns = scope.relation?.columns ?? [];
  let found: number | undefined;
  let isAmbiguous = false;
  // A loop: each column of a statement is looked for among all, on every call.
  for (let index = 0; index < columns.length; index += 1) {
    const column = columns[index] as RelationColumn;
    if (column.name !== name.text) continue;
    const own = column.qualifier ?? scope.qualifier;
    if (qualifier !== null && qualifier.text !== own) continue;
    isAmbiguous = found !== undefined;
    found = index;
  }
  if (found === undefined) throw unknownColumn(scope.relation, name);
  if (!isAmbiguous) return found;
  throw new QueryError('ERR_QUERY_AMBIGUOUS', `column "${name.text}" is in more than one table`, {
    place: name.place,
    hint: 'Write the name of the table before it.',
  });
}

/** @throws {QueryError} ERR_QUERY_UNKNOWN_TABLE */
export function requireQualifier(scope: Scope, { text, place }: Name): void {
  const qualifiers = scope.relation?.columns.map((column) => column.qualifier) ?? [];
  if (text === scope.qualifier || qualifiers.includes(text)) return;
  throw new QueryError('ERR_QUERY_UNKNOWN_TABLE', `table "${text}" is not in FROM`, {
    place,
    hint: "Qualify columns by the table's alias, or by its name where it has none.",
  });
}

/** The refusal of a column that is not in the relation, be it hidden or nowhere. */
export function unknownColumn(relation: Relation | null, name: Name): QueryError {
  const names = (relation?.columns ?? []).map((column) => column.name);
  const listed = names.slice(0, HINT_COLUMNS_COUNT_MAX).join(', ');
  const more = names.length > HINT_COLUMNS_COUNT_MAX ? ' and others' : '';
  return new QueryError('ERR_QUERY_UNKNOWN_COLUMN', `column "${name.text}" does not exist`, {
    place: name.place,
    hint:
      relation === null
        ? 'No column can stand here; texts are written in single quotes.'
        : `Columns of ${relation.name}: ${listed}${more}. Texts are written in single quotes.`,
  });
}

/** The refusal of a table that the catalogue does not have, or that the reader may not know of. */
export function unknownTable({ text, place }: Name): QueryError {
  return new QueryError('ERR_QUERY_UNKNOWN_TABLE', `table "${text}" does not exist`, {
    place,
    hint: 'Names are lower case unless quoted.',
  });
}

export function requireParameters(count: number, parameters: readonly ParameterValue[]): void {
  if (count === parameters.length) return;
  throw new QueryError(
    'ERR_QUERY_PARAMETER',
    `the statement has ${count} parameters, ${parameters.length} were passed`,
    { hint: 'Pass one value for each ? or $n, in order.' },
  );
}
