/** RFC 4648 §5 without padding, in its one canonical spelling. */

import { base64ToBytes, bytesToBase64 } from './bytes.ts';
import { TypesError } from './error.ts';

export function encodeBase64Url(bytes: Uint8Array): string {
  return bytesToBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/**
 * Decodes what {@link encodeBase64Url} would have written, and nothing else.
 *
 * @throws {TypesError} ERR_TYPES_VALUE
 */
export function decodeBase64Url(text: string): Uint8Array {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new TypesError('ERR_TYPES_VALUE', 'expected base64url');
  const padding = '='.repeat((4 - (text.length % 4)) % 4);
  return base64ToBytes(text.replaceAll('-', '+').replaceAll('_', '/') + padding);
}
