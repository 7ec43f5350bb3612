/** Check digits and rules of issue, by which a number is told from a number that only looks like one. */

import { isLuhn } from '../luhn.ts';

/** Length of an IBAN by country (SWIFT IBAN Registry, ISO 13616). */
const IBAN_LENGTHS: Readonly<Record<string, number>> = Object.fromEntries(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 ' +
    'EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 ' +
    'IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 ' +
    'NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 ' +
    'SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

const CARD_DIGITS_MIN = 12;

export function digitsOf(text: string): Uint8Array {
  const digits: number[] = [];
  for (let index = 0; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit >= 0 && digit <= 9) digits.push(digit);
  }
  return Uint8Array.from(digits);
}

/** ISO/IEC 7812-1: 12 to 19 digits with a check digit, not all alike. */
export function isCardNumber(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length < CARD_DIGITS_MIN || digits.length > 19 || !isLuhn(digits)) return false;
  return digits.some((digit) => digit !== digits[0]);
}

/** ISO 13616: length of its country, and ISO/IEC 7064 MOD 97-10. */
export function isIban(text: string): boolean {
  const iban = text.replaceAll(/[ -]/g, '').toUpperCase();
  if (iban.length !== IBAN_LENGTHS[iban.slice(0, 2)] || !/^[A-Z]{2}[0-9]{2}[A-Z0-9]+$/.test(iban)) {
    return false;
  }
  let rest = 0;
  for (const sign of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(sign, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** SSA: no area 000, 666 or 900 and up, no group 00, no serial 0000; not the numbers of advertisements. */
export function isSocialSecurityNumber(text: string): boolean {
  const digits = text.replaceAll(/[^0-9]/g, '');
  if (digits.length !== 9 || digits === '078051120' || digits === '219099999') return false;
  const area = Number(digits.slice(0, 3));
  if (area === 0 || area === 666 || area >= 900) return false;
  return digits.slice(3, 5) !== '00' && digits.slice(5) !== '0000';
}

/** The longest beginning that is a card number, cut where a group ends; empty where there is none. */
export function cutCardNumber(text: string): string {
  for (let end = text.length; end >= CARD_DIGITS_MIN; end -= 1) {
    const isGroupEnd = end === text.length || /[ -]/.test(text.charAt(end));
    if (isGroupEnd && isCardNumber(text.slice(0, end))) return text.slice(0, end);
  }
  return '';
}

/** The beginning that is as long as an IBAN of its country is; empty where it ends within a group. */
export function cutIban(text: string): string {
  let rest = IBAN_LENGTHS[text.slice(0, 2).toUpperCase()] ?? 0;
  for (let end = 0; end <= text.length; end += 1) {
    if (rest === 0) {
      const isGroupEnd = end === text.length || /[ -]/.test(text.charAt(end));
      return isGroupEnd ? text.slice(0, end) : '';
    }
    if (!/[ -]/.test(text.charAt(end))) rest -= 1;
  }
  return '';
}
