import { SizedViews } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

describe('views of scratch bytes', () => {
  it('are of the first bytes, and the same each time', () => {
    const views = new SizedViews(4096);
    views.bytes.set([1, 2, 3, 4]);
    expect(views.of(3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(views.of(3)).toBe(views.of(3));
    views.bytes[0] = 9;
    expect(views.of(2)).toEqual(Uint8Array.of(9, 2));
    expect(views.of(0)).toHaveLength(0);
  });

  it('of all bytes are kept up to a size, and are as long beyond', () => {
    const views = new SizedViews(4096);
    expect(views.of(4096)).toHaveLength(4096);
    expect(views.of(4096)).not.toBe(views.of(4096));
    expect(views.of(4096).buffer).toBe(views.bytes.buffer);
  });
});
