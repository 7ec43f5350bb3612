/**
 * COUNT, SUM, AVG and histograms with noise. What one subject can add is bounded first, so that the noise hides
 * whole people and not rows; the bound is drawn by a key, so that every replica keeps the same rows.
 *
 * Neighbouring tables differ by all rows of one subject. Noise is discrete Gaussian: an answer of squared L2
 * sensitivity Δ² with variance σ² costs ρ = Δ² / 2σ².
 */

import type { Crypto } from '@veritydb/crypto';
import { CanonicalWriter, assert, compareBytes, unreachable } from '@veritydb/types';

import { PrivacyError } from '../error.ts';
import { epsilonOf } from './budget.ts';
import type { RandomSource } from './random-source.ts';
import { type Rational, divide, multiply, rational, toNumber } from './rational.ts';
import { sampleDiscreteGaussian } from './samplers.ts';

/** What is asked. Values are whole numbers in a unit that the asker chooses: cents, grams. */
export type Statistic =
  | { readonly kind: 'count' }
  /** Values beyond the bounds count as the bounds. */
  | { readonly kind: 'sum' | 'average'; readonly lower: bigint; readonly upper: bigint }
  /** Counts by key. The keys are public: which there are must not come from the rows. */
  | { readonly kind: 'histogram'; readonly keys: readonly string[] };

/** What one subject may add. */
export interface ContributionBound {
  /** Rows of one subject, in each key where there are keys. */
  readonly rowsPerSubject: number;
  /** Keys of one subject; 1 without keys. */
  readonly keysPerSubject: number;
}

export interface StatisticRow {
  /** Names the row, for ever: a position, a key. */
  readonly id: string;
  readonly subject: string;
  /** Of a histogram. */
  readonly key?: string;
  /** Of a sum or an average. */
  readonly value?: bigint;
}

/** One number that gets noise. */
export interface NoisyPart {
  readonly name: 'count' | 'sum';
  /** How far one subject can move it, squared. */
  readonly sensitivitySquared: Rational;
  readonly variance: Rational;
  readonly cost: Rational;
}

export interface NoisePlan {
  readonly parts: readonly NoisyPart[];
  /** ρ in all. */
  readonly cost: Rational;
}

export interface CostPreview {
  readonly rho: number;
  /** ε at the δ that was asked for. */
  readonly epsilon: number;
  /** By part: the standard deviation of the noise, and how far 95 of 100 draws reach. */
  readonly noise: readonly {
    readonly name: string;
    readonly deviation: number;
    readonly reach95: number;
  }[];
}

export interface NoisyAnswer {
  readonly count: bigint | null;
  readonly sum: bigint | null;
  /** Noisy sum by noisy count; null where the count is not above zero. */
  readonly average: number | null;
  readonly histogram: ReadonlyMap<string, bigint> | null;
}

/** 97.5 % quantile of the normal distribution. */
const Z_95 = 1.959964;

/**
 * What an answer with a share ρ of the budget is made of.
 *
 * @throws {PrivacyError} ERR_PRIVACY_STATISTIC when bounds do not bound
 */
export function planStatistic(
  statistic: Statistic,
  bound: ContributionBound,
  rho: Rational,
): NoisePlan {
  checkBound(statistic, bound);
  if (rho.numerator <= 0n) throw unbounded('ρ is not above zero');
  const rows = BigInt(bound.rowsPerSubject);
  switch (statistic.kind) {
    case 'count':
      return { parts: [partOf('count', rows, 1n, rho)], cost: rho };
    case 'histogram':
      return { parts: [partOf('count', rows, BigInt(bound.keysPerSubject), rho)], cost: rho };
    case 'sum':
      return { parts: [partOf('sum', rows * reachOf(statistic), 1n, rho)], cost: rho };
    case 'average': {
      const half = divide(rho, rational(2n));
      const parts = [
        partOf('sum', rows * reachOf(statistic), 1n, half),
        partOf('count', rows, 1n, half),
      ];
      return { parts, cost: rho };
    }
    default:
      return unreachable(statistic);
  }
}

function partOf(
  name: NoisyPart['name'],
  sensitivity: bigint,
  keys: bigint,
  cost: Rational,
): NoisyPart {
  const sensitivitySquared = rational(sensitivity * sensitivity * keys);
  const variance = divide(sensitivitySquared, multiply(rational(2n), cost));
  return { name, sensitivitySquared, variance, cost };
}

/** What an answer would cost and how exact it would be, before anything is spent or read. */
export function previewCost({ parts, cost }: NoisePlan, delta: number): CostPreview {
  return {
    rho: toNumber(cost),
    epsilon: epsilonOf(cost, delta),
    noise: parts.map(({ name, variance }) => {
      const deviation = Math.sqrt(toNumber(variance));
      return { name, deviation, reach95: Z_95 * deviation };
    }),
  };
}

/**
 * Answers with noise. Draw once, log the answer with its cost, and give the logged one when asked again: draws
 * of one question would average the noise away.
 *
 * @param rows already bounded: see {@link boundContributions}
 */
export function answerStatistic(
  statistic: Statistic,
  plan: NoisePlan,
  rows: readonly StatisticRow[],
  source: RandomSource,
): NoisyAnswer {
  const noisy = (name: NoisyPart['name'], exact: bigint): bigint => {
    const part = plan.parts.find((one) => one.name === name);
    assert(part !== undefined, 'a plan is of another statistic');
    return exact + sampleDiscreteGaussian(source, part.variance);
  };
  const nothing: NoisyAnswer = { count: null, sum: null, average: null, histogram: null };
  switch (statistic.kind) {
    case 'count':
      return { ...nothing, count: noisy('count', BigInt(rows.length)) };
    case 'sum':
      return { ...nothing, sum: noisy('sum', clampedSum(statistic, rows)) };
    case 'average': {
      const sum = noisy('sum', clampedSum(statistic, rows));
      const count = noisy('count', BigInt(rows.length));
      return {
        ...nothing,
        sum,
        count,
        average: count > 0n ? toNumber(rational(sum, count)) : null,
      };
    }
    case 'histogram': {
      const counts = new Map(statistic.keys.map((key) => [key, 0n]));
      for (const { key = '' } of rows) {
        const count = counts.get(key);
        if (count !== undefined) counts.set(key, count + 1n);
      }
      for (const [key, count] of counts) counts.set(key, noisy('count', count));
      return { ...nothing, histogram: counts };
    }
    default:
      return unreachable(statistic);
  }
}

/**
 * Keeps of each subject at most so many keys, and of each so many rows: those whose HMAC is least. The choice
 * depends on the key and the rows, not on their order.
 *
 * @param key 32 bytes, of the tenant
 */
export function boundContributions(
  crypto: Crypto,
  key: Uint8Array,
  rows: readonly StatisticRow[],
  { rowsPerSubject, keysPerSubject }: ContributionBound,
): readonly StatisticRow[] {
  const writer = new CanonicalWriter();
  const rank = (...parts: readonly string[]): Uint8Array => {
    writer.reset().array(parts.length);
    for (const part of parts) writer.text(part);
    return crypto.hmacSha256(key, writer.view());
  };
  const kept: StatisticRow[] = [];
  for (const [subject, own] of groupBy(rows, (row) => row.subject)) {
    const byKey = leastOf(
      groupBy(own, (row) => row.key ?? ''),
      keysPerSubject,
      ([name]) => rank('key', subject, name),
    );
    for (const [name, members] of byKey) {
      kept.push(...leastOf(members, rowsPerSubject, ({ id }) => rank('row', subject, name, id)));
    }
  }
  return kept;
}

function leastOf<T>(
  items: Iterable<T>,
  most: number,
  rankOf: (item: T) => Uint8Array,
): readonly T[] {
  const all = [...items];
  if (all.length <= most) return all;
  const ranked = all.map((item) => ({ item, rank: rankOf(item) }));
  return ranked
    .toSorted((a, b) => compareBytes(a.rank, b.rank))
    .slice(0, most)
    .map(({ item }) => item);
}

function groupBy<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

interface Clamp {
  readonly lower: bigint;
  readonly upper: bigint;
}

function clampedSum({ lower, upper }: Clamp, rows: readonly StatisticRow[]): bigint {
  let sum = 0n;
  for (const { value = 0n } of rows) sum += value < lower ? lower : value > upper ? upper : value;
  return sum;
}

/** How far one row can move a sum. */
function reachOf({ lower, upper }: Clamp): bigint {
  const [a, b] = [lower < 0n ? -lower : lower, upper < 0n ? -upper : upper];
  return a > b ? a : b;
}

function checkBound(
  statistic: Statistic,
  { rowsPerSubject, keysPerSubject }: ContributionBound,
): void {
  if (!Number.isSafeInteger(rowsPerSubject) || rowsPerSubject < 1) {
    throw unbounded('rows of one subject are not 1 or more');
  }
  if (!Number.isSafeInteger(keysPerSubject) || keysPerSubject < 1) {
    throw unbounded('keys of one subject are not 1 or more');
  }
  if (statistic.kind === 'histogram') {
    if (new Set(statistic.keys).size !== statistic.keys.length)
      throw unbounded('a key comes twice');
    return;
  }
  if (keysPerSubject !== 1) throw unbounded('there are no keys, but a bound for more than one');
  if (statistic.kind === 'count') return;
  if (statistic.lower >= statistic.upper || reachOf(statistic) === 0n) {
    throw unbounded('the lower bound is not below the upper one');
  }
}

function unbounded(what: string): PrivacyError {
  return new PrivacyError('ERR_PRIVACY_STATISTIC', `the noise cannot be planned: ${what}`, {
    hint: 'Say how much one subject may add: rows, keys, and bounds of values.',
  });
}
