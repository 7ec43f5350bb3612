/**
 * Which RSA and ECDSA keys and signatures are looked at at all, by both providers alike.
 *
 * Libraries differ in what they let pass: compressed points, even moduli, signatures with zeros before
 * them. Whatever is not of the one plain form is refused here, from the bytes alone, and a key that is
 * weak or would take long to compute with is as well.
 */

import type { ForeignKey } from './crypto.ts';

/** 2048 bits: the least that NIST SP 800-131A takes. */
const RSA_MODULUS_SIZE_MIN = 256;
/** 8192 bits: more is not used, and costs with the square of its size. */
const RSA_MODULUS_SIZE_MAX = 1024;
const RSA_EXPONENT_SIZE_MAX = 4;
const UNCOMPRESSED = 0x04;

/** Bytes of a coordinate, and of each half of a signature. */
export const CURVE_SIZE: Readonly<Record<'P-256' | 'P-384', number>> = { 'P-256': 32, 'P-384': 48 };

/** Whether key and signature have a shape that a good signature can have. */
export function isPlainForeign(key: ForeignKey, signature: Uint8Array): boolean {
  if (key.kind === 'ecdsa') {
    const size = CURVE_SIZE[key.curve];
    const { point } = key;
    return (
      point.length === 1 + 2 * size && point[0] === UNCOMPRESSED && signature.length === 2 * size
    );
  }
  const { modulus, exponent } = key;
  return (
    modulus.length >= RSA_MODULUS_SIZE_MIN &&
    modulus.length <= RSA_MODULUS_SIZE_MAX &&
    // Its highest bit is set: 2048 bits are 2048 bits.
    (modulus[0] as number) >= 0x80 &&
    isOdd(modulus) &&
    exponent.length > 0 &&
    exponent.length <= RSA_EXPONENT_SIZE_MAX &&
    exponent[0] !== 0 &&
    isOdd(exponent) &&
    !(exponent.length === 1 && exponent[0] === 1) &&
    signature.length === modulus.length
  );
}

function isOdd(bytes: Uint8Array): boolean {
  return ((bytes.at(-1) as number) & 1) === 1;
}
