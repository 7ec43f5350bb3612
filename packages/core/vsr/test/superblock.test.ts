import { nativeCrypto } from '@veritydb/crypto/native';
import { codeOf } from '@veritydb/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  SUPERBLOCK_COPIES,
  SUPERBLOCK_STRIDE,
  SUPERBLOCK_ZONE_SIZE,
  type SuperblockState,
  VsrError,
  buildFirstState,
  buildMessage,
  encodeSuperblock,
  numberCopy,
  openSuperblock,
} from '../src/index.ts';

const cluster = new Uint8Array(16).fill(3);
const encode = (state: SuperblockState): Uint8Array =>
  encodeSuperblock(nativeCrypto, cluster, state);

const first = buildFirstState(nativeCrypto, cluster, 1, 3);
const before: SuperblockState = { ...first, sequence: 5, view: 2, logView: 1, commitMax: 9 };
const after: SuperblockState = {
  ...before,
  sequence: 6,
  view: 3,
  previous: encode(before).slice(0, 32),
  viewHeaders: [
    buildMessage(nativeCrypto, cluster, { command: 'prepare', replica: 0, view: 1, op: 4 }).header,
    undefined,
  ],
};
const foreign: SuperblockState = { ...after, sequence: 6, commitMax: 20 };

/** What may stand in one of the four places. */
type Place = 'new' | 'old' | 'corrupt' | 'empty' | 'copy-of-0' | 'other-cluster';
const PLACES: readonly Place[] = ['new', 'old', 'corrupt', 'empty', 'copy-of-0', 'other-cluster'];

function bytesOf(place: Place, number: number): Uint8Array {
  const copy = encode(place === 'old' ? before : after);
  if (place === 'empty') return new Uint8Array(copy.length);
  if (place === 'copy-of-0') return numberCopy(copy, 0);
  if (place === 'other-cluster') {
    const other = new Uint8Array(16).fill(4);
    return numberCopy(
      encodeSuperblock(nativeCrypto, other, buildFirstState(nativeCrypto, other, 1, 3)),
      number,
    );
  }
  const bytes = numberCopy(copy, number);
  if (place === 'corrupt') bytes[300] = (bytes[300] as number) ^ 1;
  return bytes;
}

function zoneOf(places: readonly Place[]): Uint8Array {
  const zone = new Uint8Array(SUPERBLOCK_ZONE_SIZE);
  for (const [number, place] of places.entries()) {
    zone.set(bytesOf(place, number), number * SUPERBLOCK_STRIDE);
  }
  return zone;
}

const open = (zone: Uint8Array, replica = 1) =>
  openSuperblock(nativeCrypto, cluster, replica, zone);

// S193, S195
describe('the superblock', () => {
  it('is read as it was written', () => {
    const { state, broken } = open(zoneOf(['new', 'new', 'new', 'new']));
    expect(state).toEqual(after);
    expect(broken).toEqual([]);
  });

  it('obeys its rule in every combination of what may be in four places', () => {
    let opened = 0;
    for (let index = 0; index < PLACES.length ** SUPERBLOCK_COPIES; index += 1) {
      const places = [0, 1, 2, 3].map(
        (at) => PLACES[Math.floor(index / PLACES.length ** at) % PLACES.length] as Place,
      );
      const numbers = new Set<number>();
      for (const [at, place] of places.entries()) {
        if (place === 'new') numbers.add(at);
        if (place === 'copy-of-0') numbers.add(0);
      }
      const newCopies = numbers.size;
      const oldCopies = places.filter((place) => place === 'old').length;
      const name = places.join(' ');
      const zone = zoneOf(places);
      if (newCopies < 2 && oldCopies < 2) {
        expect(
          codeOf(() => open(zone)),
          name,
        ).toBe('ERR_VSR_SUPERBLOCK_LOST');
        continue;
      }
      opened += 1;
      const { state, broken } = open(zone);
      // One new copy beside old ones is an update that nobody was told of.
      expect(state.sequence, name).toBe(newCopies >= 2 ? 6 : 5);
      const kept = newCopies >= 2 ? 'new' : 'old';
      const wrong = places.flatMap((place, at) => {
        const isRight = place === kept || (place === 'copy-of-0' && at === 0 && kept === 'new');
        return isRight ? [] : [at];
      });
      expect(
        broken.toSorted((a, b) => a - b),
        name,
      ).toEqual(wrong);
    }
    expect(opened).toBeGreaterThan(400);
  });

  // S194
  it('is one history: a fork, a gap or a step back is refused', () => {
    const cases: readonly (readonly SuperblockState[])[] = [
      [after, after, foreign, after],
      [before, before, { ...after, sequence: 7 }, before],
      [before, before, { ...after, previous: new Uint8Array(32) }, before],
      [after, after, { ...before, view: 7 }, after],
      [after, after, { ...before, commitMax: 11 }, after],
    ];
    for (const states of cases) {
      const zone = new Uint8Array(SUPERBLOCK_ZONE_SIZE);
      for (const [number, state] of states.entries()) {
        zone.set(numberCopy(encode(state), number), number * SUPERBLOCK_STRIDE);
      }
      expect(codeOf(() => open(zone))).toBe('ERR_VSR_SUPERBLOCK_FORK');
    }
  });

  it('belongs to one replica', () => {
    const zone = zoneOf(['new', 'new', 'new', 'new']);
    expect(codeOf(() => open(zone, 2))).toBe('ERR_VSR_SUPERBLOCK_FOREIGN');
  });

  it('throws nothing but a coded error, whatever the bytes', () => {
    const zone = zoneOf(['new', 'new', 'old', 'empty']);
    const change = fc.tuple(fc.nat(SUPERBLOCK_ZONE_SIZE - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const bytes = zone.slice();
        for (const [at, value] of changes) {
          bytes[at] = value;
          // Sealed anew: as if it had been meant.
          const copy = Math.floor(at / SUPERBLOCK_STRIDE) * SUPERBLOCK_STRIDE;
          nativeCrypto.sha256Into(bytes, copy + 48, copy + 8192, bytes, copy);
        }
        try {
          open(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(VsrError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
