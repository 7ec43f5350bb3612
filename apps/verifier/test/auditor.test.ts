/** docs/AUDITOR.md tells a recipient of everything that a report can say. */

import { readFileSync } from 'node:fs';

import { CHECK_NAMES } from '@veritydb/bundle';
import { expect, it } from 'vitest';

const ROOT = new URL('../../../', import.meta.url);
const page = readFileSync(new URL('docs/AUDITOR.md', ROOT), 'utf8');
const errors = readFileSync(new URL('packages/sharing/bundle/src/error.ts', ROOT), 'utf8');

const codes = [...errors.matchAll(/^ {2}\| '(ERR_BUNDLE_[A-Z_]+)'/gm)].map(([, code = '']) => code);
const rows = page.split('\n').filter((line) => line.startsWith('|'));
/** Codes of a report stand in a table with what to do; two are of those who make bundles. */
const MAKERS = ['ERR_BUNDLE_ATTACHMENT', 'ERR_BUNDLE_CONTENT'];

it('explains each code that a report can have, once', () => {
  expect(codes.length).toBeGreaterThan(20);
  for (const code of codes.filter((each) => !MAKERS.includes(each))) {
    const first = rows.filter((row) => row.split('|')[1]?.includes(`\`${code}\``));
    expect(first.length, code).toBe(1);
  }
  for (const code of MAKERS) expect(page).toContain(`\`${code}\``);
});

it('explains no code that there is not', () => {
  const named = [...page.matchAll(/`(ERR_BUNDLE_[A-Z_]+)`/g)].map(([, code]) => code);
  expect(codes).toEqual(expect.arrayContaining([...new Set(named)]));
});

it('says of each check what proved means', () => {
  for (const check of CHECK_NAMES) {
    expect(
      rows.some((row) => row.startsWith(`| ${check} `)),
      check,
    ).toBe(true);
  }
});
