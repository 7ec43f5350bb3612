/**
 * The metric under which Presidio's figures are published: SpanEvaluator of microsoft/presidio-research.
 * Spans are cut to their first and last word that counts (no stop words, no punctuation), neighbours of one
 * type are merged where nothing that counts stands between, and an annotation is found where predictions
 * of whatever type cover it with an intersection over union of 0.9 of its characters. F2 weighs recall.
 */

export interface Span {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

interface Score {
  annotated: number;
  predicted: number;
  found: number;
  readonly perType: Map<string, { annotated: number; found: number }>;
}

const IOU_MIN = 0.9;
const BETA_SQUARED = 4;
const TOKEN = /\p{L}[\p{L}\p{M}\p{N}]*(?:['’.\-@][\p{L}\p{N}]+)*|\d+(?:[\p{L}\d]+)?|[^\s]/gu;

/** Stop words of English as spaCy lists them, and the evaluator's own. */
const SKIPPED: ReadonlySet<string> = new Set(
  (
    'a about above across after afterwards again against all almost alone along already also although always am ' +
    'among amongst amount an and another any anyhow anyone anything anyway anywhere are around as at back be became ' +
    'because become becomes becoming been before beforehand behind being below beside besides between beyond both ' +
    'bottom but by ca call can cannot could did do does doing done down due during each eight either eleven else ' +
    'elsewhere empty enough even ever every everyone everything everywhere except few fifteen fifty first five for ' +
    'former formerly forty four from front full further get give go had has have he hence her here hereafter hereby ' +
    'herein hereupon hers herself him himself his how however hundred i if in indeed into is it its itself just keep ' +
    'last latter latterly least less made make many may me meanwhile might mine more moreover most mostly move much ' +
    'must my myself name namely neither never nevertheless next nine no nobody none noone nor not nothing now nowhere ' +
    'of off often on once one only onto or other others otherwise our ours ourselves out over own part per perhaps ' +
    'please put quite rather re really regarding same say see seem seemed seeming seems serious several she should ' +
    'show side since six sixty so some somehow someone something sometime sometimes somewhere still such take ten ' +
    'than that the their them themselves then thence there thereafter thereby therefore therein thereupon these they ' +
    'third this those though three through throughout thru thus to together too top toward towards twelve twenty two ' +
    'under unless until up upon us used using various very via was we well were what whatever when whence whenever ' +
    'where whereafter whereas whereby wherein whereupon wherever whether which while whither who whoever whole whom ' +
    "whose why will with within without would yet you your yours yourself yourselves 's street st. st de rue day " +
    'address country state city zip po apt unit corner p.o. box suite mr. mrs. miss year years y/o month months old ' +
    'morning noon afternoon night evening week weeks weekend days age ago inc inc. ltd'
  ).split(' '),
);
const ABBREVIATIONS = /^(?:st|mr|mrs|ms|dr|inc|ltd|p\.o|jr|ul|u)$/iu;

interface Token {
  readonly start: number;
  readonly end: number;
  readonly counts: boolean;
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const start = match.index;
    let word = match[0].replace(/['’]s$/u, '');
    if (word === '') word = match[0];
    if (ABBREVIATIONS.test(word) && text[start + word.length] === '.') word += '.';
    const isSign = !/[\p{L}\p{N}]/u.test(word);
    const counts = !isSign && !SKIPPED.has(word.toLowerCase());
    tokens.push({ start, end: start + word.length, counts });
  }
  return tokens;
}

function normalise(text: string, spans: readonly Span[]): readonly Span[] {
  const tokens = tokenize(text).filter(({ counts }) => counts);
  const merged: Span[] = [];
  for (const { type, start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    const inside = tokens.filter((token) => token.start < end && token.end > start);
    const [first, last] = [inside[0], inside.at(-1)];
    if (first === undefined || last === undefined) continue;
    const before = merged.at(-1);
    const cut = { type, start: Math.max(first.start, start), end: Math.min(last.end, end) };
    const isNext =
      before?.type === type &&
      !tokens.some((token) => token.start >= before.end && token.end <= cut.start);
    if (isNext && before !== undefined) {
      merged[merged.length - 1] = { type, start: before.start, end: cut.end };
    } else {
      merged.push(cut);
    }
  }
  return merged;
}

function unionOverlap(annotation: Span, predictions: readonly Span[]): number {
  const covered = new Set<number>();
  for (const { start, end } of predictions) for (let at = start; at < end; at += 1) covered.add(at);
  let shared = 0;
  for (let at = annotation.start; at < annotation.end; at += 1) if (covered.has(at)) shared += 1;
  return shared / (covered.size + (annotation.end - annotation.start) - shared);
}

export class SpanMetric {
  readonly #score: Score = { annotated: 0, predicted: 0, found: 0, perType: new Map() };
  readonly missed: string[] = [];
  readonly wrong: string[] = [];

  add(text: string, annotated: readonly Span[], predicted: readonly Span[]): void {
    const score = this.#score;
    const predictions = normalise(text, predicted);
    const matched = new Set<Span>();
    for (const annotation of normalise(text, annotated)) {
      const perType = score.perType.get(annotation.type) ?? { annotated: 0, found: 0 };
      score.perType.set(annotation.type, perType);
      perType.annotated += 1;
      score.annotated += 1;
      let [chosen, best]: [Span[], number] = [[], 0];
      for (const prediction of predictions) {
        const overlaps = prediction.start < annotation.end && prediction.end > annotation.start;
        if (matched.has(prediction) || !overlaps) continue;
        const overlap = unionOverlap(annotation, [...chosen, prediction]);
        if (overlap > best) [chosen, best] = [[...chosen, prediction], overlap];
      }
      if (best >= IOU_MIN) {
        for (const prediction of chosen) matched.add(prediction);
        score.found += 1;
        score.predicted += 1;
        perType.found += 1;
      } else {
        this.missed.push(`${annotation.type} ${text.slice(annotation.start, annotation.end)}`);
      }
    }
    for (const prediction of predictions) {
      if (matched.has(prediction)) continue;
      score.predicted += 1;
      this.wrong.push(`${prediction.type} ${text.slice(prediction.start, prediction.end)}`);
    }
  }

  get precision(): number {
    return this.#score.found / this.#score.predicted;
  }

  get recall(): number {
    return this.#score.found / this.#score.annotated;
  }

  get f2(): number {
    const { precision, recall } = this;
    return ((1 + BETA_SQUARED) * precision * recall) / (BETA_SQUARED * precision + recall);
  }

  recallOf(type: string): number {
    const { annotated, found } = this.#score.perType.get(type) ?? { annotated: 0, found: 0 };
    return found / annotated;
  }

  get types(): readonly string[] {
    return [...this.#score.perType.keys()];
  }
}
