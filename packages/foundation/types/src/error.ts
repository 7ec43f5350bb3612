/**
 * Errors that people can act on.
 *
 * Every error that leaves a package has a stable code, says what happened, and where it can, what to
 * do. Kinds are apart because their meanings differ: a door maps the kind to a status, never the text.
 * A message never holds a secret or a row's value.
 */

/**
 * - `format`: malformed input; the caller must change it.
 * - `verification`: not authentic.
 * - `expectation`: authentic, but not what was asked for.
 * - `denied`: no right.
 * - `conflict`: well-formed and allowed, but the state forbids it (a key exists, a row has moved on).
 * - `unavailable`: try again, with when.
 * - `assertion`: our own bug: the operation stopped, nothing was changed.
 */
export type ErrorKind =
  | 'format'
  | 'verification'
  | 'expectation'
  | 'denied'
  | 'conflict'
  | 'unavailable'
  | 'assertion';

export interface ErrorDetail {
  /** What the caller can do about it: one sentence. */
  readonly hint?: string;
  /** For `unavailable`: when a retry makes sense. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** The base of every error of the project. Subclasses pin their own union of codes. */
export class VerityError<Code extends string = string> extends Error {
  readonly kind: ErrorKind;
  readonly code: Code;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: ErrorKind, code: Code, message: string, detail: ErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = new.target.name;
    this.kind = kind;
    this.code = code;
    this.hint = detail.hint;
    this.retryAfterMs = detail.retryAfterMs;
  }
}

/** A programmer's error: an invariant of our own did not hold. The operation stops. */
export class AssertionError extends VerityError<'ERR_ASSERTION'> {
  constructor(message: string) {
    super('assertion', 'ERR_ASSERTION', message);
  }
}

/**
 * Stops the operation when an invariant does not hold.
 *
 * @throws {AssertionError} ERR_ASSERTION
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable case: ${typeof value}`);
}

export type TypesErrorCode =
  | 'ERR_TYPES_CANONICAL'
  | 'ERR_TYPES_VALUE'
  | 'ERR_TYPES_JSON'
  | 'ERR_TYPES_HEADER'
  | 'ERR_TYPES_ID'
  | 'ERR_TYPES_SCHEMA';

/** Malformed bytes, text or ids at the edge of the house. */
export class TypesError extends VerityError<TypesErrorCode> {
  constructor(code: TypesErrorCode, message: string, detail?: ErrorDetail) {
    super('format', code, message, detail);
  }
}
