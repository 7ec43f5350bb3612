/** What the publisher and the witness refuse: pinned codes, never reused. */

import { VerityError } from '@veritydb/types';

export type TransparencyErrorCode =
  | 'ERR_TRANSPARENCY_PUBLISHED'
  | 'ERR_TRANSPARENCY_ROLLBACK'
  | 'ERR_TRANSPARENCY_STATE_PROOF'
  | 'ERR_TRANSPARENCY_WITNESS_EXISTS'
  | 'ERR_TRANSPARENCY_WITNESS_MISSING'
  | 'ERR_TRANSPARENCY_WITNESS_KEY'
  | 'ERR_TRANSPARENCY_WITNESS_NAME'
  | 'ERR_TRANSPARENCY_WITNESS_LOG'
  | 'ERR_TRANSPARENCY_WITNESS_STATE'
  | 'ERR_TRANSPARENCY_WITNESS_FAILED';

export class TransparencyError extends VerityError<TransparencyErrorCode> {}
