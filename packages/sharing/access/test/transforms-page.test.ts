/** docs/TRANSFORMS.md: what it says of each transform, and every example of it (S349). */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { nativeCrypto } from '@veritydb/crypto/native';
import { TRANSFORMS, type VisibleRule, compileTransform } from '@veritydb/privacy';
import {
  type ColumnType,
  type JsonValue,
  parseDate,
  parseValue,
  toTenantId,
  valueToJson,
} from '@veritydb/types';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { policyOf } from './fixtures.ts';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/TRANSFORMS.md'), 'utf8');
const [worth = '', examples = ''] = page.split('\n## ').slice(1);

/** Cells of the rows of a table, without the ticks around code. */
function rowsOf(section: string): readonly (readonly string[])[] {
  return [...section.matchAll(/^\| (`.*) \|$/gm)].map(([, row = '']) =>
    row.split(' | ').map((cell) => cell.trim().replaceAll('`', '')),
  );
}

function valueToText(json: JsonValue): string {
  return typeof json === 'string' ? json : json === null ? '' : JSON.stringify(json);
}

describe('docs/TRANSFORMS.md', () => {
  it('says of each transform what its declaration says', () => {
    const told = rowsOf(worth).map(([name, reversible, same, joins, proof]) => ({
      name,
      reversible,
      deterministic: same === 'yes',
      joinable: joins === 'yes',
      proof,
    }));
    const declared = Object.values(TRANSFORMS).map(
      ({ name, reversible, deterministic, joinable, proof }) => ({
        name,
        reversible,
        deterministic,
        joinable,
        proof,
      }),
    );
    const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }): number =>
      (a.name ?? '') < (b.name ?? '') ? -1 : 1;
    expect(told.toSorted(byName)).toEqual(declared.toSorted(byName));
  });

  it.each(rowsOf(examples))('%s of %s %s', (rule = '', type = '', value = '', leaves = '') => {
    const columnType = type as ColumnType;
    const ladder = columnType === 'date' ? 'date' : null;
    // It is a rule of the policy language, and means there what it means here.
    const quoted = rule.replace('{ ', '{ class: sensitive, ');
    const parsed = policyOf(`  t:\n    columns:\n      c: ${quoted}\n`)
      .tables.get('t')
      ?.columns.get('c')?.rule;
    expect(parsed).toEqual(parse(rule));
    const { apply } = compileTransform(
      parsed as VisibleRule,
      {
        name: 'c',
        type: columnType,
        notNull: false,
        dataClass: null,
        ladder,
      },
      {
        crypto: nativeCrypto,
        tenant: toTenantId(1),
        table: 't',
        domain: 'recipient=lab',
        asOfDate: parseDate('2026-11-22'),
        tokenKey: new Uint8Array(32).fill(7),
        subject: { name: 's', type: 'text', notNull: true, dataClass: null, ladder: null },
        seed: () => new Uint8Array(32),
        lookupSurrogate: () => undefined,
      },
    );
    const result = apply(parseValue(columnType, value), { missing: [], subject: 'anna' });
    const output = TRANSFORMS[(parsed as VisibleRule).use].output;
    const outputType = output === 'same' ? columnType : output;
    expect(valueToText(valueToJson(outputType, result.value))).toBe(leaves);
  });

  it('has an example of every transform that shows one', () => {
    const shown = new Set(
      rowsOf(examples).map(([rule]) => (parse(rule as string) as VisibleRule).use),
    );
    const without = Object.keys(TRANSFORMS).filter(
      (name) => !shown.has(name as VisibleRule['use']),
    );
    expect(without.toSorted()).toEqual(['drop', 'encrypt', 'surrogate']);
  });
});
