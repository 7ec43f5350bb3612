import { VerityError } from '@veritydb/types';

export type MerkleErrorCode =
  | 'ERR_MERKLE_PROOF'
  | 'ERR_MERKLE_ROOT'
  | 'ERR_MERKLE_RANGE'
  | 'ERR_MERKLE_NOTE'
  | 'ERR_MERKLE_KEY'
  | 'ERR_MERKLE_ENVELOPE'
  | 'ERR_MERKLE_RECEIPT'
  | 'ERR_MERKLE_SIGNATURE'
  | 'ERR_MERKLE_CHECKPOINT'
  | 'ERR_MERKLE_CHECKPOINT_PAYLOAD'
  | 'ERR_MERKLE_TLOG_PROOF'
  | 'ERR_MERKLE_TILE'
  | 'ERR_MERKLE_WITNESS'
  | 'ERR_MERKLE_POLICY'
  | 'ERR_MERKLE_QUORUM'
  | 'ERR_MERKLE_DER'
  | 'ERR_MERKLE_CERTIFICATE'
  | 'ERR_MERKLE_CERTIFICATE_PATH'
  | 'ERR_MERKLE_TIME_STAMP'
  | 'ERR_MERKLE_TIME_STAMP_STATUS'
  | 'ERR_MERKLE_TIME_STAMP_IMPRINT'
  | 'ERR_MERKLE_TIME_STAMP_NONCE'
  | 'ERR_MERKLE_TIME_STAMP_SIGNATURE';

/**
 * `ERR_MERKLE_PROOF`: the proof does not have the shape that its index and size demand, or its range.
 * `ERR_MERKLE_ROOT`: it has, and leads to another root.
 * `ERR_MERKLE_RANGE`: a range of keys in which no key can be, or with a bound longer than any.
 * `ERR_MERKLE_DER`: bytes that are not DER. `ERR_MERKLE_CERTIFICATE`: a certificate that is malformed, or
 * not fit for what it is used for. `ERR_MERKLE_CERTIFICATE_PATH`: no trusted root stands behind it.
 * `ERR_MERKLE_TIME_STAMP`: a time stamp that is not of the form that is taken. `…_STATUS`: the authority
 * gave none. `…_IMPRINT`, `…_NONCE`: it is of other bytes, or answers another request.
 * `…_SIGNATURE`: it is not what the authority signed.
 */
export class MerkleError extends VerityError<MerkleErrorCode> {}
