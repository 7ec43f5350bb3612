import { expectCode } from '@veritydb/testkit';
import { bytesToHex, toGeneration, toTimestamp } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { LogError, decodeRecoveryRecord, encodeRecoveryRecord } from '../src/index.ts';

const RECOVERY = {
  generation: toGeneration(2),
  previousGeneration: toGeneration(1),
  knownCommitted: -1,
  recoveryPoint: 0,
  discardedFrom: 64,
  discardedBytes: 100,
  reason: 'node-restart',
  timestamp: toTimestamp(0xffff_ffff_ffff_ffffn),
} as const;

// S102, S103, S104, S105, S106: generations, offsets, the discarded range, reason and time; bytes that
// never change.
describe('recovery record (S090)', () => {
  test('round trip, and its bytes', () => {
    const bytes = encodeRecoveryRecord(RECOVERY);
    expect(decodeRecoveryRecord(bytes)).toEqual(RECOVERY);
    expect(bytesToHex(bytes)).toBe(
      `890102010000184018646c${bytesToHex(new TextEncoder().encode('node-restart'))}1bffffffffffffffff`,
    );
  });

  test.each(['node-restart', 'quorum-loss', 'corruption-detected', 'manual-intervention'] as const)(
    'S107: %s is a reason',
    (reason) => {
      const bytes = encodeRecoveryRecord({ ...RECOVERY, reason });
      expect(decodeRecoveryRecord(bytes)).toEqual({ ...RECOVERY, reason });
    },
  );

  test.each([
    ['generation 0', { generation: 0 }],
    ['an unknown reason', { reason: 'weather' }],
    ['a time before the epoch', { timestamp: -1n }],
  ])('%s is refused', (_, change) => {
    const bytes = encodeRecoveryRecord({ ...RECOVERY, ...change } as never);
    expect(expectCode(() => decodeRecoveryRecord(bytes), 'ERR_LOG_PAYLOAD').kind).toBe(
      'verification',
    );
  });
});

test('decoding anything gives a payload or a coded error', () => {
  const bytes = encodeRecoveryRecord(RECOVERY);
  fc.assert(
    fc.property(fc.nat(), fc.nat(255), (at, byte) => {
      const changed = bytes.slice();
      changed[at % changed.length] = byte;
      try {
        decodeRecoveryRecord(changed);
      } catch (error) {
        expect(error).toBeInstanceOf(LogError);
      }
    }),
    { numRuns: 1000 },
  );
});
