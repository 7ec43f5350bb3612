/**
 * Statistics with noise, for recipients whose policy says so: COUNT, SUM, AVG, and counts by groups that
 * the policy declares. What one data subject adds is bounded, what is left to tell is hidden by noise that
 * is drawn here (differential privacy, zero-concentrated). Cost and answer are one record before anything
 * is told; a question that was answered is told again, never drawn again, because many draws of one
 * question are no noise.
 *
 * Nothing but the noisy figures may depend on a row: a row that cannot be computed is left out in silence.
 */

import type { PolicyNoise } from '@veritydb/access';
import { type NoiseRecord, type StoredRow, toNamedRow } from '@veritydb/kernel';
import {
  RandomSource,
  type StatisticRow,
  answerStatistic,
  boundContributions,
  epsilonOf,
  previewCost,
  rational,
  toNumber,
} from '@veritydb/privacy';
import {
  type BoundSelect,
  type ExecuteOptions,
  type ResultSet,
  compileExpression,
  compilePredicate,
} from '@veritydb/query';
import type { Snapshot, Tenant } from '@veritydb/runtime';
import {
  type JsonValue,
  type Offset,
  type Row,
  type TableSchema,
  type Value,
  VerityError,
  assert,
  bytesToHex,
  canonicalJson,
  parseJson,
  parseValue,
  toOffset,
  utf8Encode,
  valueFromJson,
  valueToJson,
} from '@veritydb/types';

import type { PrivacyAnswer } from './gateway.ts';
import { BILLION, type Figure, type NoisyPlan, planNoise } from './noise-plan.ts';
import type { RowOrigin } from './row-origin.ts';
import type { ScopedColumn, TokenRight } from './scoped-query.ts';

/** Digits of an average behind those of what is averaged. */
const AVERAGE_DIGITS = 4;
const BOUND_LABEL = utf8Encode('veritydb contribution bound v1');

/** An answer with noise, and what its record must say; nothing where it was drawn before. */
interface NoisyResult {
  readonly rows: readonly Row[];
  readonly position: Offset;
  readonly record: NoiseRecord | null;
  readonly told: PrivacyAnswer;
}

interface NoiseQuestion {
  readonly right: TokenRight;
  readonly noise: PolicyNoise;
  readonly bound: BoundSelect;
  /** Where it was asked for; undefined for the newest. */
  readonly asked: number | undefined;
}

/** What an answer with noise says beside its rows. */
export interface NoisyEvidence {
  readonly record: NoiseRecord | null;
  readonly told: PrivacyAnswer;
  /** Of the data; of a repeated answer that of the first. */
  readonly position: Offset;
  /** Of a preview, which has others than the statement; else null. */
  readonly columns: readonly ScopedColumn[] | null;
}

interface NoisyAnswer {
  readonly result: ResultSet<RowOrigin>;
  readonly noise: NoisyEvidence;
}

/** Tells an answer again, draws it, or says what it would cost. Nothing of it has left yet. */
export function noisyAnswer(
  tenant: Tenant,
  question: NoiseQuestion,
  { isPreview, ...rows }: NoisyRows & { readonly isPreview: boolean },
): NoisyAnswer {
  if (isPreview) return preview(tenant, question, rows.snapshot.position);
  const found = toldAnswer(tenant, question) ?? drawAnswer(tenant, question, rows);
  const { position, record, told } = found;
  return { result: resultOf(found.rows), noise: { record, told, position, columns: null } };
}

const PREVIEW = [
  ['figure', 'text'],
  ['part', 'text'],
  ['deviation', 'decimal'],
  ['reach95', 'decimal'],
] as const;
/** Digits of what a preview says. */
const PREVIEW_DIGITS = 3;

function preview(tenant: Tenant, question: NoiseQuestion, position: Offset): NoisyAnswer {
  const told = previewAnswer(tenant, question);
  const rows = told.noise.map(({ deviation, figure, part, reach95 }) => [
    figure,
    part,
    decimal(deviation),
    decimal(reach95),
  ]);
  const columns = PREVIEW.map(([name, type]): ScopedColumn => ({
    name,
    type,
    transform: 'computed',
    operations: 'all',
    visible: null,
  }));
  return { result: resultOf(rows), noise: { record: null, told, position, columns } };
}

function decimal(number: number): Value {
  return parseValue('decimal', number.toFixed(PREVIEW_DIGITS));
}

function resultOf(rows: readonly Row[]): ResultSet<RowOrigin> {
  return { columns: [], rows: rows.map((values) => ({ values, origin: null })), truncated: false };
}

/** The answer that was told before, or null. */
function toldAnswer(tenant: Tenant, question: NoiseQuestion): NoisyResult | null {
  const { bound, noise } = question;
  const plan = planNoise(noise, bound);
  const { recipient, table } = placeOf(question);
  const snapshot = tenant.snapshot();
  const answers = snapshot.reserved('verity_noisy_answers');
  const stored = snapshot.get(answers, [recipient, table, questionMac(tenant, question)]);
  if (stored === undefined) return null;
  const row = toNamedRow(answers, stored.values);
  const rows = parseJson(row['answer'] as string) as readonly (readonly JsonValue[])[];
  return {
    rows: rows.map((values) =>
      bound.items.map(({ type }, index) => valueFromJson(type, values[index] ?? null)),
    ),
    position: toOffset(Number(row['position'])),
    record: null,
    told: toldOf(tenant, question, plan, { cost: 0n, isRepeated: true }),
  };
}

/** What an answer would cost and how exact it would be: no row is read, nothing is spent. */
function previewAnswer(tenant: Tenant, question: NoiseQuestion): PrivacyAnswer {
  const plan = planNoise(question.noise, question.bound);
  const known = toldAnswer(tenant, question);
  if (known !== null) return known.told;
  return toldOf(tenant, question, plan, { cost: plan.cost, isRepeated: false });
}

interface NoisyRows {
  readonly snapshot: Snapshot;
  readonly options: Required<Pick<ExecuteOptions, 'view' | 'baseFilter'>>;
}

/** Draws an answer. It must not be told before its record is durable. */
function drawAnswer(
  tenant: Tenant,
  question: NoiseQuestion,
  { options, snapshot }: NoisyRows,
): NoisyResult {
  const { bound, noise } = question;
  const plan = planNoise(noise, bound);
  const { crypto } = tenant;
  const key = crypto.hkdfSha256(tenant.keyFor('audit'), new Uint8Array(0), BOUND_LABEL, 32);
  const source = new RandomSource((size) => tenant.random.bytes(size));
  const counted = countedRows(bound, plan, snapshot, options);
  const drawn = plan.figures.map((figure) => {
    const own = rowsOf(figure, counted);
    const kept = boundContributions(crypto, key, own, figure.bound);
    return answerStatistic(figure.statistic, figure.plan, kept, source);
  });
  const rows = plan.groups.map((group, groupIndex) => {
    let figureAt = 0;
    return bound.items.map(({ expression }): Value => {
      const member =
        expression.kind === 'column' ? bound.grouping?.members[expression.index] : undefined;
      if (member?.kind === 'key') {
        const at = plan.keys.findIndex(
          ({ index }) => member.expression.kind === 'column' && member.expression.index === index,
        );
        return group[at] ?? null;
      }
      const figure = plan.figures[figureAt] as Figure;
      const answer = drawn[figureAt] as (typeof drawn)[number];
      figureAt += 1;
      return valueOf(figure, answer, groupIndex);
    });
  });
  const json = rows.map((values) =>
    bound.items.map(({ type }, index) => valueToJson(type, values[index] ?? null)),
  );
  return {
    rows,
    position: snapshot.position,
    record: {
      question: questionMac(tenant, question),
      cost: plan.cost,
      budget: noise.budget,
      answer: canonicalJson(json),
    },
    told: toldOf(tenant, question, plan, { cost: plan.cost, isRepeated: false }),
  };
}

/** A row that counts: in which group, of whom, and what is seen of it. */
interface CountedRow {
  readonly id: string;
  readonly subject: string;
  readonly group: number;
  readonly seen: Row;
}

function countedRows(
  { relation, where }: BoundSelect,
  { groups, keys }: NoisyPlan,
  snapshot: Snapshot,
  { baseFilter, view }: NoisyRows['options'],
): readonly CountedRow[] {
  const { table } = relation;
  const passes = compilePredicate(where);
  const nameOf = (values: readonly Value[]): string =>
    canonicalJson(keys.map(({ type }, index) => valueToJson(type, values[index] ?? null)));
  const groupOf = new Map(groups.map((group, index) => [nameOf(group), index]));
  const rows: CountedRow[] = [];
  for (const row of snapshot.scan(table, { kind: 'scan' })) {
    if (row.erased || !baseFilter(row.values)) continue;
    const seen = quietly(() => {
      const visible = view(row.values);
      return passes(visible) ? visible : null;
    });
    if (seen === null) continue;
    const group = groupOf.get(nameOf(keys.map(({ index }) => seen[index] ?? null)));
    if (group !== undefined) rows.push({ ...namesOf(table, row), group, seen });
  }
  return rows;
}

/** Null where a row cannot be computed: an error would tell of it, and costs nothing. */
function quietly<Made>(make: () => Made | null): Made | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof VerityError && error.kind !== 'assertion') return null;
    throw error;
  }
}

function namesOf(
  { definition, keyIndexes, subjectIndex }: TableSchema,
  { values }: StoredRow,
): { readonly id: string; readonly subject: string } {
  const nameOf = (indexes: readonly number[]): string =>
    canonicalJson(
      indexes.map((index) => {
        const column = definition.columns[index];
        assert(column !== undefined, 'a named column is not a column');
        return valueToJson(column.type, values[index] as Value);
      }),
    );
  const id = nameOf(keyIndexes);
  return { id, subject: subjectIndex === null ? id : nameOf([subjectIndex]) };
}

function rowsOf(
  { argument, decimals, statistic }: Figure,
  rows: readonly CountedRow[],
): readonly StatisticRow[] {
  const evaluate = argument === null ? null : compileExpression(argument);
  return rows.flatMap(({ group, id, seen, subject }) => {
    const value = evaluate === null ? 0 : quietly(() => evaluate(seen));
    if (value === null) return [];
    const isAdded = statistic.kind === 'sum' || statistic.kind === 'average';
    return [{ id, subject, key: String(group), value: isAdded ? unitsOf(value, decimals) : 0n }];
  });
}

/** A number in units of its last decimal that counts; what is finer is cut off. */
function unitsOf(value: Value, decimals: number): bigint {
  if (typeof value === 'number' || typeof value === 'bigint') {
    return BigInt(value) * 10n ** BigInt(decimals);
  }
  assert(typeof value === 'object' && value !== null && 'unscaled' in value, 'no number is added');
  const { scale, unscaled } = value;
  return scale > decimals
    ? unscaled / 10n ** BigInt(scale - decimals)
    : unscaled * 10n ** BigInt(decimals - scale);
}

type Drawn = ReturnType<typeof answerStatistic>;

function valueOf({ decimals, statistic, type }: Figure, drawn: Drawn, group: number): Value {
  const { count, histogram, sum } = drawn;
  switch (statistic.kind) {
    case 'histogram':
      return histogram?.get(String(group)) ?? null;
    case 'count':
      return count;
    case 'sum':
      if (type === 'bigint') return (sum ?? 0n) / 10n ** BigInt(decimals);
      return { unscaled: sum ?? 0n, scale: decimals };
    case 'average':
    default:
      if (sum === null || count === null || count <= 0n) return null;
      return {
        unscaled: (sum * 10n ** BigInt(AVERAGE_DIGITS)) / count,
        scale: decimals + AVERAGE_DIGITS,
      };
  }
}

function placeOf({ bound, right }: NoiseQuestion): {
  readonly recipient: string;
  readonly table: string;
} {
  return { recipient: right.grant.recipient, table: bound.relation.table.definition.name };
}

/**
 * The name of a question: what is asked with its literals, of which rows, under which rules, and as of
 * when. Without a position it is one question for ever, whose answer is of the position that it was first
 * asked at; another position is another question.
 */
function questionMac(tenant: Tenant, question: NoiseQuestion): Uint8Array {
  const { asked, bound, right } = question;
  const { grant, policy } = right;
  const { table } = placeOf(question);
  const text = JSON.stringify(
    {
      table,
      policy: bytesToHex(policy.sha256),
      purpose: grant.purpose,
      rows: grant.rows.get(table) ?? null,
      period: grant.period,
      position: asked ?? null,
      columns: bound.relation.columns.map(({ name }) => name),
      where: bound.where,
      members: bound.grouping?.members ?? null,
      items: bound.items.map(({ expression }) => expression),
    },
    (_name, value: unknown) => {
      if (typeof value === 'bigint') return `${value}n`;
      return value instanceof Uint8Array ? bytesToHex(value) : value;
    },
  );
  return tenant.crypto.hmacSha256(
    tenant.keyFor('audit'),
    utf8Encode(`veritydb noisy question v1 ${text}`),
  );
}

function rhoOf(billionths: bigint): number {
  return toNumber(rational(billionths, BILLION));
}

interface Spending {
  readonly cost: bigint;
  readonly isRepeated: boolean;
}

function toldOf(
  tenant: Tenant,
  question: NoiseQuestion,
  plan: NoisyPlan,
  { cost, isRepeated }: Spending,
): PrivacyAnswer {
  const { budget, delta } = question.noise;
  const { recipient, table } = placeOf(question);
  const snapshot = tenant.snapshot();
  const budgets = snapshot.reserved('verity_privacy_budgets');
  const stored = snapshot.get(budgets, [recipient, table]);
  const before =
    stored === undefined ? 0n : (toNamedRow(budgets, stored.values)['spent'] as bigint);
  const spent = before + cost;
  const epsilon = (billionths: bigint): number => epsilonOf(rational(billionths, BILLION), delta);
  return {
    model: 'dp',
    isRepeated,
    delta,
    rho: {
      cost: rhoOf(cost),
      spent: rhoOf(spent),
      budget: rhoOf(budget),
      left: rhoOf(budget > spent ? budget - spent : 0n),
    },
    epsilon: { cost: epsilon(cost), spent: epsilon(spent), budget: epsilon(budget) },
    noise: plan.figures.flatMap(({ decimals, name, plan: own }) =>
      previewCost(own, delta).noise.map(({ deviation, name: part, reach95 }) => {
        const unit = part === 'sum' ? 10 ** decimals : 1;
        return { figure: name, part, deviation: deviation / unit, reach95: reach95 / unit };
      }),
    ),
  };
}
