import { nativeCrypto } from '@veritydb/crypto/native';
import type { Disk } from '@veritydb/log';
import { parseVerifierKey, verifyNote } from '@veritydb/merkle';
import { SimDisk } from '@veritydb/sim';
import { codeOf, expectCode } from '@veritydb/testkit';
import { bytesToHex, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Witness, readWitnessKey } from '../src/index.ts';
import { LOG_KEY, ORIGIN, TestLog } from './two-logs.ts';
import { VolatileNames } from './volatile-names.ts';

const SIGNER = { name: 'witness.example/w1', seed: new Uint8Array(32).fill(7) };
const NOW = 1_700_000_000;
const honest = new TestLog(40);
const fork = new TestLog(40, 'fork', 12);

function open(disk: Disk, logs: readonly string[] = [LOG_KEY]): Witness {
  return Witness.open({ disk, crypto: nativeCrypto, logs, nowSeconds: () => NOW });
}

function newDisk(): SimDisk {
  const disk = new SimDisk();
  Witness.create(disk, nativeCrypto, SIGNER);
  return disk;
}

describe('a witness', () => {
  test('is made once, keeps its key, and says it', () => {
    const disk = new SimDisk();
    const key = Witness.create(disk, nativeCrypto, SIGNER);
    expect(readWitnessKey(disk, nativeCrypto)).toBe(key);
    expect(open(disk).verifierKey).toBe(key);
    expect(parseVerifierKey(nativeCrypto, key)).toMatchObject({
      name: SIGNER.name,
      kind: 'cosignature',
    });
    const again = () => Witness.create(disk, nativeCrypto, SIGNER);
    expect(codeOf(again)).toBe('ERR_TRANSPARENCY_WITNESS_EXISTS');
    const name = () => Witness.create(new SimDisk(), nativeCrypto, { ...SIGNER, name: 'a b' });
    expect(codeOf(name)).toBe('ERR_TRANSPARENCY_WITNESS_NAME');
    expect(codeOf(() => open(new SimDisk()))).toBe('ERR_TRANSPARENCY_WITNESS_MISSING');
  });

  test('cosigns growth with the time of its clock, refuses a fork and a rollback', () => {
    const witness = open(newDisk());
    const first = witness.addCheckpoint(honest.request(0, 20));
    expect(first.status).toBe(200);
    const keys = [LOG_KEY, witness.verifierKey].map((key) => parseVerifierKey(nativeCrypto, key));
    const note = honest.signedCheckpoint(20) + first.body;
    expect(verifyNote(nativeCrypto, note, keys).signers).toEqual(keys);
    const conflict = { status: 409, contentType: 'text/x.tlog.size', body: '20\n' };
    // A log that was cut at 15 and signed again, by any account of what the witness saw.
    expect(witness.addCheckpoint(honest.request(0, 15))).toEqual(conflict);
    expect(witness.addCheckpoint(honest.request(15, 15))).toEqual(conflict);
    expect(witness.addCheckpoint(honest.request(20, 15)).status).toBe(400);
    // A fork before 20: of the same size, and longer with the best proof that it can give.
    expect(witness.addCheckpoint(fork.request(20, 20))).toEqual(conflict);
    expect(witness.addCheckpoint(fork.request(20, 30)).status).toBe(422);
    expect(witness.addCheckpoint(fork.request(12, 30))).toEqual(conflict);
    expect(witness.addCheckpoint(honest.request(20, 30)).status).toBe(200);
    expect(witness.seen).toEqual([{ origin: ORIGIN, size: 30, root: honest.tree.root(30) }]);
  });

  test('goes on where it was when it is opened again', () => {
    const disk = newDisk();
    open(disk).addCheckpoint(honest.request(0, 20));
    const again = open(disk);
    expect(again.seen.map(({ size }) => size)).toEqual([20]);
    expect(again.addCheckpoint(fork.request(0, 30)).status).toBe(409);
    expect(again.addCheckpoint(honest.request(20, 21)).status).toBe(200);
  });

  test('does not open over a state or a key that is damaged', () => {
    const disk = newDisk();
    open(disk).addCheckpoint(honest.request(0, 20));
    const file = `logs/${bytesToHex(nativeCrypto.sha256(utf8Encode(ORIGIN)))}.checkpoint`;
    const whole = disk.bytesOf(file);
    for (const bytes of [
      whole.slice(0, -1),
      new Uint8Array(0),
      utf8Encode('x'),
      whole.fill(0xff),
    ]) {
      disk.put(file, bytes);
      expect(codeOf(() => open(disk))).toBe('ERR_TRANSPARENCY_WITNESS_STATE');
    }
    const fresh = newDisk();
    const key = fresh.bytesOf('witness.key');
    for (let at = 0; at < key.length; at += 1) {
      const changed = key.slice();
      changed[at] = (changed[at] as number) ^ 1;
      fresh.put('witness.key', changed);
      const code = codeOf(() => open(fresh));
      expect(code).toBe('ERR_TRANSPARENCY_WITNESS_KEY');
    }
  });

  test('takes only keys of logs for keys of logs', () => {
    const disk = newDisk();
    for (const key of ['', 'x', readWitnessKey(disk, nativeCrypto)]) {
      expect(codeOf(() => open(disk, [key]))).toBe('ERR_TRANSPARENCY_WITNESS_LOG');
    }
    expect(open(disk, [`${LOG_KEY}\n`]).addCheckpoint(honest.request(0, 1)).status).toBe(200);
  });

  test('of two requests at once for two trees, one is refused', async () => {
    const witness = open(newDisk());
    const answers = await Promise.all(
      [honest, fork, honest, fork].map(async (log) => witness.addCheckpoint(log.request(0, 30))),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 409, 409, 409]);
  });
});

describe('a crash', () => {
  /** What a witness has cosigned: a size has one root, and no later one is smaller. */
  class Ledger {
    readonly #roots = new Map<number, string>();
    #size = 0;

    add(log: TestLog, size: number): void {
      const root = bytesToHex(log.tree.root(size));
      expect(this.#roots.get(size) ?? root).toBe(root);
      expect(size).toBeGreaterThanOrEqual(this.#size);
      this.#roots.set(size, root);
      this.#size = size;
    }
  }

  test('at any call of the disk, any power loss, never leads to a cosignature that contradicts another', () => {
    const step = fc.record({
      log: fc.constantFrom(honest, fork),
      size: fc.integer({ min: 1, max: 40 }),
      failAfter: fc.option(fc.integer({ min: 1, max: 8 }), { freq: 2 }),
      crash: fc.option(fc.nat(), { freq: 2 }),
    });
    let cosigned = 0;
    let stopped = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        const disk = newDisk();
        const ledger = new Ledger();
        let witness = open(disk);
        for (const { log, size, failAfter, crash } of steps) {
          if (failAfter !== null) disk.failAfter(failAfter);
          const before = witness.seen[0]?.size ?? 0;
          try {
            if (witness.addCheckpoint(log.request(before, size)).status === 200) {
              ledger.add(log, size);
              cosigned += 1;
            }
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_TRANSPARENCY_WITNESS_FAILED' });
            stopped += 1;
            // Its word is not heard again before it is opened again.
            const again = () => witness.addCheckpoint(log.request(before, size));
            expectCode(again, 'ERR_TRANSPARENCY_WITNESS_FAILED');
            disk.crash(crash ?? 0);
            witness = open(disk);
            continue;
          }
          disk.repair();
          if (crash !== null) {
            disk.crash(crash);
            witness = open(disk);
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(cosigned).toBeGreaterThan(100);
    expect(stopped).toBeGreaterThan(20);
  });

  // A name that was changed in memory alone is read like any other, until the power goes.
  test('before a name was durable leads to no cosignature on what only the memory knew', () => {
    const disk = newDisk();
    expect(open(disk).addCheckpoint(honest.request(0, 5)).status).toBe(200);
    const names = new VolatileNames(disk);
    const first = open(names);
    names.keepsNames = false;
    const stopped = () => first.addCheckpoint(honest.request(5, 20));
    expectCode(stopped, 'ERR_TRANSPARENCY_WITNESS_FAILED');
    names.keepsNames = true;
    // The process is started again: it reads size 20, and is asked to cosign it once more.
    const second = open(names);
    const cosigned = second.addCheckpoint(honest.request(20, 20)).status === 200;
    expect(cosigned).toBe(true);
    names.losePower();
    // Another tree than the one of size 20 must not get a cosignature now.
    expect(open(names).addCheckpoint(fork.request(5, 20)).status).toBe(409);
    expect(open(names).seen.map(({ size }) => size)).toEqual([20]);
  });

  test('right after a cosignature keeps what was cosigned (the canary: without a sync it would not)', () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const disk = newDisk();
      open(disk).addCheckpoint(honest.request(0, 5));
      open(disk).addCheckpoint(honest.request(5, 20));
      disk.crash(seed);
      expect(open(disk).seen.map(({ size }) => size)).toEqual([20]);
    }
  });
});
