/** Transforms that need a key: codes, format-preserving encryption, shifted dates, encrypted cells. */

import { SIV_KEY_SIZE, sealSiv } from '@veritydb/crypto';
import {
  type ColumnDefinition,
  type Value,
  assert,
  canonicalJson,
  decodeBase64Url,
  encodeBase64Url,
  unreachable,
  utf8Encode,
  valueToJson,
} from '@veritydb/types';

import { moveDays, offsetsOf, spanDays } from './date-shift.ts';
import { type FormatCipher, createFormatCipher } from './format-preserving.ts';
import { type CellSealer, createCellSealer } from './jwe.ts';
import {
  PSEUDONYM_SIZE,
  type PseudonymLabel,
  columnKey,
  derivePseudonymKey,
  formatPseudonym,
  isPseudonym,
  pseudonymMac,
  typedValue,
} from './pseudonym.ts';
import { misfit, refused } from './refused.ts';
import type {
  DateShiftRule,
  DeterministicRule,
  EncryptRule,
  FpeRule,
  SurrogateRule,
  TokenRule,
  TransformRule,
} from './rule.ts';
import type { RowContext, Step, TransformContext } from './transform-context.ts';

export type KeyedRule =
  | SurrogateRule
  | TokenRule
  | DeterministicRule
  | FpeRule
  | DateShiftRule
  | EncryptRule;

const KEYED: ReadonlySet<string> = new Set<KeyedRule['use']>([
  'surrogate',
  'token',
  'deterministic',
  'fpe',
  'date-shift',
  'encrypt',
]);

export function isKeyed(rule: TransformRule): rule is KeyedRule {
  return KEYED.has(rule.use);
}

export function compileKeyed(
  rule: KeyedRule,
  column: ColumnDefinition,
  context: TransformContext,
): Step {
  switch (rule.use) {
    case 'surrogate':
      return surrogate(rule, column, context);
    case 'token':
      return token(rule, column, context);
    case 'deterministic':
      return deterministic(rule, column, context);
    case 'fpe':
      return fpe(rule, column, context);
    case 'date-shift':
      return dateShift(rule, column, context);
    case 'encrypt':
      return encrypt(rule, column, context);
    default:
      return unreachable(rule);
  }
}

/** Where a key is of the domain alone. */
const OF_SUBJECT = 'subject';

function surrogate(rule: SurrogateRule, column: ColumnDefinition, context: TransformContext): Step {
  const { crypto, domain } = context;
  const key = keyOf('veritydb surrogate v1', rule, column, context);
  return (value, row) => {
    const sourceMac = pseudonymMac(crypto, key, column.type, value);
    const code = context.lookupSurrogate(domain, sourceMac);
    if (code === undefined) {
      row.missing.push({ domain, sourceMac });
      return { value: null, proof: 'auditor' };
    }
    assert(isPseudonym(code), 'a code of the vault is not 26 characters of base32');
    return { value: code, proof: 'auditor' };
  };
}

function token(rule: TokenRule, column: ColumnDefinition, context: TransformContext): Step {
  const { crypto } = context;
  const key = keyOf('veritydb token v1', rule, column, context);
  return (value) => {
    const mac = pseudonymMac(crypto, key, column.type, value);
    return { value: formatPseudonym(mac.subarray(0, PSEUDONYM_SIZE)), proof: 'auditor' };
  };
}

function deterministic(
  rule: DeterministicRule,
  column: ColumnDefinition,
  context: TransformContext,
): Step {
  const key = sivKeyOf(rule, column, context);
  return (value) => ({
    value: encodeBase64Url(sealSiv(key, [], typedValue(column.type, value))),
    proof: 'auditor',
  });
}

function fpe(rule: FpeRule, column: ColumnDefinition, context: TransformContext): Step {
  const cipher = formatCipherOf(rule, column, context);
  return (value) => ({ value: cipher.seal(value as string), proof: 'auditor' });
}

function dateShift(rule: DateShiftRule, column: ColumnDefinition, context: TransformContext): Step {
  const offset = shiftOf(rule, column, context);
  return (value, row) => ({ value: moveDays(column, value, offset(row)), proof: 'auditor' });
}

function encrypt(rule: EncryptRule, column: ColumnDefinition, context: TransformContext): Step {
  const { crypto, seed, table } = context;
  let sealer: CellSealer | null = null;
  return (value) => {
    if (sealer === null) {
      // Of this column alone: two columns of one disclosure share no key.
      const name = utf8Encode(columnKey(table, column.name, undefined));
      const ofColumn = crypto.hmacSha256(seed(), name);
      sealer = createCellSealer(crypto, decodeBase64Url(rule.to), ofColumn);
    }
    const json = canonicalJson(valueToJson(column.type, value));
    return { value: sealer(utf8Encode(json)), proof: 'auditor' };
  };
}

export function sivKeyOf(
  rule: DeterministicRule,
  column: ColumnDefinition,
  context: TransformContext,
): Uint8Array {
  return keyOf('veritydb deterministic v1', rule, column, context, SIV_KEY_SIZE);
}

export function formatCipherOf(
  rule: FpeRule,
  column: ColumnDefinition,
  context: TransformContext,
): FormatCipher {
  const key = keyOf('veritydb fpe v1', rule, column, context);
  return createFormatCipher(key, rule, column);
}

/** Days by which the dates of a row's subject are moved. */
export function shiftOf(
  rule: DateShiftRule,
  column: ColumnDefinition,
  context: TransformContext,
): (row: RowContext) => number {
  const { crypto, domain, subject, tenant, tokenKey } = context;
  const span = spanDays(rule, column);
  if (subject === null) {
    const hint = 'Declare the column that names the data subject as DATA SUBJECT.';
    throw misfit(column, 'date-shift needs a table with a data subject', hint);
  }
  const scope = { tenant, domain, columnKey: OF_SUBJECT };
  const key = derivePseudonymKey(crypto, tokenKey, 'veritydb date shift v1', scope);
  const offsets = offsetsOf(crypto, key, subject, span);
  return (row) => {
    const who: Value | undefined = row.subject;
    if (who === null || who === undefined) throw refused(column, 'its row has no data subject');
    return offsets(who);
  };
}

function keyOf(
  label: PseudonymLabel,
  rule: { readonly of?: string | undefined },
  column: ColumnDefinition,
  { crypto, domain, table, tenant, tokenKey }: TransformContext,
  size?: number,
): Uint8Array {
  const scope = { tenant, domain, columnKey: columnKey(table, column.name, rule.of) };
  return derivePseudonymKey(crypto, tokenKey, label, scope, size);
}
