/** What was used lately is kept, against a slow twin that keeps the order of uses. */

import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { RecentMap } from '../src/recent-map.ts';

const HALF = 4;
const uses = fc.array(fc.nat(12), { maxLength: 80 });

test('the values used last are kept, as many as half of it holds, and never more than it holds', () => {
  fc.assert(
    fc.property(uses, (keys) => {
      const letGo: number[] = [];
      const map = new RecentMap<number, number>(HALF, (value) => letGo.push(value));
      const made: number[] = [];
      const order: number[] = [];
      for (const [index, key] of keys.entries()) {
        const lately = order.slice(0, HALF).includes(key);
        const found = map.get(key);
        if (lately) expect(found).toBeDefined();
        if (found === undefined) {
          map.set(key, index);
          made.push(index);
        } else expect(keys[found]).toBe(key);
        order.splice(0, order.length, key, ...order.filter((other) => other !== key));
        expect(made.length - letGo.length).toBeLessThanOrEqual(2 * HALF);
      }
      map.clear();
      // Each value that was ever kept is let go of, once.
      expect(letGo.toSorted((a, b) => a - b)).toEqual(made);
    }),
  );
});

test('a value that is deleted is let go of, in whichever half it is', () => {
  for (const later of [0, HALF]) {
    const letGo: string[] = [];
    const map = new RecentMap<string, string>(HALF, (value) => letGo.push(value));
    map.set('a', 'of a');
    for (let number = 0; number < later; number += 1) map.set(`${number}`, `of ${number}`);
    map.delete('a');
    map.delete('a');
    expect(letGo).toEqual(['of a']);
    expect(map.get('a')).toBeUndefined();
  }
});
