import { type ErrorDetail, type ErrorKind, VerityError } from '@veritydb/types';

/**
 * - `ERR_PRIVACY_RULE`: a rule cannot be used on a column of this type.
 * - `ERR_PRIVACY_VALUE`: a value cannot be transformed; it is never passed through instead.
 * - `ERR_PRIVACY_HIERARCHY`: a generalisation hierarchy is none, or lacks a value.
 * - `ERR_PRIVACY_BUDGET`: an answer costs more than is left.
 * - `ERR_PRIVACY_STATISTIC`: a statistic whose noise cannot be planned, as nothing bounds it.
 */
export type PrivacyErrorCode =
  | 'ERR_PRIVACY_RULE'
  | 'ERR_PRIVACY_VALUE'
  | 'ERR_PRIVACY_HIERARCHY'
  | 'ERR_PRIVACY_BUDGET'
  | 'ERR_PRIVACY_STATISTIC';

const KINDS: Readonly<Record<PrivacyErrorCode, ErrorKind>> = {
  ERR_PRIVACY_RULE: 'format',
  ERR_PRIVACY_VALUE: 'conflict',
  ERR_PRIVACY_HIERARCHY: 'format',
  ERR_PRIVACY_BUDGET: 'denied',
  ERR_PRIVACY_STATISTIC: 'format',
};

/** A transform that cannot do what its policy promises: nothing leaves. Never holds a value. */
export class PrivacyError extends VerityError<PrivacyErrorCode> {
  constructor(code: PrivacyErrorCode, message: string, detail?: ErrorDetail) {
    super(KINDS[code], code, message, detail);
  }
}
