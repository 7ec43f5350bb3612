/**
 * The key file of a witness: one line, `PRIVATE+KEY+<name>+<key id>+<base64(0x04 ‖ Ed25519 seed)>`, as
 * other programs for signed notes write theirs. For its owner alone.
 */

import type { Crypto } from '@veritydb/crypto';
import { type Signer, isKeyName, verifierKeyOf } from '@veritydb/merkle';
import { base64ToBytes, bytesToBase64, bytesToHex, concatBytes } from '@veritydb/types';

import { TransparencyError } from './error.ts';

const PREFIX = 'PRIVATE+KEY';
const COSIGNATURE = 0x04;
const SEED_SIZE = 32;

export function formatWitnessKey(crypto: Crypto, signer: Signer): string {
  const { keyId } = verifierKeyOf(crypto, signer, 'cosignature');
  const secret = bytesToBase64(concatBytes(new Uint8Array([COSIGNATURE]), signer.seed));
  return `${PREFIX}+${signer.name}+${bytesToHex(keyId)}+${secret}\n`;
}

/** @throws {TransparencyError} ERR_TRANSPARENCY_WITNESS_KEY */
export function parseWitnessKey(crypto: Crypto, text: string): Signer {
  const match = /^PRIVATE\+KEY\+([^+\n]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)\n$/.exec(text);
  const [, name = '', , encoded = ''] = match ?? [];
  if (match !== null && isKeyName(name)) {
    const bytes = decode(encoded);
    const signer = { name, seed: bytes.slice(1) };
    // One spelling: key id, type and size are all in the text that it would be written as.
    if (signer.seed.length === SEED_SIZE && formatWitnessKey(crypto, signer) === text) {
      return signer;
    }
  }
  throw malformed();
}

function decode(text: string): Uint8Array {
  try {
    return base64ToBytes(text);
  } catch {
    throw malformed();
  }
}

function malformed(): TransparencyError {
  return new TransparencyError(
    'format',
    'ERR_TRANSPARENCY_WITNESS_KEY',
    'the key file of the witness is malformed',
    { hint: 'put the file back as `verity witness init` made it' },
  );
}
