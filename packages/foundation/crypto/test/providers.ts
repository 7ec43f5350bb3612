import { portableCrypto } from '@veritydb/crypto';
import type { Crypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';

export const PROVIDERS: readonly Crypto[] = [nativeCrypto, portableCrypto];

export function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
