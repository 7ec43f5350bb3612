/** What a policy says about one column: which transform, with which parameters. */

import type { EntityType } from './detect/finding.ts';

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

/** A part of a date or timestamp, as text: `YYYY`, `YYYY-Qn`, `YYYY-MM`, and of a timestamp `YYYY-MM-DD`. */
export interface DatePartRule {
  readonly use: 'date-part';
  readonly part: 'year' | 'quarter' | 'month' | 'day';
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

/** Some characters at one end of a text, after or before a mask of fixed length. */
export interface PartialMaskRule {
  readonly use: 'partial-mask';
  /** In code points. A text that is not more than twice as long is masked whole. */
  readonly show: number;
  readonly side?: 'first' | 'last' | undefined;
}

/** A card number (PAN) cut as PCI DSS 3.5.1 allows: its first six and last four digits. */
export interface TruncatePanRule {
  readonly use: 'truncate-pan';
  /** The only format there is: two truncations of one number would complete each other. */
  readonly format?: 'first6-last4' | undefined;
}

/** An integer, or a decimal in quotes: `0.05`. */
export type DecimalParameter = number | string;

/** Numeric bands, half open: `[30,40)`. */
export interface BandRule {
  readonly use: 'band';
  readonly size: DecimalParameter;
  /** Where a band begins; 0 when left out. */
  readonly origin?: DecimalParameter | undefined;
  /** Edges beyond which there is one band: `<18`, `90+`. Both are edges of bands. */
  readonly bottom?: DecimalParameter | undefined;
  readonly top?: DecimalParameter | undefined;
}

/** The nearest multiple; halves go away from zero. */
export interface RoundRule {
  readonly use: 'round';
  readonly to: DecimalParameter;
}

/** Degrees of latitude or longitude with few digits after the point: one digit is about 11 km. */
export interface GeoRoundRule {
  readonly use: 'geo-round';
  readonly digits: number;
}

/** One level of a hierarchy: the name of the group that a value is in. */
export interface HierarchyRule {
  readonly use: 'hierarchy';
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** For values of no group; without it, such a value raises. */
  readonly otherwise?: string | undefined;
}

/** The network of an IP address: `192.0.2.0/24`, `2001:db8::/48`. */
export interface IpPrefixRule {
  readonly use: 'ip-prefix';
  /** Bits that are kept, 8 to 24; 24 when left out. */
  readonly v4?: number | undefined;
  /** Bits that are kept, 16 to 64; 48 when left out. */
  readonly v6?: number | undefined;
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

/** A keyed pseudonym that the controller can undo: AES-SIV (RFC 5297). */
export interface DeterministicRule {
  readonly use: 'deterministic';
  /** As for {@link SurrogateRule}. */
  readonly of?: string | undefined;
}

export const FPE_ALPHABETS = {
  digits: '0123456789',
  'digits-lower': '0123456789abcdefghijklmnopqrstuvwxyz',
  'digits-upper': '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  'digits-letters': '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
} as const;
export type FpeAlphabet = keyof typeof FPE_ALPHABETS;

/** Encryption that keeps alphabet, length and separators: FF1 (NIST SP 800-38G Rev. 1). */
export interface FpeRule {
  readonly use: 'fpe';
  readonly alphabet: FpeAlphabet;
  /** The last digit is a Luhn check digit, before and after. Only with the alphabet `digits`. */
  readonly luhn?: boolean | undefined;
  /** As for {@link SurrogateRule}. */
  readonly of?: string | undefined;
}

/** Every date of a data subject moved by the same number of days: order and intervals are kept. */
export interface DateShiftRule {
  readonly use: 'date-shift';
  /** At most so far, either way: `P180D`, days. */
  readonly span: string;
}

/** A JWE (RFC 7516) that only the holder of a key can open. */
export interface EncryptRule {
  readonly use: 'encrypt';
  /** The recipient's X25519 public key: 32 bytes, base64url. */
  readonly to: string;
}

/**
 * Free text with the personal data that is found in it replaced by the name of its kind. Probabilistic:
 * what is not found stays.
 */
export interface DetectRedactRule {
  readonly use: 'detect-redact';
  /** Kinds to find; all when left out. */
  readonly entities?: readonly EntityType[] | undefined;
  /** Patterns of the policy's own, of RE2. */
  readonly patterns?: readonly string[] | undefined;
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
  | TokenRule
  | PartialMaskRule
  | TruncatePanRule
  | BandRule
  | RoundRule
  | GeoRoundRule
  | HierarchyRule
  | IpPrefixRule
  | DeterministicRule
  | FpeRule
  | DateShiftRule
  | EncryptRule
  | DetectRedactRule;

/** A rule under which something of the column leaves. */
export type VisibleRule = Exclude<TransformRule, DropRule>;

export type TransformName = TransformRule['use'];
