import { VerityError } from '@veritydb/types';

export type CryptoErrorCode = 'ERR_CRYPTO_OPEN' | 'ERR_CRYPTO_UNWRAP' | 'ERR_CRYPTO_SIGNATURE';

/** Bytes that do not open, unwrap or verify. Never says more: the difference would be an oracle. */
export class CryptoError extends VerityError<CryptoErrorCode> {}

export function openFailed(): CryptoError {
  return new CryptoError('verification', 'ERR_CRYPTO_OPEN', 'sealed bytes do not open', {
    hint: 'they were changed, or the key, nonce or associated data is not theirs',
  });
}

export function unwrapFailed(): CryptoError {
  return new CryptoError('verification', 'ERR_CRYPTO_UNWRAP', 'wrapped key does not unwrap', {
    hint: 'it was changed, or the wrapping key is not its own',
  });
}

export function signatureFailed(): CryptoError {
  return new CryptoError('verification', 'ERR_CRYPTO_SIGNATURE', 'signature is not good', {
    hint: 'the message was changed, or the key is not the signer’s',
  });
}
