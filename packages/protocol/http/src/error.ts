/** What the HTTP door itself refuses, before or beside the house: pinned codes, never reused. */

import { type ErrorDetail, type ErrorKind, VerityError } from '@veritydb/types';

export type HttpErrorCode =
  | 'ERR_HTTP_JSON'
  | 'ERR_HTTP_REQUEST'
  | 'ERR_HTTP_TOKEN_PLACE'
  | 'ERR_HTTP_TOKEN_MISSING'
  | 'ERR_HTTP_TOKEN_FORM'
  | 'ERR_HTTP_OPERATOR'
  | 'ERR_HTTP_HOST'
  | 'ERR_HTTP_ORIGIN'
  | 'ERR_HTTP_PATH_UNKNOWN'
  | 'ERR_HTTP_CHECKPOINT_UNKNOWN'
  | 'ERR_HTTP_TILE_UNKNOWN'
  | 'ERR_HTTP_PUBLISHING'
  | 'ERR_HTTP_METHOD'
  | 'ERR_HTTP_BODY_SIZE'
  | 'ERR_HTTP_BODY_CUT'
  | 'ERR_HTTP_CONTENT_TYPE'
  | 'ERR_HTTP_RANGE'
  | 'ERR_HTTP_RATE_LIMITED'
  | 'ERR_HTTP_INTERNAL';

const KIND: Readonly<Record<HttpErrorCode, ErrorKind>> = {
  ERR_HTTP_JSON: 'format',
  ERR_HTTP_REQUEST: 'format',
  ERR_HTTP_TOKEN_PLACE: 'format',
  ERR_HTTP_TOKEN_MISSING: 'denied',
  ERR_HTTP_TOKEN_FORM: 'denied',
  ERR_HTTP_OPERATOR: 'denied',
  ERR_HTTP_HOST: 'denied',
  ERR_HTTP_ORIGIN: 'denied',
  ERR_HTTP_PATH_UNKNOWN: 'format',
  ERR_HTTP_CHECKPOINT_UNKNOWN: 'expectation',
  ERR_HTTP_TILE_UNKNOWN: 'expectation',
  ERR_HTTP_PUBLISHING: 'unavailable',
  ERR_HTTP_METHOD: 'format',
  ERR_HTTP_BODY_SIZE: 'format',
  ERR_HTTP_BODY_CUT: 'format',
  ERR_HTTP_CONTENT_TYPE: 'format',
  ERR_HTTP_RANGE: 'expectation',
  ERR_HTTP_RATE_LIMITED: 'unavailable',
  ERR_HTTP_INTERNAL: 'assertion',
};

export class HttpError extends VerityError<HttpErrorCode> {
  constructor(code: HttpErrorCode, message: string, detail?: ErrorDetail) {
    super(KIND[code], code, message, detail);
  }
}

/**
 * The gateway did not accept a token. Whatever kind the cause is of, to the bearer it means 401: the
 * token, not the request, is what must change.
 */
export class TokenRefusedError extends VerityError {
  constructor(cause: VerityError) {
    super('denied', cause.code, 'the token is malformed, expired, revoked or used up', {
      cause,
      hint: cause.hint ?? 'Ask the operator of this database for a new token.',
    });
  }
}
