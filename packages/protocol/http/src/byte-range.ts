/**
 * A part of an answer that can be had in parts (RFC 9110 §14): one range of bytes, under a strong ETag, so
 * that a download that broke off goes on where it was. What is malformed or asks for several ranges gets
 * the whole, as the standard has it.
 */

export interface RangeAnswer {
  readonly status: 200 | 206 | 416;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** Which bytes of `size` the headers of a request ask for. The tag is quoted. */
export function chooseRange(headers: Headers, size: number, tag: string): RangeAnswer {
  const whole: RangeAnswer = { status: 200, start: 0, end: size };
  // Attacker-controlled: both headers.
  const match = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(headers.get('range') ?? '');
  const condition = headers.get('if-range');
  if (match === null || (condition !== null && condition !== tag)) return whole;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return whole;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return whole;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  return start >= end ? { status: 416, start: 0, end: 0 } : { status: 206, start, end };
}
