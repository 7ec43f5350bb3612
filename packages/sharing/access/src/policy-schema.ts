/** The members of a policy file, closed: `apiVersion: veritydb.dev/policy/v1`. */

import {
  AGE_TOP_MAX,
  ENTITY_TYPES,
  FPE_ALPHABETS,
  type FpeAlphabet,
  GEO_DIGITS_MAX,
  GUARD_KINDS,
  type GuardKind,
  IP_BITS,
  PATTERNS_COUNT_MAX,
  PATTERN_LENGTH_MAX,
  SHOW_LENGTH_MAX,
  TRUNCATE_LENGTH_MAX,
  type TransformRule,
} from '@veritydb/privacy';
import { DATA_CLASSES, type DataClass } from '@veritydb/types';
import { z } from 'zod';

import { parseDurationSeconds } from './duration.ts';
import { type RowPredicate, rowPredicate } from './row-predicate.ts';
import {
  COLUMNS_COUNT_MAX,
  TABLES_COUNT_MAX,
  columnName,
  isUnique,
  moment,
  party,
  policyName,
  tableName,
  term,
} from './vocabulary.ts';

/**
 * - `general`: the rules that hold for every policy; the others hold more as well.
 * - `hipaa-safe-harbor`: 45 CFR 164.514(b)(2). `hipaa-limited-data-set`: 45 CFR 164.514(e).
 * - `gdpr-pseudonymisation`: Regulation (EU) 2016/679, Article 4(5). `pci-dss-4`: PCI DSS 4.0, 3.3 to 3.5.
 * - `42-cfr-part-2`: records of substance use disorder treatment.
 * - `research-release`: a table that nobody answers for any more once it has left.
 */
export const POLICY_PROFILES = [
  'general',
  'hipaa-safe-harbor',
  'hipaa-limited-data-set',
  'gdpr-pseudonymisation',
  'pci-dss-4',
  '42-cfr-part-2',
  'research-release',
] as const;
export type PolicyProfile = (typeof POLICY_PROFILES)[number];

/** Who may join pseudonyms: each recipient by itself, each purpose by itself, or each pair. */
export const KEY_DOMAINS = ['{recipient}', '{purpose}', '{recipient}/{purpose}'] as const;
export type KeyDomain = (typeof KEY_DOMAINS)[number];

/** What may be asked for: rows, or counts over enough data subjects. */
export const ANSWER_KINDS = ['rows', 'aggregate'] as const;
export type AnswerKind = (typeof ANSWER_KINDS)[number];

/** What a recipient may be told of a table in an hour, by all its tokens together. */
export interface HourlyBudget {
  readonly queries: number;
  readonly rows: number;
  readonly cells: number;
}
export const HOURLY_BUDGET_DEFAULT: HourlyBudget = {
  queries: 10_000,
  rows: 10_000_000,
  cells: 1_000_000_000,
};

/** Fewest data subjects behind a statistic, unless a policy asks for more. */
export const SUBJECTS_COUNT_MIN = 11;

/** Longest life of a token that a policy may allow: 31 days. */
export const TOKEN_LIFETIME_SECONDS_MAX: number = 31 * 86_400;
export const ROWS_COUNT_MAX = 1_000_000;
const NOTICE_LENGTH_MAX = 4000;

/** A rule, and beside it what the column holds. */
export type ColumnEntry = TransformRule & { readonly class?: DataClass | undefined };

/** Rows of a time: of a column that holds dates or moments; `from` is in, `before` is out. */
export interface PeriodEntry {
  readonly column: string;
  readonly from?: string | undefined;
  readonly before?: string | undefined;
}

/** Rules that make coarser what they are given, without a key. */
export const COARSENING: readonly TransformRule['use'][] = [
  'keep',
  'null',
  'fixed',
  'mask',
  'ladder',
  'date-part',
  'zip3',
  'age',
  'truncate',
  'band',
  'round',
  'geo-round',
  'hierarchy',
  'ip-prefix',
];

/** A table that leaves as a whole or not at all, its quasi-identifiers as coarse as a model asks. */
export interface ReleaseEntry {
  /** Fewest rows that are alike. */
  readonly k: number;
  /** Share of the rows that may be left out, a decimal in quotes. */
  readonly suppressionLimit: string | number;
  /**
   * Whether the place of a row in the log, which proofs show, counts as a quasi-identifier: rows are then
   * alike within one record only. `public` says that nobody is found by when his row was written.
   */
  readonly written: 'quasi-id' | 'public';
  /** The column of which nobody's value should be learned. */
  readonly sensitive?: string | undefined;
  readonly diversity?:
    | { readonly kind: 'distinct' | 'entropy'; readonly l: number }
    | { readonly kind: 'recursive'; readonly c: string | number; readonly l: number }
    | undefined;
  readonly closeness?: { readonly t: string | number } | undefined;
  /** By quasi-identifier: what is coarser than its own rule, step by step. */
  readonly levels: Readonly<Record<string, readonly TransformRule[]>>;
}

/** Statistics with noise, instead of counts over enough data subjects. Numbers: whole, or in quotes. */
export interface StatisticsEntry {
  readonly model: 'dp';
  /** ρ of zero-concentrated differential privacy: in all for each recipient, and of one figure. */
  readonly budget: string | number;
  readonly cost: string | number;
  /** What ε is told at; 10^-6 when left out. */
  readonly delta?: string | undefined;
  /** Most rows of one data subject that count, in each group. */
  readonly rowsPerSubject: number;
  /** Most groups that one data subject counts in; 1 when left out. */
  readonly groupsPerSubject?: number | undefined;
  /** Of columns that may be added up: what is beyond counts as the bound. */
  readonly bounds?:
    | Readonly<
        Record<
          string,
          {
            readonly lower: string | number;
            readonly upper: string | number;
            /** Digits after the point that count. */
            readonly decimals?: number | undefined;
          }
        >
      >
    | undefined;
  /** Of columns that may be grouped by: all groups that are told, whether anybody is in them or not. */
  readonly domains?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface TableEntry {
  readonly statistics?: StatisticsEntry | undefined;
  readonly subject?: string | undefined;
  readonly release?: ReleaseEntry | undefined;
  readonly rows?: RowPredicate | undefined;
  readonly period?: PeriodEntry | undefined;
  readonly columns: Readonly<Record<string, ColumnEntry>>;
}

/** What becomes of a direct identifier that stands in a text which is kept. */
export const TEXT_GUARDS = ['refuse', 'mask', 'off'] as const;
export type TextGuard = (typeof TEXT_GUARDS)[number];

export interface GuardEntry {
  readonly text: TextGuard;
  readonly kinds?: readonly GuardKind[] | undefined;
}

export interface PolicyDocument {
  readonly apiVersion: 'veritydb.dev/policy/v1';
  readonly kind: 'SharingPolicy';
  readonly metadata: {
    readonly name: string;
    readonly version: number;
    readonly owner?: string | undefined;
    readonly reviewed?: string | undefined;
  };
  readonly profile: PolicyProfile;
  readonly purpose: readonly string[];
  readonly legalBasis?: string | undefined;
  readonly controller?: string | undefined;
  readonly recipients?: readonly string[] | undefined;
  readonly retention?: string | undefined;
  /** How long whoever decides keeps rows with columns of a class; the shortest of a row’s classes counts. */
  readonly retentionByClass?: { readonly [Class in DataClass]?: string | undefined } | undefined;
  readonly requires: {
    readonly token: { readonly maxTtl: string };
    readonly oneTime?: boolean | undefined;
    readonly consent?: 'per-subject' | undefined;
    readonly proof?: 'dpop' | undefined;
    readonly breakGlass?: boolean | undefined;
  };
  readonly defaults: { readonly unlisted: 'drop'; readonly onError: 'raise' };
  readonly keys: { readonly domain: KeyDomain };
  readonly guard?: GuardEntry | undefined;
  readonly tables: Readonly<Record<string, TableEntry>>;
  readonly output: {
    readonly maxRows: number;
    readonly answers?: AnswerKind | undefined;
    readonly minSubjects?: number | undefined;
    readonly perHour?:
      | { readonly [Name in keyof HourlyBudget]?: HourlyBudget[Name] | undefined }
      | undefined;
    readonly formats?: readonly 'ndjson'[] | undefined;
    readonly notice?: string | undefined;
  };
}

/** A whole number, or a decimal in quotes. */
const number = z.union([z.int(), z.string().regex(/^-?[0-9]{1,20}(\.[0-9]{1,18})?$/)]);

const entry = { class: z.enum(DATA_CLASSES).optional() };

const columnEntry: z.ZodType<ColumnEntry> = z.discriminatedUnion('use', [
  z.strictObject({ ...entry, use: z.literal('keep') }),
  z.strictObject({ ...entry, use: z.literal('drop') }),
  z.strictObject({ ...entry, use: z.literal('null') }),
  z.strictObject({ ...entry, use: z.literal('ladder'), level: z.string().max(63) }),
  z.strictObject({
    ...entry,
    use: z.literal('date-part'),
    part: z.enum(['year', 'quarter', 'month', 'day']),
    ageOver89: z.literal('aggregate').optional(),
  }),
  z.strictObject({
    ...entry,
    use: z.literal('zip3'),
    table: z.literal('census-2020').optional(),
    otherwise: z.literal('000').optional(),
  }),
  z.strictObject({ ...entry, use: z.literal('age'), top: z.int().min(1).max(AGE_TOP_MAX) }),
  z.strictObject({
    ...entry,
    use: z.literal('truncate'),
    length: z.int().min(1).max(TRUNCATE_LENGTH_MAX),
  }),
  z.strictObject({ ...entry, use: z.literal('mask') }),
  z.strictObject({ ...entry, use: z.literal('fixed'), value: party }),
  z.strictObject({ ...entry, use: z.literal('surrogate'), of: columnName.optional() }),
  z.strictObject({
    ...entry,
    use: z.literal('token'),
    of: columnName.optional(),
    alg: z.string().max(63).optional(),
    bits: z.int().optional(),
  }),
  z.strictObject({
    ...entry,
    use: z.literal('partial-mask'),
    show: z.int().min(1).max(SHOW_LENGTH_MAX),
    side: z.enum(['first', 'last']).optional(),
  }),
  z.strictObject({
    ...entry,
    use: z.literal('truncate-pan'),
    format: z.literal('first6-last4').optional(),
  }),
  z.strictObject({
    ...entry,
    use: z.literal('band'),
    size: number,
    origin: number.optional(),
    bottom: number.optional(),
    top: number.optional(),
  }),
  z.strictObject({ ...entry, use: z.literal('round'), to: number }),
  z.strictObject({
    ...entry,
    use: z.literal('geo-round'),
    digits: z.int().min(0).max(GEO_DIGITS_MAX),
  }),
  z.strictObject({
    ...entry,
    use: z.literal('hierarchy'),
    groups: z.record(party, z.array(party).min(1)),
    otherwise: party.optional(),
  }),
  z.strictObject({
    ...entry,
    use: z.literal('ip-prefix'),
    v4: z.int().min(IP_BITS.v4.min).max(IP_BITS.v4.max).optional(),
    v6: z.int().min(IP_BITS.v6.min).max(IP_BITS.v6.max).optional(),
  }),
  z.strictObject({ ...entry, use: z.literal('deterministic'), of: columnName.optional() }),
  z.strictObject({
    ...entry,
    use: z.literal('fpe'),
    alphabet: z.enum(Object.keys(FPE_ALPHABETS) as [FpeAlphabet, ...FpeAlphabet[]]),
    luhn: z.boolean().optional(),
    of: columnName.optional(),
  }),
  z.strictObject({
    ...entry,
    use: z.literal('date-shift'),
    span: z.string().regex(/^P[1-9][0-9]{0,3}D$/),
  }),
  z.strictObject({
    ...entry,
    use: z.literal('detect-redact'),
    entities: z
      .array(z.enum(ENTITY_TYPES))
      .min(1)
      .refine(isUnique, 'a kind is named twice')
      .optional(),
    patterns: z
      .array(z.string().min(1).max(PATTERN_LENGTH_MAX))
      .min(1)
      .max(PATTERNS_COUNT_MAX)
      .optional(),
  }),
  z.strictObject({
    ...entry,
    use: z.literal('encrypt'),
    to: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  }),
]);

/** 0 to 1. */
const share = z.union([z.literal(0), z.literal(1), z.string().regex(/^0(\.[0-9]{1,6})?$/)]);
const LEVELS_COUNT_MAX = 12;

const releaseEntry: z.ZodType<ReleaseEntry> = z.strictObject({
  k: z.int().min(2).max(ROWS_COUNT_MAX),
  suppressionLimit: share,
  written: z.enum(['quasi-id', 'public']),
  sensitive: columnName.optional(),
  diversity: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.enum(['distinct', 'entropy']), l: z.int().min(2).max(1000) }),
      z.strictObject({ kind: z.literal('recursive'), c: number, l: z.int().min(2).max(1000) }),
    ])
    .optional(),
  closeness: z.strictObject({ t: share }).optional(),
  levels: z.record(
    columnName,
    z
      .array(columnEntry)
      .min(1)
      .max(LEVELS_COUNT_MAX)
      .refine((rules) => rules.every((rule) => rule.class === undefined), 'a level has no class'),
  ),
});

/** ρ: above zero, in billionths at the finest. */
const rho = z.union([z.int().min(1).max(1000), z.string().regex(/^[0-9]{1,3}(\.[0-9]{1,9})?$/)]);
const GROUPS_COUNT_MAX = 1000;
const DECIMALS_MAX = 9;

const statisticsEntry: z.ZodType<StatisticsEntry> = z.strictObject({
  model: z.literal('dp'),
  budget: rho,
  cost: rho,
  delta: z
    .string()
    .regex(/^0\.0[0-9]{1,17}$/)
    .optional(),
  rowsPerSubject: z.int().min(1).max(10_000),
  groupsPerSubject: z.int().min(1).max(GROUPS_COUNT_MAX).optional(),
  bounds: z
    .record(
      columnName,
      z.strictObject({
        lower: number,
        upper: number,
        decimals: z.int().min(0).max(DECIMALS_MAX).optional(),
      }),
    )
    .optional(),
  domains: z
    .record(
      columnName,
      z.array(party).min(1).max(GROUPS_COUNT_MAX).refine(isUnique, 'a group is named twice'),
    )
    .optional(),
});

const tableEntry: z.ZodType<TableEntry> = z.strictObject({
  statistics: statisticsEntry.optional(),
  subject: columnName.optional(),
  release: releaseEntry.optional(),
  rows: rowPredicate.optional(),
  period: z
    .strictObject({ column: columnName, from: moment.optional(), before: moment.optional() })
    .optional(),
  columns: z.record(columnName, columnEntry).refine((columns) => {
    const count = Object.keys(columns).length;
    return count >= 1 && count <= COLUMNS_COUNT_MAX;
  }, `a table lists 1 to ${COLUMNS_COUNT_MAX} columns`),
});

const budget = z.int().min(1).max(HOURLY_BUDGET_DEFAULT.cells);

const lifetime = z.string().refine((text) => {
  const seconds = parseDurationSeconds(text);
  return seconds !== undefined && seconds >= 1 && seconds <= TOKEN_LIFETIME_SECONDS_MAX;
}, 'expected an ISO 8601 duration of days, hours, minutes and seconds, at most P31D');

export const policyDocument: z.ZodType<PolicyDocument> = z.strictObject({
  apiVersion: z.literal('veritydb.dev/policy/v1'),
  kind: z.literal('SharingPolicy'),
  metadata: z.strictObject({
    name: policyName,
    version: z.int().min(1).max(0x7fff_ffff),
    owner: party.optional(),
    reviewed: z.iso.date().optional(),
  }),
  profile: z.enum(POLICY_PROFILES),
  purpose: z.array(term).min(1).max(16).refine(isUnique, 'a purpose is named twice'),
  legalBasis: term.optional(),
  controller: party.optional(),
  recipients: z
    .array(party)
    .min(1)
    .max(64)
    .refine(isUnique, 'a recipient is named twice')
    .optional(),
  retention: z
    .string()
    .refine((text) => parseDurationSeconds(text) !== undefined, 'expected a duration such as P90D')
    .optional(),
  retentionByClass: z
    .partialRecord(
      z.enum(DATA_CLASSES),
      z
        .string()
        .refine(
          (text) => (parseDurationSeconds(text) ?? 0) > 0,
          'expected a duration such as P90D',
        ),
    )
    .optional(),
  requires: z.strictObject({
    token: z.strictObject({ maxTtl: lifetime }),
    oneTime: z.boolean().optional(),
    consent: z.literal('per-subject').optional(),
    proof: z.literal('dpop').optional(),
    breakGlass: z.boolean().optional(),
  }),
  defaults: z.strictObject({ unlisted: z.literal('drop'), onError: z.literal('raise') }),
  keys: z.strictObject({ domain: z.enum(KEY_DOMAINS) }),
  guard: z
    .strictObject({
      text: z.enum(TEXT_GUARDS),
      kinds: z
        .array(z.enum(GUARD_KINDS))
        .min(1)
        .refine(isUnique, 'a kind is named twice')
        .optional(),
    })
    .optional(),
  tables: z.record(tableName, tableEntry).refine((tables) => {
    const count = Object.keys(tables).length;
    return count >= 1 && count <= TABLES_COUNT_MAX;
  }, `a policy lists 1 to ${TABLES_COUNT_MAX} tables`),
  output: z.strictObject({
    maxRows: z.int().min(1).max(ROWS_COUNT_MAX),
    answers: z.enum(ANSWER_KINDS).optional(),
    minSubjects: z.int().min(SUBJECTS_COUNT_MIN).max(ROWS_COUNT_MAX).optional(),
    perHour: z
      .strictObject({
        queries: budget.optional(),
        rows: budget.optional(),
        cells: budget.optional(),
      })
      .optional(),
    formats: z.array(z.literal('ndjson')).min(1).max(1).optional(),
    notice: z.string().min(1).max(NOTICE_LENGTH_MAX).optional(),
  }),
});
