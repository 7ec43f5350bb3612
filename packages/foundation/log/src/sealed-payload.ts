/** Reading what a record seals. Associated data is the header, but for the digest of what is sealed. */

import type { RecordCipher } from '@veritydb/crypto';
import { RECORD_HEADER_SEALED_SIZE } from '@veritydb/types';

import { LogError } from './error.ts';
import type { StoredRecord } from './reader.ts';

/**
 * Opens the payload of a sealed record.
 *
 * @param cipher of the key that the header names
 * @throws {CryptoError} ERR_CRYPTO_OPEN when anything of it, or of the header, was changed; {LogError}
 * ERR_LOG_PAYLOAD when it is not sealed
 */
export function openPayload(
  { header, headerBytes, payload }: Omit<StoredRecord, 'leafHash'>,
  cipher: RecordCipher,
): Uint8Array {
  const { generation, keyId, offset, sealing } = header;
  if (sealing !== 'sealed' || keyId === 0) {
    throw new LogError('verification', 'ERR_LOG_PAYLOAD', 'payload of a data record is not sealed');
  }
  const associatedData = headerBytes.subarray(0, RECORD_HEADER_SEALED_SIZE);
  return cipher.open({ generation, offset }, associatedData, payload);
}
