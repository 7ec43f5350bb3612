import fc from 'fast-check';
import { expect, test } from 'vitest';

import { nearestName } from '../src/index.ts';

const FLAGS = ['--data', '--host', '--port', '--public-url'];

test.each([
  ['--prot', '--port'],
  ['--pulbic-url', '--public-url'],
  ['--Host', '--host'],
  ['--dat', '--data'],
  ['--verbose', null],
  ['', null],
  ['x'.repeat(1000), null],
])('%s is meant for %s', (typed, meant) => {
  expect(nearestName(typed, FLAGS)).toBe(meant);
});

test('a known name is nearest to itself, and one letter less still finds a long one', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{6,12}$/), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(names, (known) => {
      for (const name of known) expect(nearestName(name, known)).toBe(name);
      expect(nearestName((known[0] as string).slice(1), known.slice(0, 1))).toBe(known[0]);
    }),
  );
});
