import { type ErrorDetail, type ErrorKind, VerityError } from '@veritydb/types';

export type StoreErrorCode =
  | 'ERR_STORE_CORRUPT'
  | 'ERR_STORE_KEY_SIZE'
  | 'ERR_STORE_WRITE'
  | 'ERR_STORE_CLOSED'
  | 'ERR_STORE_POSITION'
  | 'ERR_STORE_RETENTION';

const KINDS: Readonly<Record<StoreErrorCode, ErrorKind>> = {
  ERR_STORE_CORRUPT: 'verification',
  ERR_STORE_KEY_SIZE: 'format',
  ERR_STORE_WRITE: 'unavailable',
  ERR_STORE_CLOSED: 'unavailable',
  ERR_STORE_POSITION: 'expectation',
  ERR_STORE_RETENTION: 'expectation',
};

/** What a store refuses, and what it finds broken. */
export class StoreError extends VerityError<StoreErrorCode> {
  constructor(code: StoreErrorCode, message: string, detail?: ErrorDetail) {
    super(KINDS[code], code, message, detail);
  }
}

/** A page, or what should be one, that is not what its parent says it is. */
export function corruptPage(pageId: number, what: string, cause?: unknown): StoreError {
  return new StoreError('ERR_STORE_CORRUPT', `page ${pageId} ${what}`, {
    hint: 'ask again: the store is built anew from the log, under a new key',
    ...(cause === undefined ? {} : { cause }),
  });
}
