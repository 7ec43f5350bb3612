import { concatBytes } from '@veritydb/types';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { ByteBuilder } from '../src/byte-builder.ts';

it('holds what was added, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 8 }), (parts) => {
      const builder = new ByteBuilder();
      for (const part of parts) builder.add(part);
      builder.addByte(7);
      expect(builder.finish()).toEqual(concatBytes(...parts, Uint8Array.of(7)));
    }),
  );
});
