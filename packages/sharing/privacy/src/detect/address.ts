/**
 * Postal addresses by their shape, in any alphabet: numbers beside names of streets, units, boxes and field
 * post, and then places and a postal code, over several lines.
 *
 * The parts are found one by one, because one who asks for streets does not ask for countries.
 */

import type { EntityFinding, EntityType } from './finding.ts';
import { PARTICLES, STREET_WORDS } from './lexicon.ts';
import type { Token } from './tokens.ts';

/** Units that say by themselves that they are of an address. */
const CLEAR_UNITS = /^(?:apt|apartment|suite|p\.o|po|postbox|postboks|postfach|psc|cmr)\.?$/u;
const UNITS =
  /^(?:apt|apartment|suite|ste|unit|floor|box|room|flat|p\.o|po|postbox|postboks|postfach|psc|cmr)\.?$/u;
const SHIPS = /^(?:uss|usns|usnv|uscgc|hms)$/u;
const FIELD_POSTS = /^(?:apo|fpo|dpo)$/u;
const HOUSE = /^\d{1,6}\p{L}?$/u;
const POSTAL = /^\d{4,6}$/;
/** Before the name of a street that has its number behind it. */
const STREET_LEADS: ReadonlySet<string> = new Set(
  'at on of and to in near from via along address is street :'.split(' '),
);
const STREET_WORDS_MAX = 6;
const PLACE_WORDS_MAX = 5;
const SEGMENTS_MAX = 5;
const SCORE = 0.82;

interface Stretch {
  readonly from: number;
  /** After the last token. */
  readonly to: number;
}

/** Whether a word could be of a name, by how it is written. */
export type Nameish = (token: Token) => boolean;

export function findAddresses(tokens: readonly Token[], nameish: Nameish): EntityFinding[] {
  return new AddressScan(tokens, nameish).run();
}

class AddressScan {
  readonly #tokens: readonly Token[];
  readonly #nameish: Nameish;
  readonly #findings: EntityFinding[] = [];

  constructor(tokens: readonly Token[], nameish: Nameish) {
    this.#tokens = tokens;
    this.#nameish = nameish;
  }

  run(): EntityFinding[] {
    let index = 0;
    while (index < this.#tokens.length) {
      const corner = this.#corner(index);
      const street = corner ?? this.#box(index) ?? this.#pair(index) ?? this.#street(index);
      if (street === null) {
        index += 1;
        continue;
      }
      const unitsEnd = this.#units(street.to);
      this.#emit('STREET_ADDRESS', { from: street.from, to: unitsEnd });
      index = Math.max(this.#places(unitsEnd), index + 1);
    }
    return this.#findings;
  }

  #at(index: number): Token | undefined {
    return this.#tokens[index];
  }

  #emit(type: EntityType, { from, to }: Stretch): void {
    const first = this.#at(from);
    const last = this.#at(to - 1);
    if (first === undefined || last === undefined || to <= from) return;
    this.#findings.push({ type, start: first.start, end: last.end, score: SCORE });
  }

  /** `corner of A 5 and B`. */
  #corner(index: number): Stretch | null {
    if (this.#at(index)?.lower !== 'corner' || this.#at(index + 1)?.lower !== 'of') return null;
    const first = this.#side(index + 2);
    if (first === index + 2) return null;
    const second = this.#at(first)?.lower === 'and' ? this.#side(first + 1) : first;
    return { from: index, to: second };
  }

  /** One street of a corner: words and numbers. */
  #side(from: number): number {
    let to = from;
    while (to < from + STREET_WORDS_MAX + 2) {
      const token = this.#at(to);
      if (token === undefined || (token.breaks > 0 && to > from)) break;
      const fits =
        HOUSE.test(token.text) ||
        this.#isStreetPart(to, to > from) ||
        UNITS.test(token.lower) ||
        (token.text === '.' && to > from);
      if (!fits) break;
      to += 1;
    }
    return to;
  }

  /** The first word of a street is a name or the word for one; those behind it need only be capital. */
  #isStreetPart(at: number, inside: boolean): boolean {
    const token = this.#at(at);
    if (token === undefined || token.kind !== 'word') return false;
    if (this.#nameish(token) || STREET_WORDS.has(token.lower)) return true;
    if (PARTICLES.has(token.lower)) return inside || token.lower.endsWith('.');
    if (!inside) return false;
    if (token.capital && token.common && this.#at(at - 1)?.kind !== 'word') {
      // `12 High Street`, but not `12 Please`.
      return STREET_WORDS.has(this.#at(at + 1)?.lower ?? '');
    }
    if (token.capital) return !UNITS.test(token.lower);
    // `Stensås terrasse 38`, `Rue tachkent`.
    const isNumbered = this.#at(at + 1)?.kind === 'number';
    return !token.common && (isNumbered || STREET_WORDS.has(this.#at(at - 1)?.lower ?? ''));
  }

  /** Boxes, field post and ships: `PSC 6293, Box 8158`, `P.O. Box 287`, `USNS Møller`. */
  #box(index: number): Stretch | null {
    const token = this.#at(index);
    if (token === undefined || token.kind !== 'word') return null;
    if (SHIPS.test(token.lower)) {
      const to = this.#words(index + 1, 3);
      return to > index + 1 ? { from: index, to } : null;
    }
    if (!UNITS.test(token.lower)) return null;
    const to = this.#units(index);
    if (to === index) return null;
    const isClear = CLEAR_UNITS.test(token.lower) || to - index > 2;
    return isClear ? { from: index, to } : null;
  }

  /** Any number of units: `Apt. 595`, `Suite 697 Apt. 397`. Returns where they end. */
  #units(from: number): number {
    let to = from;
    for (;;) {
      let at = to;
      while (this.#isSeparator(at)) at += 1;
      let seen = 0;
      while (seen < 3 && this.#at(at)?.kind === 'word' && UNITS.test(this.#at(at)?.lower ?? '')) {
        at += 1;
        seen += 1;
      }
      if (seen === 0) return to;
      if (this.#at(at)?.text === '#') at += 1;
      if (!HOUSE.test(this.#at(at)?.text ?? '')) return to;
      to = at + 1;
    }
  }

  #isSeparator(index: number): boolean {
    const token = this.#at(index);
    return token !== undefined && token.kind === 'sign' && /[,>;|]/.test(token.text);
  }

  #words(from: number, most: number, numbered = false): number {
    let to = from;
    while (to < from + most) {
      const token = this.#at(to);
      if (token === undefined || (token.breaks > 0 && to > from)) break;
      if (!this.#isStreetPart(to, numbered || to > from)) break;
      to += 1;
    }
    // A particle is of the name only where another word follows.
    while (to > from && this.#isLoose(this.#at(to - 1))) to -= 1;
    return to;
  }

  #isLoose(token: Token | undefined): boolean {
    if (token === undefined) return false;
    return PARTICLES.has(token.lower) && !this.#nameish(token) && !STREET_WORDS.has(token.lower);
  }

  /** `Hanne and ul. Miła 53`: a corner that is not called one. */
  #pair(index: number): Stretch | null {
    if (this.#at(index)?.kind !== 'word' || !this.#isLed(index)) return null;
    const first = this.#words(index, 3);
    if (first === index || this.#at(first)?.lower !== 'and') return null;
    const second = this.#street(first + 1);
    const isNamed = second !== null && this.#at(second.from)?.kind === 'word';
    return isNamed ? { from: index, to: second.to } : null;
  }

  /** Behind nothing, a sign or a preposition. */
  #isLed(index: number): boolean {
    const before = this.#at(index - 1);
    const isFirst = before === undefined || (this.#at(index)?.breaks ?? 0) > 0;
    return isFirst || before.kind === 'sign' || STREET_LEADS.has(before.lower);
  }

  /** Numbers, words, a number: which of them, decides whether it is a street. */
  #street(index: number): Stretch | null {
    let at = index;
    while (at < index + 2 && this.#isHouse(at, index)) at += 1;
    const numbers = at - index;
    const words = this.#words(at, STREET_WORDS_MAX, numbers > 0);
    if (words === at || !this.#isOnLine(at, index)) return null;
    let to = words;
    const behind = this.#at(to);
    const trailing =
      behind !== undefined && behind.breaks === 0 && /^\d{1,5}\p{L}?$/u.test(behind.text);
    if (trailing) {
      to += 1;
      const dot = this.#at(to);
      const isOrdinal = dot?.text === '.' && dot.start === this.#at(to - 1)?.end;
      if (isOrdinal && /^(?:\p{Ll}|apt|suite)/iu.test(this.#at(to + 1)?.text ?? '')) to += 1;
      // A second street behind the number: `Συγγρού 119 Nino Point`.
      const more = this.#words(to, 3);
      if (more > to && this.#hasStreetWord(to, more) && this.#at(to)?.breaks === 0) to = more;
    }
    const isStreet =
      (numbers > 0 && trailing) ||
      numbers === 2 ||
      (numbers === 1 && this.#hasStreetWord(at + 1, words)) ||
      (numbers === 1 && this.#hasUnit(to)) ||
      (numbers === 0 && trailing && this.#isNamedStreet(index, words));
    return isStreet ? { from: index, to } : null;
  }

  #isOnLine(at: number, index: number): boolean {
    return at === index || this.#at(at)?.breaks === 0;
  }

  #isHouse(at: number, index: number): boolean {
    const text = this.#at(at)?.text ?? '';
    return (at === index ? HOUSE.test(text) : /^\d{1,5}$/.test(text)) && this.#isOnLine(at, index);
  }

  #hasStreetWord(from: number, to: number): boolean {
    for (let at = from; at < to; at += 1) {
      if (STREET_WORDS.has(this.#at(at)?.lower ?? '')) return true;
    }
    return false;
  }

  #hasUnit(at: number): boolean {
    return this.#units(at) > at;
  }

  /** Words with a number behind them only: where a preposition or the word for a street says so. */
  #isNamedStreet(from: number, to: number): boolean {
    let isNamed = false;
    for (let at = from; at < to; at += 1) {
      const token = this.#at(at) as Token;
      if (token.common && !STREET_WORDS.has(token.lower)) return false;
      isNamed ||= this.#nameish(token);
    }
    if (!isNamed) return false;
    return this.#hasStreetWord(from, to) || this.#hasUnit(to + 1) || this.#isLed(from);
  }

  /** Places and a postal code behind a street. Returns where they end. */
  #places(from: number): number {
    let end = from;
    for (let segment = 0; segment < SEGMENTS_MAX; segment += 1) {
      let at = end;
      while (this.#isSeparator(at)) at += 1;
      const token = this.#at(at);
      if (token === undefined || token.breaks > 1) return end;
      const code = this.#postal(at);
      if (code > at) {
        this.#emit('ZIP_CODE', { from: at, to: code });
        return code;
      }
      const to = this.#place(at);
      if (to === at) return end;
      this.#emit('LOCATION', { from: at, to });
      end = to;
    }
    return end;
  }

  #place(from: number): number {
    const token = this.#at(from);
    if (token === undefined) return from;
    if (token.lower === 'nan' || FIELD_POSTS.test(token.lower)) return from + 1;
    if (/^\d{2,3}$/.test(token.text) && this.#at(from + 1)?.kind === 'number') return from + 1;
    if (!this.#isPlaceWord(token)) return from;
    let to = from + 1;
    while (to < from + PLACE_WORDS_MAX) {
      const next = this.#at(to);
      if (next === undefined || next.breaks > 0 || this.#postal(to) > to) break;
      const inside = PARTICLES.has(next.lower) && this.#isPlaceWord(this.#at(to + 1));
      const bracket = next.text === '(' && this.#at(to + 2)?.text === ')';
      if (bracket) to += 3;
      else if (this.#isPlaceWord(next) || inside) to += 1;
      else break;
    }
    return to;
  }

  #isPlaceWord(token: Token | undefined): boolean {
    return token !== undefined && token.kind === 'word' && (token.capital || this.#nameish(token));
  }

  /** `16200`, `53-320`, `B0J 2H0`, `OX1 4AB`. */
  #postal(at: number): number {
    const [first, second, third] = [this.#at(at), this.#at(at + 1), this.#at(at + 2)];
    if (first === undefined) return at;
    if (/^\d{2}$/.test(first.text) && second?.text === '-' && /^\d{3}$/.test(third?.text ?? '')) {
      return at + 3;
    }
    if (/^\p{Lu}\d\p{Lu}$/u.test(first.text) && /^\d\p{Lu}\d$/u.test(second?.text ?? ''))
      return at + 2;
    const isBritish =
      /^\p{Lu}{1,2}\d[\p{Lu}\d]?$/u.test(first.text) && /^\d\p{Lu}{2}$/u.test(second?.text ?? '');
    if (isBritish) return at + 2;
    const isLast = second === undefined || second.kind !== 'number' || second.breaks > 0;
    return (POSTAL.test(first.text) ||
      (/^\d{3}$/.test(first.text) && isLast && first.breaks > 0)) &&
      isLast
      ? at + 1
      : at;
  }
}
