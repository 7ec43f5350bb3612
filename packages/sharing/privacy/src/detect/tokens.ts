/** A text as words and signs, with what the rules on names look at. */

import { COMMON } from './lexicon.ts';

export interface Token {
  readonly text: string;
  readonly lower: string;
  readonly start: number;
  readonly end: number;
  readonly kind: 'word' | 'number' | 'sign';
  /** Begins with a capital letter. */
  readonly capital: boolean;
  /** A word of {@link COMMON}, in whatever case. */
  readonly common: boolean;
  /** Stands where every word begins with a capital: after a full stop, a quote, at the start of a line. */
  readonly opens: boolean;
  /** Somebody's: `Franciska` in `Franciska's kid`. No name goes on behind it. */
  readonly owns: boolean;
  /** Line breaks between the token before and this one. */
  readonly breaks: number;
}

/** Letters that a word ends with and a full stop after them that is its own: `St.`, `ul.`, `A.`. */
const ABBREVIATION =
  /^(?:\p{L}|st|str|ul|dr|mr|mrs|ms|prof|jr|sr|inc|ltd|co|corp|apt|ste|ave|rd|blvd|no|nr|rkp|nám|av|sq|p\.o|ph\.d|d\.c|u\.s)$/iu;
const TOKEN =
  /\p{L}[\p{L}\p{M}\p{N}]*(?:['’\-.&](?=\p{L})[\p{L}\p{M}\p{N}]+)*|\d+(?:\p{L}+)?|[^\s\p{L}\d]/gu;
const POSSESSIVE = /['’]s$/iu;

export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let last = 0;
  let opens = true;
  for (const match of text.matchAll(TOKEN)) {
    let [word] = match;
    const start = match.index;
    const kind = /^\p{L}/u.test(word) ? 'word' : /^\d/.test(word) ? 'number' : 'sign';
    const possessive = kind === 'word' ? POSSESSIVE.exec(word) : null;
    // Whose it is, is found; the `'s` is not of the name. Contractions of common words stay whole.
    const owns = possessive !== null && !COMMON.has(word.toLowerCase());
    if (owns) word = word.slice(0, -possessive[0].length);
    if (kind === 'word' && text[start + word.length] === '.' && ABBREVIATION.test(word)) {
      const next = text.slice(start + word.length + 1, start + word.length + 3);
      if (word.length > 1 || /^\s?[\p{Lu}\d.]/u.test(next)) word += '.';
    }
    if (kind === 'sign' && word === '.' && tokens.at(-1)?.end === start + 1) continue;
    const gap = text.slice(last, start);
    const breaks = gap.split('\n').length - 1;
    const lower = word.toLowerCase();
    tokens.push({
      text: word,
      lower,
      start,
      end: start + word.length,
      kind,
      capital: /^\p{Lu}/u.test(word),
      common: COMMON.has(lower) || COMMON.has(lower.replace(/\.$/, '')),
      opens: opens || breaks > 0,
      owns,
      breaks,
    });
    opens =
      kind === 'sign' ? /[.?!:"“”>()]/u.test(word) || (opens && !/[\p{L}\d]/u.test(word)) : false;
    last = start + word.length;
  }
  return tokens;
}
