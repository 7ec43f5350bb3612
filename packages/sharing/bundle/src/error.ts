/** What is refused about a bundle, and where. */

import { type ErrorDetail, type ErrorKind, VerityError } from '@veritydb/types';

/**
 * - `ERR_BUNDLE_ZIP`: not the one zip form that a bundle has.
 * - `ERR_BUNDLE_LIMIT`: more entries or bytes than the reader allows.
 * - `ERR_BUNDLE_CRC`: an entry's checksum does not match: damaged on its way, or changed.
 * - `ERR_BUNDLE_MANIFEST`: manifest.json is malformed or contradicts itself.
 * - `ERR_BUNDLE_MISSING`, `ERR_BUNDLE_UNEXPECTED`: a file is missing, or is not of the bundle.
 * - `ERR_BUNDLE_DIGEST`: a file is not the one that the manifest names.
 * - `ERR_BUNDLE_KEY`: no verifier key was given, or one that is malformed.
 * - `ERR_BUNDLE_SIGNATURE`: the checkpoint is not signed by the given key.
 * - `ERR_BUNDLE_CHECKPOINT`: the checkpoint is malformed, or of another log or size than claimed.
 * - `ERR_BUNDLE_PROOF`: a file under proofs/, or consistency.json, is malformed.
 * - `ERR_BUNDLE_INCLUSION`: a record is not in the log that the checkpoint signs.
 * - `ERR_BUNDLE_EXPORT_RECORD`: the export record is not about this manifest.
 * - `ERR_BUNDLE_POLICY_RECORD`: the activation record is not about this policy.
 * - `ERR_BUNDLE_LINE`: a line of data/ or disclosures/ is malformed.
 * - `ERR_BUNDLE_COUNT`: rows or attested values are not as many as the manifest says.
 * - `ERR_BUNDLE_DUPLICATE`: one row of the log stands twice in the bundle.
 * - `ERR_BUNDLE_RECORD`: a source record is missing, not needed, of another tenant or later than the answer.
 * - `ERR_BUNDLE_COMMITMENT`: what is disclosed is not what the record committed to.
 * - `ERR_BUNDLE_CONSISTENCY`: not shown to be an extension of the log that the recipient holds.
 * - `ERR_BUNDLE_STALE`: the checkpoint is older than the one that the recipient holds.
 * - `ERR_BUNDLE_COPY`: a file that says the rows once more says something else.
 * - `ERR_BUNDLE_RELEASE`: rows of a table released under a model are not alike as it says.
 * - `ERR_BUNDLE_CONSENT`: the decisions on consent are not those that the manifest sums up.
 * - `ERR_BUNDLE_WITNESS`: those who cosigned the checkpoint are not those that the policy asks for.
 * - `ERR_BUNDLE_TIME_STAMP`: the time stamp is not of this checkpoint, or not of a trusted authority.
 * - `ERR_BUNDLE_ATTACHMENT`: what should be attached to a bundle does not belong to it.
 * - `ERR_BUNDLE_CONTENT`: what should be built into a bundle does not fit its format.
 */
export type BundleErrorCode =
  | 'ERR_BUNDLE_ZIP'
  | 'ERR_BUNDLE_LIMIT'
  | 'ERR_BUNDLE_CRC'
  | 'ERR_BUNDLE_MANIFEST'
  | 'ERR_BUNDLE_MISSING'
  | 'ERR_BUNDLE_UNEXPECTED'
  | 'ERR_BUNDLE_DIGEST'
  | 'ERR_BUNDLE_KEY'
  | 'ERR_BUNDLE_SIGNATURE'
  | 'ERR_BUNDLE_CHECKPOINT'
  | 'ERR_BUNDLE_PROOF'
  | 'ERR_BUNDLE_INCLUSION'
  | 'ERR_BUNDLE_EXPORT_RECORD'
  | 'ERR_BUNDLE_POLICY_RECORD'
  | 'ERR_BUNDLE_LINE'
  | 'ERR_BUNDLE_COUNT'
  | 'ERR_BUNDLE_DUPLICATE'
  | 'ERR_BUNDLE_RECORD'
  | 'ERR_BUNDLE_COMMITMENT'
  | 'ERR_BUNDLE_CONSISTENCY'
  | 'ERR_BUNDLE_STALE'
  | 'ERR_BUNDLE_COPY'
  | 'ERR_BUNDLE_RELEASE'
  | 'ERR_BUNDLE_CONSENT'
  | 'ERR_BUNDLE_WITNESS'
  | 'ERR_BUNDLE_TIME_STAMP'
  | 'ERR_BUNDLE_ATTACHMENT'
  | 'ERR_BUNDLE_CONTENT';

/** Where in a bundle: a file, and in it a line or the offset of a record. */
export interface BundlePlace {
  /** Name of the entry; absent for the zip as a whole. */
  readonly file?: string;
  /** `line 3` or `offset 12`. */
  readonly record?: string;
}

export class BundleError extends VerityError<BundleErrorCode> {
  readonly file: string | null;
  readonly record: string | null;

  constructor(
    code: BundleErrorCode,
    message: string,
    detail: ErrorDetail & BundlePlace & { readonly kind?: ErrorKind } = {},
  ) {
    super(detail.kind ?? 'verification', code, message, {
      hint: detail.hint ?? 'do not rely on this bundle; ask its sender for it again',
      cause: detail.cause,
    });
    this.file = detail.file ?? null;
    this.record = detail.record ?? null;
  }
}

/** Input of a bundle that its format cannot hold. */
export function contentRefused(what: string): BundleError {
  return new BundleError('ERR_BUNDLE_CONTENT', `content does not fit a bundle: ${what}`, {
    kind: 'format',
    hint: 'hand in values, columns and openings of one answer',
  });
}

/**
 * Runs a step on foreign bytes, and names the place where it is refused. Our own bugs pass through.
 *
 * @throws {BundleError} with the given code for any other coded error
 */
export function locate<Result>(
  code: BundleErrorCode,
  place: BundlePlace,
  step: () => Result,
): Result {
  try {
    return step();
  } catch (cause) {
    throw located(cause, code, place);
  }
}

/** What was thrown, with its place, as `locate` would throw it: for loops, which make no step a row. */
export function located(cause: unknown, code: BundleErrorCode, place: BundlePlace): unknown {
  if (!(cause instanceof VerityError) || cause.kind === 'assertion') return cause;
  return new BundleError(cause instanceof BundleError ? cause.code : code, cause.message, {
    ...place,
    cause,
  });
}
