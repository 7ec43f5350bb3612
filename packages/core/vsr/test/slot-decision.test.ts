import { nativeCrypto } from '@veritydb/crypto/native';
import { describe, expect, it } from 'vitest';

import { type SlotPart, buildMessage, decideSlot } from '../src/index.ts';

const cluster = new Uint8Array(16).fill(3);
const prepared = (op: number, view = 1): SlotPart =>
  buildMessage(nativeCrypto, cluster, { command: 'prepare', replica: 0, view, op }).header;

/** A ring of 32 slots; ops up to 20 are in the committed log, and 30 is the largest that was seen. */
const window = { checkpointOp: 20, prepareMax: 52, opMax: 30 };
const OLD = 10;
const HEAD = 30;
const BELOW = 25;
const BEYOND = 60;

// S178, S184, S186: "not seen" and "seen but corrupt" are different things.
describe('a slot after a restart', () => {
  it.each([
    ['never used', 'reserved', 'reserved', 'empty'],
    ['written, and its header too', prepared(HEAD), prepared(HEAD), 'whole'],
    ['written, its header not yet', 'reserved', prepared(HEAD), 'whole'],
    [
      'written over an op of the ring before, its header not yet',
      prepared(OLD - 2),
      prepared(HEAD),
      'whole',
    ],
    ['the head, with a header that cannot be read', 'corrupt', prepared(HEAD), 'whole'],
    ['not the head, with a header that cannot be read', 'corrupt', prepared(BELOW), 'faulty'],
    ['torn in its first use', 'reserved', 'corrupt', 'torn'],
    ['torn over what the committed log has', prepared(OLD), 'corrupt', 'torn'],
    ['rotten after it was acknowledged', prepared(BELOW), 'corrupt', 'faulty'],
    ['rotten in both places', 'corrupt', 'corrupt', 'faulty'],
    ['acknowledged, and its write lost', prepared(BELOW), 'reserved', 'faulty'],
    ['a header that cannot be read, and nothing else', 'corrupt', 'reserved', 'faulty'],
    ['a header of an op that is in the committed log', prepared(OLD), 'reserved', 'empty'],
    ['acknowledged, and overwritten by an older one', prepared(BELOW), prepared(OLD), 'faulty'],
    ['two prepares of one op in two views', prepared(BELOW, 1), prepared(BELOW, 2), 'faulty'],
    ['a prepare beyond the ring', 'reserved', prepared(BEYOND), 'empty'],
    ['a header beyond the ring', prepared(BEYOND), prepared(BELOW), 'empty'],
    ['a header beyond the ring, and nothing else', prepared(BEYOND), 'reserved', 'empty'],
  ] as const)('%s', (_, header, prepare, decision) => {
    expect(decideSlot(header, prepare, window)).toBe(decision);
  });

  it('is never given up for empty where something may have been acknowledged', () => {
    const parts: readonly SlotPart[] = [
      'corrupt',
      'reserved',
      ...[OLD, BELOW, HEAD, BEYOND].flatMap((op) => [prepared(op, 1), prepared(op, 2)]),
    ];
    for (const header of parts) {
      for (const prepare of parts) {
        const decision = decideSlot(header, prepare, window);
        // What was acknowledged has its header on the disk: of an op that the ring owes, it says so.
        const isOwed =
          typeof header !== 'string' &&
          header.op > window.checkpointOp &&
          header.op <= window.prepareMax;
        if (isOwed)
          expect(['whole', 'faulty']).toContain(
            decision === 'empty' && typeof prepare !== 'string' && prepare.op > window.prepareMax
              ? 'faulty'
              : decision,
          );
        if (header === 'corrupt') expect(decision === 'torn').toBe(false);
        if (decision === 'whole') expect(typeof prepare).toBe('object');
      }
    }
  });
});
