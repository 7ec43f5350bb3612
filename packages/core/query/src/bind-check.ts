/** The rules of a table to a test of its rows. */

import type { Row, TableSchema } from '@veritydb/types';

import { bindCondition } from './bind-expression.ts';
import { compileExpression } from './expression.ts';
import { parseCondition } from './parser.ts';
import { relationOf } from './relation.ts';

/**
 * Makes the checks of a table a function of a row: the name of the first that the row makes false, or
 * null. What is unknown passes, as in PostgreSQL.
 *
 * @throws {QueryError} when a check does not fit the table; so does the function, where a row's values
 * call for it
 */
export function compileChecks(table: TableSchema): (row: Row) => string | null {
  const scope = {
    relation: relationOf(table),
    qualifier: table.definition.name,
    parameters: [],
    clause: 'other',
    group: null,
  } as const;
  const compiled = table.rules.checks.map(({ name, text }) => ({
    name,
    evaluate: compileExpression(bindCondition(scope, parseCondition(text))),
  }));
  return (row) => compiled.find(({ evaluate }) => evaluate(row) === false)?.name ?? null;
}
