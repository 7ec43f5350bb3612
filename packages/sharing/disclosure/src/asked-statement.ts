/** What a statement asks for, and as of when, before it is bound. */

import { AccessError } from '@veritydb/access';
import type { SelectStatement } from '@veritydb/query';
import { type Tenant, positionOf } from '@veritydb/runtime';

import { DisclosureError } from './error.ts';
import type { House } from './house.ts';
import type { Right } from './scoped-query.ts';

/** Versions and changes of rows are no view that a policy speaks of: they are the operator's. */
export function versionsRefused(): DisclosureError {
  return new DisclosureError(
    'denied',
    'ERR_DISCLOSURE_STATEMENT',
    'versions and changes of rows may not be asked here',
    { hint: 'read the table AS OF one position and then as of another' },
  );
}

/** A token of one position sees that one; anybody else the one that is asked for, or the newest. */
export function positionAsked(
  tenant: Tenant,
  { asOf: said, source }: SelectStatement,
  request: { readonly position: number | undefined },
  right: Right,
): number | undefined {
  const stated =
    source.kind === 'diff' ? source.to : said === null ? undefined : positionOf(tenant, said);
  const { position = stated } = request;
  if (stated !== undefined && position !== stated) {
    throw new DisclosureError('format', 'ERR_DISCLOSURE_REQUEST', 'two positions are asked for', {
      hint: 'give the position in the request or in the statement',
    });
  }
  const asOf = right.kind === 'token' ? right.grant.asOf : null;
  if (asOf === null) return position;
  if (position !== undefined && position !== asOf) {
    throw new AccessError('ERR_ACCESS_POSITION', 'the token sees the data as of another position');
  }
  return asOf;
}

export interface Asked {
  readonly select: SelectStatement;
  /** EXPLAIN: what it would cost; only of statistics with noise. */
  readonly isPreview: boolean;
}

export async function parseSelect(house: House, sql: string): Promise<Asked> {
  const statement = await house.statements.parse(sql);
  if (statement.kind === 'explain') return { select: statement.select, isPreview: true };
  if (statement.kind !== 'select') throw onlySelect();
  return { select: statement, isPreview: false };
}

export function onlySelect(): DisclosureError {
  return new DisclosureError(
    'denied',
    'ERR_DISCLOSURE_STATEMENT',
    'only SELECT may be asked here',
    { hint: 'write one SELECT over one table' },
  );
}
