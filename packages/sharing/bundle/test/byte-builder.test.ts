import { concatBytes, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { ByteBuilder } from '../src/byte-builder.ts';

it('holds what was added, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 8 }), (parts) => {
      const builder = new ByteBuilder();
      for (const part of parts) builder.add(part);
      builder.addText('é\n');
      expect(builder.finish()).toEqual(concatBytes(...parts, utf8Encode('é\n')));
    }),
  );
});
