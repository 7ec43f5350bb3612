import { createHash } from 'node:crypto';

import type { Crypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { SimDisk } from '@veritydb/sim';
import { expectCode } from '@veritydb/testkit';
import {
  type RecordHeader,
  bytesEqual,
  bytesToHex,
  concatBytes,
  parseIdempotencyId,
  toOffset,
  toTenantId,
  toTimestamp,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type Log, LogError, type RecordToAppend } from '../src/index.ts';
import {
  KEY_ID,
  NOW,
  SEGMENT,
  contentsOf,
  killedLog,
  openLog,
  openRecord,
  plaintext,
  record,
  recordEnds,
  segmentsOf,
} from './logs.ts';

const checkpoint = (at: number): RecordToAppend =>
  record(plaintext(at), at, {
    kind: 'checkpoint',
    payload: { sealing: 'none', plaintext: plaintext(at) },
  });

describe('append and read', () => {
  test('a record comes back with everything that it was given', () => {
    const log = openLog(new SimDisk());
    const idempotencyId = parseIdempotencyId('00112233445566778899aabbccddeeff');
    const plain = record(plaintext(1), 0, { idempotencyId, schemaVersion: 5, rowCount: 9 });
    const appended = log.append([plain]);
    const stored = log.read(toOffset(0));
    expect(appended).toEqual({ firstOffset: 0, leafHashes: stored.leafHash });
    expect(stored.header).toMatchObject({
      kind: 'data',
      sealing: 'sealed',
      tenant: 7,
      offset: 0,
      timestamp: NOW + 1_000n,
      generation: 1,
      schemaVersion: 5,
      keyId: KEY_ID,
      rowCount: 9,
      batchIndex: 0,
      idempotencyId,
    });
    expect(openRecord(stored)).toEqual(plaintext(1));
    expect(log).toMatchObject({ nextOffset: 1, generation: 1, recovery: undefined });
    expect(log.lastTimestamp).toBe(NOW + 1_000n);
    expect(log.lastHash).toEqual(stored.leafHash);
  });

  test('a payload is made from the hash of the record before it in the same write', () => {
    const log = openLog(new SimDisk());
    const plaintextAfter = (hash: Uint8Array): Uint8Array => concatBytes(hash, plaintext(3));
    const made = { sealing: 'none', size: 40, plaintextAfter } as const;
    log.append([
      record(plaintext(1), 0),
      record(plaintext(2), 1, { kind: 'checkpoint', payload: made }),
      checkpoint(2),
    ]);
    const [first, second] = [0, 1].map((offset) => log.read(toOffset(offset)));
    expect(second?.payload).toEqual(plaintextAfter(first?.leafHash ?? new Uint8Array(0)));
    expect(second?.header.previousHash).toEqual(first?.leafHash);
    expect(log.read(toOffset(2)).header.previousHash).toEqual(second?.leafHash);
    const other = record(plaintext(2), 3, { payload: { ...made, size: 41 } });
    expectCode(() => log.append([other]), 'ERR_ASSERTION');
  });

  // S043, S075: every record is read from the first on, and the chain with it, at each open.
  test('any batches, across segments, opened again, give back what was appended', () => {
    const batches = fc.array(fc.array(fc.nat(900), { minLength: 1, maxLength: 6 }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(batches, fc.boolean(), (sizes, isKilled) => {
        const disk = new SimDisk();
        let log = openLog(disk);
        const expected: string[] = [];
        for (const batch of sizes) {
          const records = batch.map((size, index) => {
            const at = log.nextOffset + index;
            expected.push(bytesToHex(plaintext(at, size + 4)));
            return record(plaintext(at, size + 4), at);
          });
          const { firstOffset, leafHashes } = log.append(records);
          expect(firstOffset).toBe(expected.length - records.length);
          const hashes = records.map((_, at) => log.read(toOffset(firstOffset + at)).leafHash);
          expect(leafHashes).toEqual(concatBytes(...hashes));
        }
        expect(contentsOf(log)).toEqual(expected);
        const before = { next: log.nextOffset, hash: bytesToHex(log.lastHash) };
        if (!isKilled) log.close();
        const seen: number[] = [];
        const wasWritten = expected.length > 0;
        log = openLog(disk, { onRecord: ({ offset }) => seen.push(offset) });
        const isRecovered = isKilled && wasWritten;
        expect(log.recovery?.discardedBytes).toBe(isRecovered ? 0 : undefined);
        expect(log.generation).toBe(isRecovered ? 2 : 1);
        expect(log.nextOffset).toBe(before.next + (isRecovered ? 1 : 0));
        expect(isRecovered || bytesToHex(log.lastHash) === before.hash).toBe(true);
        expect(seen).toEqual(Array.from({ length: log.nextOffset }, (_, index) => index));
        expect(contentsOf(log)).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  test('S065, S074, S093, S094: a record holds the hash of the one before, which covers its payload', () => {
    const sha256 = (...parts: readonly Uint8Array[]): string =>
      createHash('sha256')
        .update(concatBytes(...parts))
        .digest('hex');
    const log = openLog(new SimDisk());
    for (let at = 0; at < 40; at += 1) log.append([record(plaintext(at, 300), at)]);
    let chainHash = '00'.repeat(32);
    let offset = 0;
    for (const { header, headerBytes, payload } of log.scan(toOffset(0))) {
      expect(header.offset).toBe(offset);
      expect(bytesToHex(header.previousHash)).toBe(chainHash);
      expect(bytesToHex(header.payloadDigest)).toBe(sha256(payload));
      chainHash = sha256(new Uint8Array(1), headerBytes);
      offset += 1;
    }
    expect(offset).toBe(40);
    expect(bytesToHex(log.lastHash)).toBe(chainHash);
  });

  test('a batch of many records, across segments, gives back every one', () => {
    const disk = new SimDisk();
    const log = openLog(disk);
    const sizes = Array.from({ length: 300 }, (_, at) => 4 + ((at * 37) % 50));
    const { leafHashes } = log.append(sizes.map((size, at) => record(plaintext(at, size), at)));
    const expected = sizes.map((size, at) => bytesToHex(plaintext(at, size)));
    expect(contentsOf(log)).toEqual(expected);
    const stored = sizes.map((_, at) => log.read(toOffset(at)));
    expect(leafHashes).toEqual(concatBytes(...stored.map(({ leafHash }) => leafHash)));
    log.close();
    expect(contentsOf(openLog(disk))).toEqual(expected);
  });

  test('a batch is one write and one sync once its segment is there', () => {
    const disk = new SimDisk();
    const log = openLog(disk);
    log.append([record(plaintext(0), 0)]);
    const before = disk.calls;
    log.append([record(plaintext(1), 1), record(plaintext(2), 2), record(plaintext(3), 3)]);
    expect(disk.calls - before).toBe(2);
    const header = (offset: number): RecordHeader => log.read(toOffset(offset)).header;
    expect([0, 1, 2, 3].map((offset) => header(offset).batchIndex)).toEqual([0, 0, 1, 2]);
  });

  test('appends do not change the size of the file', () => {
    const disk = new SimDisk();
    const log = openLog(disk, { segmentSize: 100_000 });
    log.append([record(plaintext(0), 0)]);
    expect(disk.bytesOf(SEGMENT).length).toBe(100_000);
    for (let at = 1; at < 50; at += 1) log.append([record(plaintext(at), at)]);
    expect(disk.bytesOf(SEGMENT).length).toBe(100_000);
  });

  test('a record larger than a segment has one of its own', () => {
    const disk = new SimDisk();
    const log = openLog(disk);
    const sizes = [10, 20_000, 10, 3_000, 2_000];
    log.append(sizes.map((size, at) => record(plaintext(at, size), at)));
    expect(segmentsOf(disk).map((name) => Number(name.slice(0, 20)))).toEqual([0, 1, 2, 4]);
    log.close();
    expect(contentsOf(openLog(disk)).map(({ length }) => length / 2)).toEqual(sizes);
  });

  // S083, S095
  test('timestamps must rise, and a refusal of our own changes nothing', () => {
    const log = openLog(new SimDisk());
    log.append([record(plaintext(0), 0)]);
    expect(expectCode(() => log.append([record(plaintext(1), 0)]), 'ERR_ASSERTION').kind).toBe(
      'assertion',
    );
    expect(
      expectCode(
        () => log.append([record(plaintext(1), 2), record(plaintext(2), 2)]),
        'ERR_ASSERTION',
      ).kind,
    ).toBe('assertion');
    expect(log.append([record(plaintext(1), 1)]).firstOffset).toBe(1);
  });

  test('an offset that is not there, and a closed log', () => {
    const log = openLog(new SimDisk());
    expect(expectCode(() => log.read(toOffset(0)), 'ERR_LOG_OFFSET').kind).toBe('expectation');
    expect(expectCode(() => log.readVerified(toOffset(0)), 'ERR_LOG_OFFSET').kind).toBe(
      'expectation',
    );
    log.close();
    log.close();
    expect(expectCode(() => log.read(toOffset(0)), 'ERR_LOG_CLOSED').kind).toBe('unavailable');
    expect(expectCode(() => log.append([record(plaintext(0), 0)]), 'ERR_LOG_CLOSED').kind).toBe(
      'unavailable',
    );
  });
});

describe('open', () => {
  test('of a closed log writes nothing', () => {
    const disk = new SimDisk();
    const log = openLog(disk);
    log.append([record(plaintext(0), 0)]);
    log.close();
    const before = [SEGMENT, 'superblock'].map((name) => disk.bytesOf(name));
    openLog(disk, { now: toTimestamp(NOW + 5n) }).close();
    const after = [SEGMENT, 'superblock'].map((name) => disk.bytesOf(name));
    expect(after.every((bytes, index) => bytesEqual(bytes, before[index] as Uint8Array))).toBe(
      true,
    );
  });

  test('keeps the identity, and refuses another tenant’s folder', () => {
    const disk = killedLog([8]);
    expect(openLog(disk, { identity: () => new Uint8Array(16) }).identity).toEqual(
      new Uint8Array(16).fill(0xa5),
    );
    expect(
      expectCode(() => openLog(disk, { tenant: toTenantId(8) }), 'ERR_LOG_SUPERBLOCK').kind,
    ).toBe('verification');
  });

  test('refuses a log without its superblock', () => {
    const disk = killedLog([8]);
    disk.remove('superblock');
    expect(expectCode(() => openLog(disk), 'ERR_LOG_SUPERBLOCK').kind).toBe('verification');
  });

  test('refuses a log whose superblock is an older one', () => {
    const disk = killedLog([8]);
    const old = disk.bytesOf('superblock');
    openLog(disk).close();
    disk.put('superblock', old);
    expect(expectCode(() => openLog(disk), 'ERR_LOG_SUPERBLOCK').kind).toBe('verification');
  });

  test('says that the disk refuses', () => {
    const disk = killedLog([8]);
    for (let call = 1; call <= 8; call += 1) {
      disk.failAfter(call);
      let error: unknown;
      try {
        openLog(disk);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(LogError);
      expect(error).toMatchObject({ kind: 'unavailable' });
      disk.repair();
    }
  });
});

/** Counts leaf hashes: SHA-256 over 169 bytes. */
function counting(): { crypto: Crypto; leaves: () => number } {
  let count = 0;
  const sha256Into: Crypto['sha256Into'] = (source, start, end, target, at) => {
    if (end - start === 169) count += 1;
    nativeCrypto.sha256Into(source, start, end, target, at);
  };
  return {
    crypto: Object.assign(Object.create(nativeCrypto) as Crypto, { sha256Into }),
    leaves: () => count,
  };
}

function logWithCheckpoints(crypto: Crypto, disk: SimDisk): Log {
  const log = openLog(disk, { crypto, segmentSize: 1 << 20 });
  const records = Array.from({ length: 250 }, (_, at) =>
    at % 100 === 99 ? checkpoint(at) : record(plaintext(at), at),
  );
  log.append(records);
  return log;
}

describe('readVerified', () => {
  // S027, S080, S081, S117, S118: the walk ends at the nearest checkpoint or index entry, not with the log.
  // Checkpoints are 99 and 199. Records take 196 bytes, so each 84th begins 16 KiB behind the one before
  // it in the index: its entries are 0, 84 and 168.
  test.each([
    [0, 0],
    [50, 34],
    [80, 4],
    [98, 1],
    [99, 0],
    [100, 68],
    [200, 49],
    [238, 11],
    [249, 0],
  ])('record %i takes %i hashes beyond its own', (offset, walked) => {
    const { crypto, leaves } = counting();
    const disk = new SimDisk();
    const log = logWithCheckpoints(crypto, disk);
    const before = leaves();
    expect(log.readVerified(toOffset(offset)).header.offset).toBe(offset);
    expect(leaves() - before).toBe(1 + walked);
    log.close();
    const again = openLog(disk, { crypto });
    const reopened = leaves();
    again.readVerified(toOffset(offset));
    expect(leaves() - reopened).toBe(1 + walked);
  });

  // S075: without a checkpoint the walk goes on to what is known of the whole chain.
  test('finds a record that was changed together with its checksums', () => {
    const disk = new SimDisk();
    const log = openLog(disk);
    const forged = new SimDisk();
    const twin = openLog(forged);
    for (let at = 0; at < 5; at += 1) {
      log.append([record(plaintext(at), at)]);
      twin.append([record(plaintext(at === 2 ? 200 : at), at)]);
    }
    const [, start, end] = [0, ...recordEnds([8, 8, 8])].slice(1) as [number, number, number];
    const file = disk.open(SEGMENT, 'existing');
    file.writeAt(forged.bytesOf(SEGMENT).subarray(start, end), start);
    // It is whole by itself, and opens.
    expect(openRecord(log.read(toOffset(2)))).toEqual(plaintext(200));
    expect(expectCode(() => log.readVerified(toOffset(2)), 'ERR_LOG_RECORD').kind).toBe(
      'verification',
    );
    expect(expectCode(() => log.readVerified(toOffset(1)), 'ERR_LOG_RECORD').kind).toBe(
      'verification',
    );
    // Later records hold the hash of what was written.
    log.readVerified(toOffset(3));
    // The whole log replaced: the hash in memory is the anchor.
    file.writeAt(forged.bytesOf(SEGMENT), 0);
    // Record 0 is the same in both, and has an entry in the index by which it is proved.
    expect(openRecord(log.readVerified(toOffset(0)))).toEqual(plaintext(0));
    for (let at = 1; at < 5; at += 1) {
      expect(expectCode(() => log.readVerified(toOffset(at)), 'ERR_LOG_RECORD').kind).toBe(
        'verification',
      );
    }
  });

  test('a record that was damaged since is refused, not returned', () => {
    const disk = killedLog([20, 20]);
    const log = openLog(disk);
    const [end] = recordEnds([20]) as [number];
    for (let position = 64; position < end; position += 1) {
      disk.flipBit(SEGMENT, position, position % 8);
      expect(expectCode(() => log.read(toOffset(0)), 'ERR_LOG_RECORD').kind).toBe('verification');
      disk.flipBit(SEGMENT, position, position % 8);
    }
    expect(openRecord(log.read(toOffset(0)))).toEqual(plaintext(0, 20));
  });
});
