/**
 * Sharing policies: which column leaves, as what, for which purpose. Default deny: a column that no
 * rule names does not leave. The policy's hash is the SHA-256 of the RFC 8785 text of the document, so
 * comments and layout are free, and every member counts.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  GUARD_KINDS_DEFAULT,
  type GuardKind,
  type ReleaseModel,
  type TransformRule,
} from '@veritydb/privacy';
import {
  type DataClass,
  type JsonValue,
  assert,
  bytesToHex,
  canonicalJson,
  parseDecimal,
  utf8Encode,
} from '@veritydb/types';
import type { z } from 'zod';

import { parseDurationSeconds } from './duration.ts';
import {
  type AnswerKind,
  HOURLY_BUDGET_DEFAULT,
  type HourlyBudget,
  type KeyDomain,
  type PeriodEntry,
  type PolicyDocument,
  type PolicyProfile,
  type ReleaseEntry,
  type StatisticsEntry,
  SUBJECTS_COUNT_MIN,
  type TextGuard,
  policyDocument,
} from './policy-schema.ts';
import {
  type PolicyPath,
  type PolicyPlace,
  type PolicyTree,
  parsePolicyYaml,
  policyError,
} from './policy-yaml.ts';
import type { RowPredicate } from './row-predicate.ts';

export interface PolicyColumn {
  readonly name: string;
  /** What the column holds, or null where the policy does not say: the linter refuses that. */
  readonly dataClass: DataClass | null;
  readonly rule: TransformRule;
  readonly place: PolicyPlace;
}

/** How a table is released: as a whole, under a model. */
export interface PolicyRelease {
  readonly model: ReleaseModel;
  readonly written: 'quasi-id' | 'public';
  readonly sensitive: string | null;
  /** By quasi-identifier: the rules behind its own, each coarser than the one before. */
  readonly levels: ReadonlyMap<string, readonly TransformRule[]>;
}

/** Statistics of a table with noise (differential privacy). ρ in billionths. */
export interface PolicyNoise {
  readonly budget: bigint;
  readonly cost: bigint;
  readonly delta: number;
  readonly rowsPerSubject: number;
  readonly groupsPerSubject: number;
  /** In units of the last of so many decimals. */
  readonly bounds: ReadonlyMap<
    string,
    { readonly lower: bigint; readonly upper: bigint; readonly decimals: number }
  >;
  readonly domains: ReadonlyMap<string, readonly string[]>;
}

export interface PolicyTable {
  readonly name: string;
  /** The column that names the data subject. */
  readonly subject: string | null;
  /** Rows that may leave; null: all. */
  readonly rows: RowPredicate | null;
  readonly period: PeriodEntry | null;
  /** Null: rows leave one by one, as they are asked for. */
  readonly release: PolicyRelease | null;
  /** Null: statistics are counts, over enough data subjects. */
  readonly noise: PolicyNoise | null;
  readonly columns: ReadonlyMap<string, PolicyColumn>;
  readonly place: PolicyPlace;
}

export interface PolicyGuard {
  readonly text: TextGuard;
  readonly kinds: readonly GuardKind[];
}

/** Under these profiles nobody can be named by what leaves: the guard masks unless the policy says otherwise. */
const DEIDENTIFYING: ReadonlySet<PolicyProfile> = new Set([
  'hipaa-safe-harbor',
  'research-release',
]);

export interface Policy {
  readonly name: string;
  readonly version: number;
  /** SHA-256 of {@link Policy.canonical}, hexadecimal: the policy's hash. */
  readonly sha256: string;
  /** RFC 8785 text of the document. */
  readonly canonical: string;
  readonly owner: string | null;
  /** `YYYY-MM-DD`. */
  readonly reviewed: string | null;
  readonly profile: PolicyProfile;
  /** Where the file names its profile: what is said of the policy as a whole is said there. */
  readonly place: PolicyPlace;
  readonly purposes: readonly string[];
  readonly legalBasis: string | null;
  /** Who decides on purposes and means (GDPR, Article 4(7)). */
  readonly controller: string | null;
  /** Whom it serves; null: whoever gets a token. */
  readonly recipients: readonly string[] | null;
  /** How long a recipient may keep what it got, as an ISO 8601 duration. */
  readonly retention: string | null;
  /** How long rows are kept here, as ISO 8601 durations, by the class of their columns. */
  readonly retentionByClass: ReadonlyMap<DataClass, string>;
  /** Longest life of a token under this policy. */
  readonly tokenLifetimeSecondsMax: number;
  /** Tokens under this policy allow exactly one export. */
  readonly oneTime: boolean;
  /** A row about a data subject leaves only by that subject's consent. */
  readonly consent: 'per-subject' | null;
  /** Tokens must be bound to a key (RFC 9449). */
  readonly proof: 'dpop' | null;
  /** For an emergency: tokens say why, and who else approved. */
  readonly breakGlass: boolean;
  readonly keyDomain: KeyDomain;
  /** What becomes of a direct identifier in a text that is kept though its class says there is none. */
  readonly guard: PolicyGuard;
  readonly tables: ReadonlyMap<string, PolicyTable>;
  readonly rowsMax: number;
  readonly answers: AnswerKind;
  /** Fewest data subjects behind a statistic. */
  readonly subjectsMin: number;
  readonly perHour: HourlyBudget;
  /** Text that accompanies every disclosure. */
  readonly notice: string | null;
}

/**
 * Parses a policy file.
 *
 * @throws {AccessError} ERR_ACCESS_POLICY, with line and column in the message
 */
export function parsePolicy(crypto: Crypto, yaml: string): Policy {
  const tree = parsePolicyYaml(yaml);
  const document = checkDocument(tree);
  const { metadata, requires, output } = document;
  const lifetimeSeconds = parseDurationSeconds(requires.token.maxTtl);
  assert(lifetimeSeconds !== undefined, 'a checked duration does not parse');
  return {
    name: metadata.name,
    version: metadata.version,
    sha256: bytesToHex(crypto.sha256(utf8Encode(tree.canonical))),
    canonical: tree.canonical,
    owner: metadata.owner ?? null,
    reviewed: metadata.reviewed ?? null,
    profile: document.profile,
    place: tree.placeOf(['profile']),
    purposes: document.purpose,
    legalBasis: document.legalBasis ?? null,
    controller: document.controller ?? null,
    recipients: document.recipients ?? null,
    retention: document.retention ?? null,
    retentionByClass: new Map(
      Object.entries(document.retentionByClass ?? {}) as [DataClass, string][],
    ),
    tokenLifetimeSecondsMax: lifetimeSeconds,
    oneTime: requires.oneTime ?? false,
    consent: requires.consent ?? null,
    proof: requires.proof ?? null,
    breakGlass: requires.breakGlass ?? false,
    keyDomain: document.keys.domain,
    guard: {
      text: document.guard?.text ?? (DEIDENTIFYING.has(document.profile) ? 'mask' : 'off'),
      kinds: document.guard?.kinds ?? GUARD_KINDS_DEFAULT,
    },
    tables: tablesOf(document, tree),
    rowsMax: output.maxRows,
    answers: output.answers ?? 'rows',
    subjectsMin: output.minSubjects ?? SUBJECTS_COUNT_MIN,
    perHour: {
      queries: output.perHour?.queries ?? HOURLY_BUDGET_DEFAULT.queries,
      rows: output.perHour?.rows ?? HOURLY_BUDGET_DEFAULT.rows,
      cells: output.perHour?.cells ?? HOURLY_BUDGET_DEFAULT.cells,
    },
    notice: output.notice ?? null,
  };
}

function tablesOf(document: PolicyDocument, tree: PolicyTree): ReadonlyMap<string, PolicyTable> {
  const tables = new Map<string, PolicyTable>();
  for (const [name, table] of Object.entries(document.tables)) {
    const columns = new Map<string, PolicyColumn>();
    for (const [column, { class: dataClass, ...rule }] of Object.entries(table.columns)) {
      const place = tree.placeOf(['tables', name, 'columns', column]);
      columns.set(column, { name: column, dataClass: dataClass ?? null, rule, place });
    }
    const place = tree.placeOf(['tables', name]);
    const { subject = null, rows = null, period = null } = table;
    const release = table.release === undefined ? null : releaseOf(table.release);
    const noise = table.statistics === undefined ? null : noiseOf(table.statistics);
    tables.set(name, { name, subject, rows, period, release, noise, columns, place });
  }
  return tables;
}

const RHO_DECIMALS = 9;
const DELTA_DEFAULT = 1e-6;

function noiseOf(entry: StatisticsEntry): PolicyNoise {
  return {
    budget: scaled(entry.budget, RHO_DECIMALS),
    cost: scaled(entry.cost, RHO_DECIMALS),
    delta: entry.delta === undefined ? DELTA_DEFAULT : Number(entry.delta),
    rowsPerSubject: entry.rowsPerSubject,
    groupsPerSubject: entry.groupsPerSubject ?? 1,
    bounds: new Map(
      Object.entries(entry.bounds ?? {}).map(([name, { lower, upper, decimals = 0 }]) => [
        name,
        { lower: scaled(lower, decimals), upper: scaled(upper, decimals), decimals },
      ]),
    ),
    domains: new Map(Object.entries(entry.domains ?? {})),
  };
}

/** A number in units of its last decimal; what is finer is cut off. */
function scaled(number: string | number, decimals: number): bigint {
  const { unscaled, scale } = parseDecimal(String(number));
  return scale > decimals
    ? unscaled / 10n ** BigInt(scale - decimals)
    : unscaled * 10n ** BigInt(decimals - scale);
}

function releaseOf(entry: ReleaseEntry): PolicyRelease {
  const { k, suppressionLimit, written, sensitive, diversity, closeness, levels } = entry;
  return {
    model: {
      k,
      suppressionLimit: Number(suppressionLimit),
      diversity:
        diversity?.kind === 'recursive' ? { ...diversity, c: Number(diversity.c) } : diversity,
      closeness:
        closeness === undefined ? undefined : { t: Number(closeness.t), distance: 'equal' },
    },
    written,
    sensitive: sensitive ?? null,
    levels: new Map(Object.entries(levels)),
  };
}

function checkDocument(tree: PolicyTree): PolicyDocument {
  const parsed = policyDocument.safeParse(tree.json);
  if (!parsed.success) throw issueError(tree, parsed.error.issues[0] as z.core.$ZodIssue);
  // What the schema let pass must be all that was written, to the last member.
  if (canonicalJson(parsed.data as unknown as JsonValue) !== tree.canonical) {
    throw policyError(tree.placeOf([]), 'a member is not known');
  }
  return parsed.data;
}

function issueError(tree: PolicyTree, issue: z.core.$ZodIssue): ReturnType<typeof policyError> {
  const path = issue.path as PolicyPath;
  const [unknown] = issue.code === 'unrecognized_keys' ? issue.keys : [];
  const full = unknown === undefined ? path : [...path, unknown];
  const member = full.length === 0 ? 'the document' : full.join('.');
  return policyError(tree.placeOf(full), `${member}: ${issue.message}`);
}
