import { concatBytes, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { BytePieces, PieceBuilder } from '../src/byte-pieces.ts';

const partsOf = fc.array(fc.uint8Array({ maxLength: 9000 }), { maxLength: 8 });

it('holds what was added, in order', () => {
  fc.assert(
    fc.property(partsOf, (parts) => {
      const builder = new PieceBuilder();
      for (const part of parts) builder.add(part);
      builder.addText('é\n');
      expect(concatBytes(...builder.finish())).toEqual(concatBytes(...parts, utf8Encode('é\n')));
    }),
  );
});

it('reads any part as if it were one block', () => {
  fc.assert(
    fc.property(partsOf, fc.nat(), fc.nat(), (parts, one, other) => {
      const whole = concatBytes(...parts);
      const pieces = new BytePieces(parts);
      const [start, end] = [one % (whole.length + 1), other % (whole.length + 1)].toSorted(
        (a, b) => a - b,
      ) as [number, number];
      expect(pieces.size).toBe(whole.length);
      expect(pieces.read(start, end)).toEqual(whole.subarray(start, end));
      expect(concatBytes(...pieces.between(start, end))).toEqual(whole.subarray(start, end));
    }),
  );
});
