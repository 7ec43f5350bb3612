/** The log before the world: what is published of it, who witnesses it, and a witness of one's own. */

export { TransparencyError, type TransparencyErrorCode } from './error.ts';
export { submitOverHttp } from './http-submit.ts';
export { Publication, type PublishedCheckpoint, type SigningLog } from './publication.ts';
export {
  PUBLISH_EVERY_MS,
  PUBLISH_EVERY_RECORDS,
  Publisher,
  type PublisherOptions,
} from './publisher.ts';
export {
  type StateProofParts,
  type StateProved,
  formatStateProof,
  verifyStateProof,
} from './state-proof.ts';
export { Witness, type WitnessAnswer, type WitnessOptions, readWitnessKey } from './witness.ts';
export type { Submit, SubmitAnswer } from './witness-link.ts';
