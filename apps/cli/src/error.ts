/** What the command line refuses by itself, and what the API refused. */

import { VerityError } from '@veritydb/types';

export type CliErrorCode =
  | 'ERR_CLI_CONNECTION'
  | 'ERR_CLI_ANSWER'
  | 'ERR_CLI_FILE'
  | 'ERR_CLI_SECRET_FILE'
  | 'ERR_CLI_CSV'
  | 'ERR_CLI_JSON'
  | 'ERR_CLI_MAPPING'
  | 'ERR_CLI_SCHEMA'
  | 'ERR_CLI_ROWS'
  | 'ERR_CLI_EXPORT'
  | 'ERR_CLI_LISTEN'
  | 'ERR_CLI_RUNNING'
  | 'ERR_CLI_TOMBSTONES'
  | 'ERR_CLI_PROOF'
  | 'ERR_CLI_TIME_STAMP'
  | 'ERR_CLI_CONFIRM'
  | 'ERR_CLI_CANCELLED';

export class CliError extends VerityError<CliErrorCode> {}

/** A refusal of the API, as its problem document (RFC 9457) says it: code, detail, hint. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly hint: string | undefined;

  constructor(status: number, problem: { code: string; detail: string; hint: string | undefined }) {
    super(problem.detail);
    this.name = 'ApiError';
    this.status = status;
    this.code = problem.code;
    this.hint = problem.hint;
  }
}
