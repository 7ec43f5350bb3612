import { describe, expect, it } from 'vitest';

import * as query from '../src/index.ts';

describe('the door', () => {
  it('exports by name what others lean on', () => {
    expect(Object.keys(query).toSorted()).toEqual([
      'GroupTotals',
      'ProjectionJoin',
      'QueryError',
      'agree',
      'bindDelete',
      'bindInsert',
      'bindProjection',
      'bindSelect',
      'bindUpdate',
      'compileAssignments',
      'compileCell',
      'compileChecks',
      'compileExpression',
      'compilePredicate',
      'executeSelect',
      'explainPlan',
      'fingerprintSelect',
      'isExtreme',
      'parseStatement',
      'plainValue',
      'planAccess',
      'planSelect',
      'projectionRelation',
      'relationOf',
      'rowKey',
      'sourceRelation',
      'summarize',
      'unknownTable',
      'usedColumns',
    ]);
  });

  it('has one kind for each code', () => {
    const kinds = [
      'ERR_QUERY_SYNTAX',
      'ERR_QUERY_UNSUPPORTED',
      'ERR_QUERY_LIMIT',
      'ERR_QUERY_UNKNOWN_COLUMN',
      'ERR_QUERY_UNKNOWN_TABLE',
      'ERR_QUERY_TYPE',
      'ERR_QUERY_AMBIGUOUS',
      'ERR_QUERY_GROUPING',
      'ERR_QUERY_OPERATION',
      'ERR_QUERY_PARAMETER',
      'ERR_QUERY_DIVISION',
      'ERR_QUERY_OVERFLOW',
      'ERR_QUERY_DISAGREEMENT',
    ] as const satisfies readonly query.QueryErrorCode[];
    expect(kinds.filter((code) => new query.QueryError(code, 'message').kind === 'denied')).toEqual(
      ['ERR_QUERY_OPERATION'],
    );
  });
});
