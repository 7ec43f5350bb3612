/** What the authorization server refuses: our pinned codes, each with its word of RFC 6749, 7591 or 8707. */

import { type ErrorKind, VerityError } from '@veritydb/types';

export type OAuthErrorCode =
  | 'ERR_OAUTH_REQUEST'
  | 'ERR_OAUTH_CLIENT'
  | 'ERR_OAUTH_CLIENT_METADATA'
  | 'ERR_OAUTH_REDIRECT'
  | 'ERR_OAUTH_RESPONSE_TYPE'
  | 'ERR_OAUTH_GRANT_TYPE'
  | 'ERR_OAUTH_GRANT'
  | 'ERR_OAUTH_SCOPE'
  | 'ERR_OAUTH_TARGET'
  | 'ERR_OAUTH_OFFER'
  | 'ERR_OAUTH_DENIED'
  | 'ERR_OAUTH_BUSY';

const FACTS: Readonly<Record<OAuthErrorCode, readonly [kind: ErrorKind, word: string]>> = {
  ERR_OAUTH_REQUEST: ['format', 'invalid_request'],
  ERR_OAUTH_CLIENT: ['denied', 'invalid_client'],
  ERR_OAUTH_CLIENT_METADATA: ['format', 'invalid_client_metadata'],
  ERR_OAUTH_REDIRECT: ['format', 'invalid_redirect_uri'],
  ERR_OAUTH_RESPONSE_TYPE: ['format', 'unsupported_response_type'],
  ERR_OAUTH_GRANT_TYPE: ['format', 'unsupported_grant_type'],
  ERR_OAUTH_GRANT: ['denied', 'invalid_grant'],
  ERR_OAUTH_SCOPE: ['denied', 'invalid_scope'],
  ERR_OAUTH_TARGET: ['denied', 'invalid_target'],
  ERR_OAUTH_OFFER: ['denied', 'access_denied'],
  ERR_OAUTH_DENIED: ['denied', 'access_denied'],
  ERR_OAUTH_BUSY: ['unavailable', 'temporarily_unavailable'],
};

export class OAuthError extends VerityError<OAuthErrorCode> {
  constructor(code: OAuthErrorCode, message: string) {
    super(FACTS[code][0], code, message);
  }

  /** The standard's own word. */
  get word(): string {
    return FACTS[this.code][1];
  }
}
