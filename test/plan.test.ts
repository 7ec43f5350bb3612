/**
 * The plan, line by line: each is cited by the test or benchmark that proves it, as `S109` in a title or a
 * comment, or stands in `test/plan.txt` with the reason why not. A line that is proved comes off that
 * list, so that the list only gets shorter; nothing is dropped in silence.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { requireShared } from '@veritydb/testkit';
import { describe, expect, it } from 'vitest';

import { filesUnder, readText } from './tree.ts';

const CITATION = /\bS\d{3}\b/g;
const OPEN_LINE = /^(S\d{3}) (?:open|(?:open|no code|measured): \S.*)$/;

const shared = requireShared('the lines of the plan');

/** Where a proof may stand. */
const proofs = ['packages', 'apps', 'test', 'bench']
  .flatMap(filesUnder)
  .filter((path) => path.endsWith('.ts') && /(^|\/)(test|bench)\//.test(path))
  .filter((path) => path !== 'test/plan.test.ts');

const cited = new Set(proofs.flatMap((path) => readText(path).match(CITATION) ?? []));

const openLines = readText('test/plan.txt').trimEnd().split('\n');
const open = openLines.map((line) => line.slice(0, 4));

describe('the plan', () => {
  it('has a reason for each line that nothing proves, in order', () => {
    expect(openLines.filter((line) => !OPEN_LINE.test(line))).toEqual([]);
    expect(open).toEqual([...new Set(open)].toSorted());
  });

  it('has no line left open that a test cites: take it off test/plan.txt', () => {
    expect(open.filter((line) => cited.has(line))).toEqual([]);
  });

  it.skipIf(shared === undefined)(
    'has no line that is neither cited nor open, and no other',
    () => {
      const text = readFileSync(join(shared ?? '', 'design/CHECKLIST.md'), 'utf8');
      const lines = [...text.matchAll(/^- \[.\] (S\d{3}) \|/gm)].map(([, line = '']) => line);
      expect(lines.length).toBeGreaterThan(300);
      expect([...cited, ...open].toSorted()).toEqual(lines.toSorted());
    },
  );
});
