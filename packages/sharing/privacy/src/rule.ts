/** What a policy says about one column: which transform, with which parameters. */

/** The value as it is. */
export interface KeepRule {
  readonly use: 'keep';
}

/** The column does not exist for the recipient. */
export interface DropRule {
  readonly use: 'drop';
}

/** The column is there, always NULL. */
export interface NullRule {
  readonly use: 'null';
}

/** A level of the generalisation ladder that the column declares. */
export interface LadderRule {
  readonly use: 'ladder';
  readonly level: string;
}

/** The year, or year and month, of a date or timestamp. */
export interface DatePartRule {
  readonly use: 'date-part';
  readonly part: 'year' | 'month';
  /**
   * For dates of birth: who is older than 89 at the as-of date is put into the one group `<= YYYY`
   * (45 CFR 164.514(b)(2)(i)(C)).
   */
  readonly ageOver89?: 'aggregate' | undefined;
}

/** The first three digits of a US ZIP code, `000` where they cover 20,000 people or fewer. */
export interface Zip3Rule {
  readonly use: 'zip3';
  /** The census that the rule counts by: the only one there is, named so that the policy pins it. */
  readonly table?: 'census-2020' | undefined;
  readonly otherwise?: '000' | undefined;
}

/** Age in whole years, of an age or a date of birth; `top` stands for itself and all above. */
export interface AgeRule {
  readonly use: 'age';
  readonly top: number;
}

/** The first characters of a text. */
export interface TruncateRule {
  readonly use: 'truncate';
  /** In code points. */
  readonly length: number;
}

/** The same few signs for every value, so that not even the length is told; NULL stays NULL. */
export interface MaskRule {
  readonly use: 'mask';
}

/** The same text in every row, NULL or not. */
export interface FixedRule {
  readonly use: 'fixed';
  readonly value: string;
}

/** A random code from a vault, the same for the same value within a domain; derived from nothing. */
export interface SurrogateRule {
  readonly use: 'surrogate';
  /** Columns of one key share their codes, over tables: `patient`. They must be of one type. */
  readonly of?: string | undefined;
}

/** A keyed pseudonym: HMAC-SHA-256, cut to 128 bits. */
export interface TokenRule {
  readonly use: 'token';
  /** As for {@link SurrogateRule}. */
  readonly of?: string | undefined;
  /** `hmac-sha256` and nothing else; any other name is refused by the linter and here. */
  readonly alg?: string | undefined;
  /** 128 and nothing else. */
  readonly bits?: number | undefined;
}

export type TransformRule =
  | KeepRule
  | DropRule
  | NullRule
  | LadderRule
  | DatePartRule
  | Zip3Rule
  | AgeRule
  | TruncateRule
  | MaskRule
  | FixedRule
  | SurrogateRule
  | TokenRule;

/** A rule under which something of the column leaves. */
export type VisibleRule = Exclude<TransformRule, DropRule>;

export type TransformName = TransformRule['use'];
