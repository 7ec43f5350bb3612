import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { requireShared } from '@veritydb/testkit';
import { describe, expect, it } from 'vitest';

import { isPurposeWithin } from '../src/index.ts';

describe('purposes', () => {
  it('are within themselves and what they are cases of', () => {
    expect(isPurposeWithin('dpv:ScientificResearch', 'dpv:ScientificResearch')).toBe(true);
    expect(isPurposeWithin('dpv:ScientificResearch', 'dpv:ResearchAndDevelopment')).toBe(true);
    expect(isPurposeWithin('dpv:ScientificResearch', 'dpv:Purpose')).toBe(true);
    // By either of two: CommercialResearch is commercial, and research.
    expect(isPurposeWithin('dpv:CommercialResearch', 'dpv:CommercialPurpose')).toBe(true);
    expect(isPurposeWithin('dpv:CommercialResearch', 'dpv:ResearchAndDevelopment')).toBe(true);
    expect(isPurposeWithin('dpv:ResearchAndDevelopment', 'dpv:ScientificResearch')).toBe(false);
    expect(isPurposeWithin('dpv:Unheard', 'dpv:Purpose')).toBe(false);
    expect(isPurposeWithin('house:audit', 'house:audit')).toBe(true);
    expect(isPurposeWithin('house:ScientificResearch', 'dpv:ResearchAndDevelopment')).toBe(false);
  });

  const shared = requireShared('purposes of DPV 2.3');
  it.runIf(shared !== undefined)('are those of the vocabulary, each below what it says', () => {
    const file = join(shared as string, 'data/dpv-2.3/dpv_modules_purposes.csv');
    const lines = readFileSync(file, 'utf8').split('\n').slice(1);
    const pairs = lines.flatMap((line) => {
      const [, term, type, , , , , , broader = ''] = line.split(/^"|","|"$/);
      return type === 'class' ? [{ term, broader }] : [];
    });
    expect(pairs.length).toBeGreaterThan(110);
    for (const { term, broader } of pairs) {
      for (const [, wider] of broader.matchAll(/dpv#([A-Za-z]+)/g)) {
        expect(isPurposeWithin(`dpv:${term}`, `dpv:${wider}`), `${term} < ${wider}`).toBe(true);
        expect(isPurposeWithin(`dpv:${wider}`, `dpv:${term}`), `${wider} < ${term}`).toBe(false);
      }
    }
  });
});
