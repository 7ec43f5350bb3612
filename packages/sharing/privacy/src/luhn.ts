/** The check digit of card numbers (ISO/IEC 7812-1, annex B). */

/** The digit that makes the digits before it whole. */
export function luhnDigit(digits: Uint8Array, length: number): number {
  let sum = 0;
  for (let index = 0; index < length; index += 1) {
    const digit = digits[index] as number;
    const isDoubled = (length - index) % 2 === 1;
    sum += isDoubled ? (digit > 4 ? 2 * digit - 9 : 2 * digit) : digit;
  }
  return (10 - (sum % 10)) % 10;
}

/** Whether the last digit is the check digit of the others. */
export function isLuhn(digits: Uint8Array): boolean {
  const last = digits.length - 1;
  return last >= 1 && digits[last] === luhnDigit(digits, last);
}
