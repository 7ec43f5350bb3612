/** What a statement can be refused for. Messages may repeat names of the statement, never its literals. */

import { type ErrorKind, VerityError } from '@veritydb/types';

export type QueryErrorCode =
  | 'ERR_QUERY_SYNTAX'
  | 'ERR_QUERY_UNSUPPORTED'
  | 'ERR_QUERY_LIMIT'
  | 'ERR_QUERY_UNKNOWN_COLUMN'
  | 'ERR_QUERY_UNKNOWN_TABLE'
  | 'ERR_QUERY_AMBIGUOUS'
  | 'ERR_QUERY_TYPE'
  | 'ERR_QUERY_GROUPING'
  | 'ERR_QUERY_OPERATION'
  | 'ERR_QUERY_PARAMETER'
  | 'ERR_QUERY_DIVISION'
  | 'ERR_QUERY_OVERFLOW'
  | 'ERR_QUERY_DISAGREEMENT';

/** Where in the text. */
export interface Place {
  /** UTF-16 units from the start, counted from 0. */
  readonly offset: number;
  /** Counted from 1. */
  readonly line: number;
  /** UTF-16 units from the start of the line, counted from 1. */
  readonly column: number;
}

export interface QueryErrorDetail {
  readonly place?: Place;
  readonly hint?: string;
}

/** A statement that is refused, or that failed on the rows that it met: nothing was changed. */
export class QueryError extends VerityError<QueryErrorCode> {
  readonly place: Place | undefined;

  constructor(code: QueryErrorCode, message: string, { place, hint }: QueryErrorDetail = {}) {
    const where = place === undefined ? '' : `line ${place.line}, column ${place.column}: `;
    const kind: ErrorKind = code === 'ERR_QUERY_OPERATION' ? 'denied' : 'format';
    super(kind, code, `${where}${message}`, hint === undefined ? {} : { hint });
    this.place = place;
  }
}
