import { VerityError } from '@veritydb/types';

export type MerkleErrorCode =
  | 'ERR_MERKLE_PROOF'
  | 'ERR_MERKLE_ROOT'
  | 'ERR_MERKLE_NOTE'
  | 'ERR_MERKLE_KEY'
  | 'ERR_MERKLE_SIGNATURE'
  | 'ERR_MERKLE_CHECKPOINT'
  | 'ERR_MERKLE_TLOG_PROOF'
  | 'ERR_MERKLE_CONSISTENCY';

/**
 * `ERR_MERKLE_PROOF`: the proof does not have the shape that its index and size demand.
 * `ERR_MERKLE_ROOT`: it has, and leads to another root.
 */
export class MerkleError extends VerityError<MerkleErrorCode> {}
