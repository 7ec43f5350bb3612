import { type ErrorDetail, type ErrorKind, VerityError } from '@veritydb/types';

export type CryptoErrorCode =
  | 'ERR_CRYPTO_OPEN'
  | 'ERR_CRYPTO_UNWRAP'
  | 'ERR_CRYPTO_SIGNATURE'
  | 'ERR_CRYPTO_KEY';

/** Bytes that do not open, unwrap or verify. Never says more: the difference would be an oracle. */
export class CryptoError extends VerityError<CryptoErrorCode> {
  constructor(kind: ErrorKind, code: CryptoErrorCode, message: string, detail?: ErrorDetail) {
    super(kind, code, message, detail);
  }
}
