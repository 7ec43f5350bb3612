/**
 * Names of people, organisations and places, by how they are written and what stands beside them.
 *
 * A stretch of capitalised words that are not common ones is a name; words around it say of what. Text
 * without capital letters has only the words around and the list of first names.
 */

import type { Nameish } from './address.ts';
import type { EntityFinding, EntityType } from './finding.ts';
import {
  COUNTRIES,
  EMPLOYER_LEADS,
  FIRST_NAMES,
  HONORIFICS,
  ORGANIZATION_WORDS,
  PARTICLES,
  PLACE_LEADS,
  PLACE_PAIRS,
  isDemonym,
} from './lexicon.ts';
import type { Token } from './tokens.ts';

const STRETCH_WORDS_MAX = 7;
/** Ends of words that are formed from others, and so of few names. */
const FORMED = /(?:ing|tion|sion|ment|ness|ly|able|ible|ful|ance|ence|ense|ized|ated|ity)$/;
/** Words after which a name stands: `my name is`, `called`, `hi`. */
const NAME_LEADS: ReadonlySet<string> = new Set(
  (
    'name names named called hi hello hey dear under by with mr mrs ms dr signed attn regards sincerely meet ' +
    'met ask contact wife husband son daughter brother sister mother father friend boss manager colleague ' +
    'patient starring featuring heard tell told see met seen owner author singer'
  ).split(' '),
);

interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface NameText {
  readonly tokens: readonly Token[];
  readonly nameish: Nameish;
  /** Whether capital letters tell anything: neither all of it nor nothing of it is capital. */
  readonly hasCase: boolean;
  /** Tokens that are of something else already. */
  readonly taken: (token: Token) => boolean;
}

export function findNames(text: NameText): EntityFinding[] {
  const findings: EntityFinding[] = [];
  const { tokens, taken } = text;
  let index = 0;
  const line: { type: EntityType | null; to: number } = { type: null, to: -1 };
  while (index < tokens.length) {
    const token = tokens[index] as Token;
    if (token.kind !== 'word' || taken(token)) {
      index += 1;
      continue;
    }
    const job = line.type === 'PERSON' && line.to === index ? jobLine(tokens, index) : null;
    if (job !== null) {
      findings.push(found('TITLE', token, tokens[job - 1] as Token, 0.5));
      index = job;
      continue;
    }
    const honorific = HONORIFICS.has(token.lower) && isBeforeName(text, index);
    if (honorific) {
      findings.push(found('TITLE', token, token, 0.8));
      index += 1;
      continue;
    }
    if (isDemonym(token.text) && !isPartOfName(text, index)) {
      findings.push(found('NRP', token, token, 0.75));
      index += 1;
      continue;
    }
    const stretch = text.hasCase ? stretchAt(text, index) : caselessStretch(text, index);
    if (stretch === null) {
      index += 1;
      continue;
    }
    const typed = typeOf(text, stretch);
    const stands = isWholeLine(tokens, stretch);
    const follows = line.to === stretch.from;
    // Lines of a letterhead: who, and then whose; two of one kind would be one.
    const isSame = stands && follows && line.type === typed.type;
    const type: EntityType = !isSame
      ? typed.type
      : typed.type === 'PERSON'
        ? 'ORGANIZATION'
        : 'PERSON';
    const [first, last] = [tokens[stretch.from] as Token, tokens[stretch.to - 1] as Token];
    findings.push(found(type, first, last, typed.score));
    line.type = stands ? type : null;
    line.to = stretch.to;
    index = stretch.to;
  }
  return findings;
}

function found(type: EntityType, first: Token, last: Token, score: number): EntityFinding {
  return { type, start: first.start, end: last.end, score };
}

function isBeforeName({ tokens, nameish, hasCase }: NameText, index: number): boolean {
  const [token, next] = [tokens[index] as Token, tokens[index + 1]];
  if (next === undefined || next.kind !== 'word' || next.breaks > 0) return false;
  return hasCase
    ? token.capital && (next.capital || PARTICLES.has(next.lower))
    : nameish(next) && /\.$|^(?:mr|mrs|ms|dr)$/.test(token.lower);
}

/** A nationality inside a name: `American Express`, `Dutch Bros Inc`. */
function isPartOfName({ tokens, hasCase }: NameText, index: number): boolean {
  const next = tokens[index + 1];
  if (!hasCase || next === undefined || next.kind !== 'word' || next.breaks > 0) return false;
  return next.capital && ORGANIZATION_WORDS.has(next.lower) && next.lower !== 'government';
}

/** The longest stretch of capitalised words from a token, with particles and initials inside. */
function stretchAt(text: NameText, from: number): Stretch | null {
  const { tokens, taken } = text;
  const first = tokens[from] as Token;
  if (!startsName(text, from)) return null;
  let to = from + 1;
  while (to < tokens.length && to - from < STRETCH_WORDS_MAX) {
    const next = tokens[to] as Token;
    if (next.breaks > 0 || taken(next) || isEnd(tokens[to - 1] as Token, next)) break;
    if (next.kind === 'word' && next.capital && !isDemonymAlone(next)) {
      to += 1;
      continue;
    }
    const beyond = joined(text, to);
    if (beyond === to) break;
    to = beyond;
  }
  while (to - from > 1 && isTrailing(tokens[to - 1] as Token)) to -= 1;
  const isNumbered = tokens
    .slice(from, to)
    .some(({ lower }) => /^(?:inc|llc|ltd|corp|co)\.?$/.test(lower));
  const before = tokens[from - 1];
  const isLonger = isNumbered && before?.kind === 'number' && !taken(before) && first.breaks === 0;
  return { from: isLonger ? from - 1 : from, to };
}

/** A title in quotes is of a work, not of a person; a value in quotes behind a colon may be. */
function isWork(tokens: readonly Token[], from: number, to: number): boolean {
  const [before, next] = [tokens[from - 1], tokens[to]];
  const isQuoted = /^["“]$/.test(before?.text ?? '') && /^["”]$/.test(next?.text ?? '');
  return isQuoted && to - from > 1 && !/^[:=,[{(]$/.test(tokens[from - 2]?.text ?? '');
}

/** `Anna's Mail`, `Brandt Ltd. Is`: what a name does not go on behind. */
function isEnd(last: Token, next: Token): boolean {
  return last.owns || (next.common && last.text.length > 2 && last.text.endsWith('.'));
}

function isDemonymAlone(token: Token): boolean {
  return isDemonym(token.text) && !FIRST_NAMES.has(token.lower);
}

/** `I` behind a name is of the sentence. */
function isTrailing(token: Token): boolean {
  return token.common && /^i(?:'\p{L}+)?$/u.test(token.lower);
}

/** Where a name goes on behind what is between its words; the same place where it does not. */
function joined({ tokens, taken }: NameText, at: number): number {
  const between = tokens[at] as Token;
  const isName = (token: Token | undefined): boolean =>
    token !== undefined &&
    token.kind === 'word' &&
    token.capital &&
    token.breaks === 0 &&
    !taken(token);
  if (between.kind === 'sign') {
    const before = tokens[at - 1];
    const touches = between.start === before?.end && tokens[at + 1]?.start === between.end;
    const isOpen = between.text === '&' || (between.text === "'" && before?.text.length === 1);
    return /^[&+/’'-]$/.test(between.text) && (touches || isOpen) && isName(tokens[at + 1])
      ? at + 1
      : at;
  }
  if (between.kind !== 'word') return at;
  if (PARTICLES.has(between.lower)) {
    if (isName(tokens[at + 1])) return at + 1;
    const second = tokens[at + 1];
    if (second !== undefined && PARTICLES.has(second.lower) && isName(tokens[at + 2]))
      return at + 2;
    return at;
  }
  const isBody = ORGANIZATION_WORDS.has(tokens[at - 1]?.lower ?? '');
  return between.lower === 'of' && isBody && isName(tokens[at + 1]) ? at + 1 : at;
}

function startsName({ tokens, taken }: NameText, index: number): boolean {
  const token = tokens[index] as Token;
  if (!token.capital || token.lower === 'i') return false;
  if (/^\p{Lu}$/u.test(token.text)) return false;
  const next = tokens[index + 1];
  const goesOn =
    next !== undefined && next.kind === 'word' && next.capital && next.breaks === 0 && !taken(next);
  const [back, further] = [tokens[index - 1]?.lower ?? '', tokens[index - 2]?.lower ?? ''];
  const isNamed = /^(?:named|called)$/.test(back) || (back === 'is' && further === 'name');
  if (isNamed) return true;
  if (token.opens && !goesOn && !FIRST_NAMES.has(token.lower) && FORMED.test(token.lower))
    return false;
  if (!token.common) return !/^\p{Lu}{2,3}$/u.test(token.text) || goesOn || !token.opens;
  const isBody = ORGANIZATION_WORDS.has(token.lower) && next?.lower === 'of';
  if (isBody && tokens[index + 2]?.capital === true) return true;
  // A common word begins a name where the next is none: `Real Madrid`, but not `Please Anna`.
  if (token.opens) return FIRST_NAMES.has(token.lower) && goesOn && !next.common;
  return goesOn && (!next.common || ORGANIZATION_WORDS.has(next.lower));
}

/** Text without capitals: what follows a word that a name follows, or begins with a first name. */
function caselessStretch(text: NameText, from: number): Stretch | null {
  const { tokens, nameish, taken } = text;
  const first = tokens[from] as Token;
  if (!nameish(first) || first.lower.length < 2) return null;
  const before = tokens[from - 1];
  const isLed = isCaselessLead(tokens, from);
  const isKnown = FIRST_NAMES.has(first.lower) || COUNTRIES.has(first.lower);
  const isPair = PLACE_PAIRS.has(`${first.lower} ${tokens[from + 1]?.lower ?? ''}`);
  const second = tokens[from + 1];
  const standsAlone =
    (before === undefined || first.breaks > 0) &&
    second !== undefined &&
    second.kind === 'word' &&
    second.breaks === 0 &&
    (nameish(second) || (second.text.length === 1 && second.lower !== 'a'));
  const speaks =
    first.breaks + from === 0 ? tokens[1]?.text === ':' || tokens[1]?.text === ',' : false;
  if (!isLed && !isKnown && !isPair && !standsAlone && !speaks) return null;
  let to = from + 1;
  while (to < tokens.length && to - from < 4) {
    const next = tokens[to] as Token;
    if (next.kind !== 'word' || next.breaks > 0 || taken(next)) break;
    const isInitial = /^\p{L}\.?$/u.test(next.text) && next.lower !== 'i' && next.lower !== 'a';
    if (!nameish(next) && !isInitial) break;
    to += 1;
  }
  return { from, to };
}

function isCaselessLead(tokens: readonly Token[], from: number): boolean {
  const [back, further] = [tokens[from - 1], tokens[from - 2]];
  if (back === undefined || (tokens[from] as Token).breaks > 0) return false;
  if (HONORIFICS.has(back.lower)) return true;
  if (back.lower === 'is' || back.text === ':' || back.text === '?') {
    return /^(?:name|this|maiden|surname|user|by)$/.test(further?.lower ?? '');
  }
  if (/^(?:named|called|name)$/.test(back.lower)) return true;
  if (/^(?:hi|hello|hey|dear)$/.test(back.lower)) return true;
  if (/^(?:from|in)$/.test(back.lower)) {
    return /^(?:am|is|was|live|lives|lived|moved|born|originally|here|up|grew|based|located|travelling)$/.test(
      further?.lower ?? '',
    );
  }
  return back.lower === 'for' && /^(?:work|works|worked|working)$/.test(further?.lower ?? '');
}

/** What a name is of, and how sure that it is one. */
function typeOf({ tokens }: NameText, { from, to }: Stretch): { type: EntityType; score: number } {
  const inside = tokens.slice(from, to);
  const first = inside[0] as Token;
  if (isWork(tokens, from, to) && !FIRST_NAMES.has(first.lower)) {
    return { type: 'ORGANIZATION', score: 0.3 };
  }
  const [back, further] = [tokens[from - 1], tokens[from - 2]];
  const lowers = inside.map(({ lower }) => lower);
  if (back !== undefined && HONORIFICS.has(back.lower)) return { type: 'PERSON', score: 0.85 };
  const isPlace = lowers.some(
    (word, index) => COUNTRIES.has(word) || PLACE_PAIRS.has(`${word} ${lowers[index + 1] ?? ''}`),
  );
  if (isPlace && lowers.length <= 3) return { type: 'LOCATION', score: 0.75 };
  if (lowers.slice(1).some((word) => ORGANIZATION_WORDS.has(word))) {
    return { type: 'ORGANIZATION', score: 0.75 };
  }
  const next = tokens[to];
  if (inside.at(-1)?.owns === true && next?.capital === true && !next.common) {
    return { type: 'ORGANIZATION', score: 0.6 };
  }
  if (isFirm(tokens, from, to)) return { type: 'ORGANIZATION', score: 0.65 };
  const led = back?.breaks === 0 || back?.kind === 'word' ? (back?.lower ?? '') : '';
  if (/^(?:in|to|into|near|visit|visiting)$/.test(led) || isFromPlace(led, further)) {
    return { type: 'LOCATION', score: 0.6 };
  }
  const isEmployer =
    EMPLOYER_LEADS.has(led) &&
    (led === 'at' || /^(?:work|works|worked|employed|is)$/.test(further?.lower ?? ''));
  if (isEmployer) return { type: 'ORGANIZATION', score: 0.6 };
  if (FIRST_NAMES.has(first.lower)) return { type: 'PERSON', score: 0.8 };
  if (NAME_LEADS.has(led) || NAME_LEADS.has(further?.lower ?? ''))
    return { type: 'PERSON', score: 0.7 };
  if (led === 'from' || led === 'of') return { type: 'ORGANIZATION', score: 0.5 };
  if (PLACE_LEADS.has(led)) return { type: 'LOCATION', score: 0.5 };
  return { type: 'PERSON', score: inside.length >= 2 ? 0.6 : 0.45 };
}

function isFromPlace(led: string, further: Token | undefined): boolean {
  return (
    led === 'from' &&
    /^(?:here|there|moved|originally|travelling|traveling|flew|came|come|comes|born)$/.test(
      further?.lower ?? '',
    )
  );
}

function isCapital(token: Token | undefined): boolean {
  return token?.capital === true && !token.common;
}

/** `A, B and C`, `A-B`: names of partners. */
function isFirm(tokens: readonly Token[], from: number, to: number): boolean {
  const [first, next, second, and] = [tokens[from], tokens[to], tokens[to + 1], tokens[to + 2]];
  if (to - from !== 1 || first === undefined) return false;
  if (/^\p{Lu}\p{L}+-\p{Lu}\p{L}+$/u.test(first.text)) return true;
  const back = tokens[from - 1];
  const [before, earlier] = [tokens[from - 2], tokens[from - 3]];
  if (next?.text === ',' && isCapital(second) && and?.lower === 'and') return true;
  if (next?.lower === 'and' && back?.text === ',' && isCapital(before) && isCapital(second))
    return true;
  return back?.lower === 'and' && isCapital(before) && earlier?.text === ',';
}

/** Where a line of a few words ends that says what somebody does: `Leasing consultant`. */
function jobLine(tokens: readonly Token[], from: number): number | null {
  let to = from + 1;
  while (to < tokens.length && (tokens[to] as Token).breaks === 0) to += 1;
  const line = tokens.slice(from, to);
  const isWords = line.every(({ kind }) => kind === 'word') && line.length >= 2 && line.length <= 5;
  const hasMore = (tokens[to]?.breaks ?? 0) > 0;
  return isWords && hasMore && line.slice(1).every(({ capital }) => !capital) ? to : null;
}

function isWholeLine(tokens: readonly Token[], { from, to }: Stretch): boolean {
  const [first, next] = [tokens[from] as Token, tokens[to]];
  const starts = from === 0 || first.breaks > 0 || tokens[from - 1]?.text === '>';
  return starts && (next === undefined || next.breaks > 0);
}
