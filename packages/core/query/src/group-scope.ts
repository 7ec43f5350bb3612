/**
 * Names in a statement whose rows are put into groups: an expression that GROUP BY has is a value of the
 * group, an aggregate is one, and nothing else of a single row can be named.
 */

import { bindAggregate } from './bind-aggregate.ts';
import type { BoundAggregate, BoundExpression, GroupMember } from './bound.ts';
import { type Place, QueryError } from './error.ts';
import type { Relation } from './relation.ts';
import { type Scope, findColumn } from './scope.ts';
import type { Expression } from './statement.ts';

export class GroupScope {
  readonly #relation: Relation;
  readonly #members: GroupMember[] = [];
  /** Index of a member by what was written. */
  readonly #indexes = new Map<string, number>();

  constructor(relation: Relation) {
    this.#relation = relation;
  }

  get members(): readonly GroupMember[] {
    return this.#members;
  }

  /** Makes an expression one that rows are grouped by. */
  addKey(scope: Scope, written: Expression, expression: BoundExpression): void {
    this.#add(expressionKey(scope, written), { kind: 'key', expression });
  }

  /** The value of the group that an expression is; undefined where it is made of others. */
  find(scope: Scope, written: Expression): BoundExpression | undefined {
    if (written.kind === 'literal' || written.kind === 'parameter') return undefined;
    const key = expressionKey(scope, written);
    const known = this.#indexes.get(key);
    if (known !== undefined) return this.#column(known);
    if (written.kind === 'aggregate') {
      return this.#add(key, bindAggregate({ ...scope, group: null }, written));
    }
    if (written.kind !== 'column') return undefined;
    return this.#add(key, this.#dependent(findColumn(scope, written), written.place));
  }

  /** Who groups by the whole key of the table has one row a group, and any column of it. */
  #dependent(index: number, place: Place): GroupMember {
    const { columns, table } = this.#relation;
    const isKey = (source: number): boolean =>
      this.#members.some((member) => {
        if (member.kind !== 'key' || member.expression.kind !== 'column') return false;
        const column = columns[member.expression.index];
        return column?.exact === true && column.source === source;
      });
    const column = columns[index];
    if (column === undefined || !table.keyIndexes.every(isKey)) {
      throw new QueryError('ERR_QUERY_GROUPING', 'a column that GROUP BY does not have', {
        place,
        hint: 'Add it to GROUP BY, or put it into COUNT, SUM, AVG, MIN or MAX.',
      });
    }
    return { kind: 'key', expression: { kind: 'column', type: column.type, index } };
  }

  #add(key: string, member: GroupMember): BoundExpression {
    const known = this.#indexes.get(key);
    if (known !== undefined) return this.#column(known);
    this.#indexes.set(key, this.#members.length);
    this.#members.push(member);
    return this.#column(this.#members.length - 1);
  }

  #column(index: number): BoundExpression {
    const member = this.#members[index] as GroupMember;
    return { kind: 'column', type: typeOf(member), index };
  }
}

function typeOf(member: GroupMember): BoundAggregate['type'] {
  return member.kind === 'key' ? member.expression.type : member.type;
}

/** The same for expressions that say the same, wherever they stand and however a column is qualified. */
export function expressionKey(scope: Scope, written: Expression): string {
  return JSON.stringify(written, (name, value: unknown) => {
    if (name === 'place') return undefined;
    return isColumn(value) ? findColumn(scope, value) : value;
  });
}

function isColumn(value: unknown): value is Extract<Expression, { kind: 'column' }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'column';
}
