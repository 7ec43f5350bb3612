/** The Merkle tree of a log (RFC 6962), its proofs, and the C2SP texts around them. */

export { type PackedBatch, rootFromPackedBatch } from './batch-root.ts';
export {
  type Checkpoint,
  formatCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
} from './checkpoint.ts';
export { type Envelope, preAuthenticationEncoding, signEnvelope, verifyEnvelope } from './dsse.ts';
export { MerkleError, type MerkleErrorCode } from './error.ts';
export { emptyRoot, leafHash, nodeHash, treeRoot } from './hash.ts';
export {
  type Batch,
  type Consistency,
  type Inclusion,
  rootFromBatchProof,
  rootFromInclusionProof,
  verifyConsistency,
  verifyInclusion,
} from './proof.ts';
export { type ReceiptFacts, signReceipt, verifyReceipt } from './receipt.ts';
export {
  type KeyKind,
  type Note,
  type NoteSignature,
  type Signer,
  type VerifierKey,
  cosignText,
  formatVerifierKey,
  isKeyName,
  parseNote,
  parseVerifierKey,
  signNote,
  verifierKeyOf,
  verifyNote,
} from './signed-note.ts';
export {
  TILE_WIDTH,
  type Tile,
  type TileReader,
  TiledTree,
  decodeEntryBundle,
  encodeEntryBundle,
  encodeTile,
  formatTilePath,
  leavesUnder,
  parseTilePath,
  tilesOf,
} from './tile.ts';
export {
  type PolicyLog,
  type PolicyWitness,
  type TlogPolicy,
  meetsQuorum,
  parseTlogPolicy,
  verifyUnderPolicy,
} from './tlog-policy.ts';
export { buildStateRoot } from './state/build-root.ts';
export {
  type CheckpointPayload,
  type HiddenRoot,
  type PolicyInForce,
  STATE_SALT_SIZE,
  decodeCheckpointPayload,
  encodeCheckpointPayload,
  hideName,
  hidePolicies,
} from './state/checkpoint-payload.ts';
export { NodePreimage, STATE_KEY_SIZE_MAX, type StateEntry, bitAt } from './state/node.ts';
export { type StateTrieReader, buildRangeProof } from './state/prove.ts';
export { type KeyRange, pointRange, successorOf } from './state/range.ts';
export { type RangeProof, verifyRangeProof } from './state/verify.ts';
export { type TlogProof, formatTlogProof, parseTlogProof } from './tlog-proof.ts';
export { MerkleTree } from './tree.ts';
export {
  ADD_CHECKPOINT_LENGTH_MAX,
  type AddCheckpoint,
  type WitnessDecision,
  type WitnessIdentity,
  decideAddCheckpoint,
  formatAddCheckpoint,
  parseAddCheckpoint,
  takeCosignatures,
} from './witness.ts';
export { type Certificate, parseCertificates } from './time-stamp/certificate.ts';
export { buildTimeStampRequest } from './time-stamp/request.ts';
export {
  type TimeStamp,
  type TimeStampRequest,
  verifyTimeStamp,
  verifyTimeStampBinding,
} from './time-stamp/verify.ts';
