/**
 * LIKE, without regular expressions: `%` is any text, `_` any one character (a code point), case counts.
 *
 * The matcher goes back only to the last `%`, so its work is at most the text's length times the
 * pattern's, and the pattern's is bounded.
 */

import { type Place, QueryError } from './error.ts';

const PATTERN_LENGTH_MAX = 256;
const ANY_ONE = -1;
const ANY_MANY = -2;

export interface LikePattern {
  /** Code points, and the two wildcards as negative numbers. */
  readonly points: readonly number[];
}

/**
 * Reads a pattern. `escape` is one character, or empty for none.
 *
 * @throws {QueryError} ERR_QUERY_LIMIT, ERR_QUERY_TYPE
 */
export function parseLikePattern(text: string, escape: string, place: Place): LikePattern {
  const escapes = Array.from(escape);
  if (escapes.length > 1) {
    throw new QueryError('ERR_QUERY_TYPE', 'ESCAPE is longer than one character', {
      place,
      hint: 'Give one character, or an empty string for none.',
    });
  }
  const [escapeCharacter] = escapes;
  // Attacker-controlled: half as many characters again for escapes would not change the work.
  if (text.length > 2 * PATTERN_LENGTH_MAX) throw tooLong(place);
  const points: number[] = [];
  let escaped = false;
  for (const character of text) {
    if (!escaped && character === escapeCharacter) {
      escaped = true;
      continue;
    }
    const point = escaped ? undefined : wildcard(character);
    escaped = false;
    if (point === ANY_MANY && points.at(-1) === ANY_MANY) continue;
    points.push(point ?? (character.codePointAt(0) as number));
  }
  if (escaped) {
    throw new QueryError('ERR_QUERY_TYPE', 'a LIKE pattern ends with its escape', {
      place,
      hint: "Double the escape to match it, or write ESCAPE '' for none.",
    });
  }
  if (points.length > PATTERN_LENGTH_MAX) throw tooLong(place);
  return { points };
}

function tooLong(place: Place): QueryError {
  return new QueryError(
    'ERR_QUERY_LIMIT',
    `a LIKE pattern above ${PATTERN_LENGTH_MAX} characters`,
    {
      place,
      hint: 'Match a shorter part.',
    },
  );
}

function wildcard(character: string): number | undefined {
  if (character === '%') return ANY_MANY;
  return character === '_' ? ANY_ONE : undefined;
}

/** Whether the whole text matches. */
export function isLike(text: string, { points }: LikePattern): boolean {
  let at = 0;
  let next = 0;
  let resumeAt = 0;
  let resumeNext = -1;
  while (at < text.length) {
    const point = text.codePointAt(at) as number;
    const wanted = points[next];
    if (wanted === ANY_MANY) {
      next += 1;
      resumeNext = next;
      resumeAt = at;
    } else if (wanted === ANY_ONE || wanted === point) {
      next += 1;
      at += point > 0xffff ? 2 : 1;
    } else if (resumeNext >= 0) {
      // The last % takes one character more.
      resumeAt += (text.codePointAt(resumeAt) as number) > 0xffff ? 2 : 1;
      at = resumeAt;
      next = resumeNext;
    } else {
      return false;
    }
  }
  while (points[next] === ANY_MANY) next += 1;
  return next === points.length;
}
