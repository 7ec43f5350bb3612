import { type ErrorDetail, type ErrorKind, VerityError } from '@veritydb/types';

/**
 * - `ERR_ACCESS_TOKEN_…`: a token that gives no right, and why.
 * - `ERR_ACCESS_UNKNOWN_TABLE`: the table is not granted, not shared, or not there: one text for all.
 * - `ERR_ACCESS_PURPOSE`: the policy does not serve the token's purpose.
 * - `ERR_ACCESS_ONE_TIME`: the policy asks for a one-time token.
 * - `ERR_ACCESS_RECIPIENT`: the policy serves other recipients.
 * - `ERR_ACCESS_ROWS`: a condition on rows, of a policy or a token, that does not fit the table.
 * - `ERR_ACCESS_POSITION`: the token sees the data as of another position.
 * - `ERR_ACCESS_ATTENUATION`: what is asked is no part of what the token may do.
 * - `ERR_ACCESS_PROOF`: the proof that a sender-constrained token needs is missing or does not hold.
 * - `ERR_ACCESS_POLICY`: a policy file that is not well-formed.
 */
export type AccessErrorCode =
  | 'ERR_ACCESS_TOKEN_MALFORMED'
  | 'ERR_ACCESS_TOKEN_KEY'
  | 'ERR_ACCESS_TOKEN_SIGNATURE'
  | 'ERR_ACCESS_TOKEN_CLAIMS'
  | 'ERR_ACCESS_TOKEN_ISSUER'
  | 'ERR_ACCESS_TOKEN_AUDIENCE'
  | 'ERR_ACCESS_TOKEN_TENANT'
  | 'ERR_ACCESS_TOKEN_LIFETIME'
  | 'ERR_ACCESS_TOKEN_NOT_YET'
  | 'ERR_ACCESS_TOKEN_EXPIRED'
  | 'ERR_ACCESS_UNKNOWN_TABLE'
  | 'ERR_ACCESS_PURPOSE'
  | 'ERR_ACCESS_ONE_TIME'
  | 'ERR_ACCESS_RECIPIENT'
  | 'ERR_ACCESS_ROWS'
  | 'ERR_ACCESS_POSITION'
  | 'ERR_ACCESS_ATTENUATION'
  | 'ERR_ACCESS_PROOF'
  | 'ERR_ACCESS_POLICY';

const NEW_TOKEN_HINT = 'Ask the operator of this database for a new token.';
const HINTS: Readonly<Record<AccessErrorCode, string>> = {
  ERR_ACCESS_TOKEN_MALFORMED: 'Send the token exactly as it was issued.',
  ERR_ACCESS_TOKEN_KEY: NEW_TOKEN_HINT,
  ERR_ACCESS_TOKEN_SIGNATURE: 'Send the token exactly as it was issued.',
  ERR_ACCESS_TOKEN_CLAIMS: NEW_TOKEN_HINT,
  ERR_ACCESS_TOKEN_ISSUER: NEW_TOKEN_HINT,
  ERR_ACCESS_TOKEN_AUDIENCE: 'Use the token at the address that it was issued for.',
  ERR_ACCESS_TOKEN_TENANT: 'Use the token at the tenant that it was issued for.',
  ERR_ACCESS_TOKEN_LIFETIME: NEW_TOKEN_HINT,
  ERR_ACCESS_TOKEN_NOT_YET: 'Wait until the token begins, or check the clocks.',
  ERR_ACCESS_TOKEN_EXPIRED: NEW_TOKEN_HINT,
  ERR_ACCESS_UNKNOWN_TABLE: 'Ask for the schema: it lists the tables and columns of this token.',
  ERR_ACCESS_PURPOSE: 'Ask for a token with a purpose that the policy names.',
  ERR_ACCESS_ONE_TIME: 'Ask for a token that allows exactly one export.',
  ERR_ACCESS_RECIPIENT: 'Ask for a token under a policy that names you.',
  ERR_ACCESS_ROWS:
    'Name columns of the table, and values of their types. Where a column was dropped, activate a policy, or issue a token, without the condition.',
  ERR_ACCESS_POSITION: 'Ask without a position: the token has its own.',
  ERR_ACCESS_ATTENUATION: 'Ask for less: a token cut from another only narrows it.',
  ERR_ACCESS_PROOF: 'Send a DPoP proof (RFC 9449) made with the key of the token.',
  ERR_ACCESS_POLICY: 'docs/formats/policy.md lists every member.',
};

/** A right that is not there, or a policy that cannot be read. Never holds a token or a value. */
export class AccessError extends VerityError<AccessErrorCode> {
  constructor(code: AccessErrorCode, message: string, detail: ErrorDetail = {}) {
    const isFormat = code === 'ERR_ACCESS_POLICY' || code === 'ERR_ACCESS_ROWS';
    const kind: ErrorKind = isFormat ? 'format' : 'denied';
    super(kind, code, message, { hint: HINTS[code], ...detail });
  }
}
