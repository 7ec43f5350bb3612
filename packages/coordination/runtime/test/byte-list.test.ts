import { compareBytes } from '@veritydb/types';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { ByteList } from '../src/byte-list.ts';

it('gives what was put in, and compares it as bytes are compared', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3 }), { maxLength: 300 }), (all) => {
      const list = new ByteList();
      for (const bytes of all) list.push(Uint8Array.of(9, ...bytes, 9), 1, bytes.length + 1);
      expect(list.length).toBe(all.length);
      expect(all.map((_, index) => list.at(index))).toEqual(all);
      for (let index = 1; index < all.length; index += 1) {
        const [before, here] = [all[index - 1], all[index]] as [Uint8Array, Uint8Array];
        expect(Math.sign(list.compare(index - 1, index))).toBe(
          Math.sign(compareBytes(before, here)),
        );
      }
    }),
  );
});

it('grows by what is larger than all before', () => {
  const list = new ByteList();
  list.push(new Uint8Array(20_000).fill(7));
  expect(list.at(0)).toEqual(new Uint8Array(20_000).fill(7));
});
