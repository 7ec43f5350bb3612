/**
 * Cases of a policy: given rows, what leaves. Run as a recipient would be answered, with keys of nothing
 * and codes that are made up, so that a policy can be tried before there is a database.
 */

import type { Crypto } from '@veritydb/crypto';
import { formatPseudonym } from '@veritydb/privacy';
import {
  COLUMN_TYPES,
  type ColumnType,
  type JsonValue,
  type LadderName,
  type Row,
  type TableSchema,
  type Value,
  canonicalJson,
  checkTableDefinition,
  parseDate,
  parseValue,
  toTableId,
  toTableSchema,
  toTenantId,
  valueToJson,
} from '@veritydb/types';
import { z } from 'zod';

import { type AuthorizedRelation, authorize } from './authorize.ts';
import { AccessError } from './error.ts';
import { parsePolicyYaml } from './policy-yaml.ts';
import type { Policy } from './policy.ts';
import type { VerifiedToken } from './token-claims.ts';
import { columnName, tableName } from './vocabulary.ts';

/** What a made-up code is written as: any text that is not the value itself. */
const ANY_CODE = '{code}';
const CODE_SIZE = 16;

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
type Scalar = z.infer<typeof scalar>;

const typeName = z.enum(COLUMN_TYPES);
const column = z.union([
  typeName,
  z.strictObject({
    type: typeName,
    ladder: z.enum(['date', 'timestamp', 'us-zip-2020', 'age']).optional(),
  }),
]);

const document = z.strictObject({
  date: z.iso.date(),
  tables: z.record(
    tableName,
    z.strictObject({
      subject: columnName.optional(),
      columns: z.record(columnName, column),
    }),
  ),
  cases: z
    .array(
      z.strictObject({
        table: tableName,
        row: z.record(columnName, scalar),
        /** Column → value, for every column that leaves; `none`: the row does not. */
        leaves: z.union([z.literal('none'), z.record(columnName, scalar)]),
      }),
    )
    .min(1)
    .max(10_000),
});

export interface PolicyCaseResult {
  /** Of the case in the file, from 1. */
  readonly number: number;
  readonly table: string;
  /** What came out otherwise than the case says; empty where it holds. */
  readonly problems: readonly string[];
}

/**
 * Runs the cases of a file.
 *
 * @throws {AccessError} ERR_ACCESS_POLICY when the file is not one of cases
 */
export function testPolicy(
  crypto: Crypto,
  policy: Policy,
  yaml: string,
): readonly PolicyCaseResult[] {
  const parsed = document.safeParse(parsePolicyYaml(yaml).json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue?.path.join('.') ?? '';
    throw new AccessError('ERR_ACCESS_POLICY', `no file of cases: ${place}: ${issue?.message}`);
  }
  const { cases, date, tables } = parsed.data;
  const grant = grantOf(policy, Object.keys(tables));
  const relations = new Map<string, Opened>();
  for (const [name, { columns, subject }] of Object.entries(tables)) {
    const table = schemaOf(name, columns, subject);
    relations.set(name, { table, relation: open(crypto, { policy, grant, table, date }) });
  }
  return cases.map(({ table, row, leaves }, index) => ({
    number: index + 1,
    table,
    problems: problemsOf(relations.get(table), row, leaves),
  }));
}

interface Opened {
  readonly table: TableSchema;
  /** Null where nothing of the table leaves. */
  readonly relation: AuthorizedRelation | null;
}

/** A token of everything that the policy lets out. */
function grantOf(policy: Policy, tables: readonly string[]): VerifiedToken {
  const [purpose = ''] = policy.purposes;
  const recipient = policy.recipients?.[0] ?? 'recipient';
  return {
    tokenId: 'case',
    issuer: 'case',
    audience: 'case',
    recipient,
    clientId: recipient,
    issuedAtSeconds: 0,
    notBeforeSeconds: 0,
    expiresAtSeconds: 1,
    actions: new Set(['query']),
    tenant: toTenantId(1),
    tables: new Map(tables.map((name) => [name, '*'])),
    purpose,
    policyName: policy.name,
    rowsMax: policy.rowsMax,
    exportsMax: 1,
    queriesMax: null,
    rows: new Map(),
    period: { from: null, before: null },
    cut: { columns: new Map(), period: false },
    asOf: null,
    answers: 'rows',
    keyThumbprint: 'case',
  };
}

function schemaOf(
  name: string,
  columns: Readonly<
    Record<string, ColumnType | { type: ColumnType; ladder?: LadderName | undefined }>
  >,
  subject: string | undefined,
): TableSchema {
  const [key = ''] = Object.keys(columns);
  const definition = {
    name,
    columns: Object.entries(columns).map(([each, spec]) => ({
      name: each,
      type: typeof spec === 'string' ? spec : spec.type,
      notNull: each === key || each === subject,
      dataClass: null,
      ladder: typeof spec === 'string' ? null : (spec.ladder ?? null),
    })),
    primaryKey: [key],
    subject: subject ?? null,
  };
  checkTableDefinition(definition);
  return toTableSchema(toTableId(1000), definition, new Uint8Array(32));
}

function open(
  crypto: Crypto,
  question: {
    readonly policy: Policy;
    readonly grant: VerifiedToken;
    readonly table: TableSchema;
    readonly date: string;
  },
): AuthorizedRelation | null {
  const { policy, grant, table, date } = question;
  try {
    return authorize({
      grant,
      policy,
      tableName: table.definition.name,
      table,
      context: {
        crypto,
        tokenKey: new Uint8Array(32),
        asOfDate: parseDate(date),
        seed: () => new Uint8Array(32),
        lookupSurrogate: (_domain, sourceMac) => formatPseudonym(sourceMac.subarray(0, CODE_SIZE)),
      },
    });
  } catch (error) {
    if (error instanceof AccessError && error.code === 'ERR_ACCESS_UNKNOWN_TABLE') return null;
    throw error;
  }
}

function problemsOf(
  opened: Opened | undefined,
  given: Readonly<Record<string, Scalar>>,
  leaves: 'none' | Readonly<Record<string, Scalar>>,
): readonly string[] {
  if (opened === undefined) return ['the table is not among those of the file'];
  const { relation, table } = opened;
  const row = rowOf(table, given);
  const passes = relation !== null && relation.passes(row);
  if (leaves === 'none') return passes ? ['the row leaves'] : [];
  if (relation === null || !passes) return ['the row does not leave'];
  const { values } = relation.transform(row);
  const found = new Map(
    relation.columns.map(({ name, type }, index) => [
      name,
      valueToJson(type, values[index] ?? null),
    ]),
  );
  const problems = Object.entries(leaves).flatMap(([name, expected]) => {
    if (!found.has(name)) return [`${name} does not leave`];
    const value = spelled(found.get(name) ?? null);
    const isCode =
      expected === ANY_CODE && value !== 'null' && value !== spelled(given[name] ?? null);
    if (isCode || value === spelled(expected)) return [];
    return [`${name} leaves as ${value}, not as ${spelled(expected)}`];
  });
  const more = [...found.keys()].filter((name) => !Object.hasOwn(leaves, name));
  return [...problems, ...more.map((name) => `${name} leaves as well`)];
}

function rowOf(table: TableSchema, given: Readonly<Record<string, Scalar>>): Row {
  return table.definition.columns.map(({ name, type }): Value => {
    const value = given[name] ?? null;
    return value === null ? null : parseValue(type, String(value));
  });
}

function spelled(value: JsonValue): string {
  return typeof value === 'string' ? value : canonicalJson(value);
}
