/**
 * Encryption that keeps alphabet, length and separators: FF1 over the signs of an alphabet, the others left
 * where they are. Lengths and separators are told; a text with fewer than a million of its like is refused.
 */

import { type Crypto, FF1_LENGTH_MAX, Ff1 } from '@veritydb/crypto';
import type { ColumnDefinition } from '@veritydb/types';

import { isLuhn, luhnDigit } from './luhn.ts';
import { refused } from './refused.ts';
import { FPE_ALPHABETS, type FpeRule } from './rule.ts';

/** Signs that a layout is made of; any other sign that is not of the alphabet refuses the value. */
const LAYOUT = ' -./()+_:,';
const NO_TWEAK = new Uint8Array(0);

export interface FormatCipher {
  readonly seal: (text: string) => string;
  readonly open: (text: string) => string;
}

/** @param key 32 bytes of this column and domain alone: they stand for the tweak */
export function createFormatCipher(
  key: ReturnType<Crypto['hkdfSha256']>,
  rule: FpeRule,
  column: ColumnDefinition,
): FormatCipher {
  const alphabet = FPE_ALPHABETS[rule.alphabet];
  const numeralOf = new Map(Array.from(alphabet, (sign, index) => [sign, index]));
  const ff1 = new Ff1(key, alphabet.length, NO_TWEAK);
  const withCheckDigit = rule.luhn === true;
  const buffer = new Uint8Array(FF1_LENGTH_MAX);

  const run = (text: string, decrypt: boolean): string => {
    let length = 0;
    for (const sign of text) {
      const numeral = numeralOf.get(sign);
      if (numeral === undefined) {
        if (!LAYOUT.includes(sign)) throw refused(column, 'a sign is not of the alphabet');
      } else {
        if (length === FF1_LENGTH_MAX) throw refused(column, 'it is too long');
        buffer[length] = numeral;
        length += 1;
      }
    }
    const numerals = buffer.subarray(0, length);
    if (withCheckDigit && !isLuhn(numerals)) throw refused(column, 'its check digit is wrong');
    const payload = numerals.subarray(0, withCheckDigit ? length - 1 : length);
    if (!ff1.takes(payload.length))
      throw refused(column, 'it has fewer than a million of its like');
    if (decrypt) ff1.decrypt(payload);
    else ff1.encrypt(payload);
    if (withCheckDigit) numerals[length - 1] = luhnDigit(payload, payload.length);
    return lay(text, numerals);
  };

  const lay = (layout: string, numerals: Uint8Array): string => {
    let laid = '';
    let at = 0;
    for (const sign of layout) {
      if (numeralOf.has(sign)) {
        laid += alphabet.charAt(numerals[at] as number);
        at += 1;
      } else {
        laid += sign;
      }
    }
    return laid;
  };

  return { seal: (text) => run(text, false), open: (text) => run(text, true) };
}
