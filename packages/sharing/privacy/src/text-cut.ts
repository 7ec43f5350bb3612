/** Texts cut short, and groups of values. */

import {
  type ColumnDefinition,
  type ColumnType,
  type Value,
  canonicalJson,
  valueToJson,
} from '@veritydb/types';

import { formatNetwork, parseIpAddress } from './ip-address.ts';
import { misfit, refused } from './refused.ts';
import type { HierarchyRule, IpPrefixRule, PartialMaskRule } from './rule.ts';

export const SHOW_LENGTH_MAX = 8;
export const GROUPED_COUNT_MAX = 10_000;
export const IP_BITS = { v4: { min: 8, max: 24 }, v6: { min: 16, max: 64 } } as const;
/** What stands for what is hidden, whatever its length. */
export const MASK = '****';
export const V6_BITS = 48;
/** ISO/IEC 7812-1: lengths of a PAN that is truncated to its first six and last four digits. */
const PAN = /^[0-9]{13,19}$/;
const PAN_FIRST = 6;
const PAN_LAST = 4;

export function compilePartialMask(rule: PartialMaskRule): (value: Value) => string {
  return (value) => {
    const signs = Array.from(value as string);
    if (signs.length <= 2 * rule.show) return MASK;
    return rule.side === 'first'
      ? `${signs.slice(0, rule.show).join('')}${MASK}`
      : `${MASK}${signs.slice(-rule.show).join('')}`;
  };
}

/** `411111******1111`: as many stars as digits were taken. */
export function compileTruncatePan(column: ColumnDefinition): (value: Value) => string {
  return (value) => {
    const digits = (value as string).replaceAll(/[ -]/g, '');
    if (!PAN.test(digits)) throw refused(column, 'it is no card number');
    const taken = digits.length - PAN_FIRST - PAN_LAST;
    return `${digits.slice(0, PAN_FIRST)}${'*'.repeat(taken)}${digits.slice(-PAN_LAST)}`;
  };
}

export function compileIpPrefix(
  rule: IpPrefixRule,
  column: ColumnDefinition,
): (value: Value) => string {
  const { v4 = IP_BITS.v4.max, v6 = V6_BITS } = rule;
  return (value) => {
    const address = parseIpAddress(value as string);
    if (address === null) throw refused(column, 'it is no IP address');
    return formatNetwork(address, address.length === 4 ? v4 : v6);
  };
}

/** @throws {PrivacyError} ERR_PRIVACY_RULE */
export function planHierarchy(rule: HierarchyRule, column: ColumnDefinition): void {
  groupsOf(rule, column);
}

export function compileHierarchy(
  rule: HierarchyRule,
  column: ColumnDefinition,
): (value: Value) => string {
  const groups = groupsOf(rule, column);
  return (value) => {
    const group = groups.get(spell(column.type, value)) ?? rule.otherwise;
    if (group === undefined) throw refused(column, 'it is in no group of its hierarchy');
    return group;
  };
}

function groupsOf(rule: HierarchyRule, column: ColumnDefinition): ReadonlyMap<string, string> {
  if (column.type === 'bytes' || column.type === 'json') {
    throw misfit(column, 'hierarchy takes values that a file can spell', 'Use drop.');
  }
  const groups = new Map<string, string>();
  for (const [name, values] of Object.entries(rule.groups)) {
    for (const value of values) {
      if (groups.has(value)) {
        throw misfit(column, 'a value is in two groups, or twice in one', 'List it once.');
      }
      groups.set(value, name);
    }
  }
  if (groups.size === 0 || groups.size > GROUPED_COUNT_MAX) {
    const hint = 'Write groups as NAME: [value, value].';
    throw misfit(column, `groups list 1 to ${GROUPED_COUNT_MAX} values`, hint);
  }
  return groups;
}

/** As JSON spells it, without quotes. */
function spell(type: ColumnType, value: Value): string {
  const json = valueToJson(type, value);
  return typeof json === 'string' ? json : canonicalJson(json);
}
