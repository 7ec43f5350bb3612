/**
 * What a record costs before the disk: header, payload digest, chain hash, CRC. The peer hashes the same
 * payloads into a bare chain: once a record, where a record of ours takes two hashes, so that a proof
 * need not carry the payload and outlives it.
 */

import type { Benchmark } from '../benchmark.ts';
import { forgetfulDisk } from '../forgetful-disk.ts';
import { openLog, payloads, recordStamper } from '../houses.ts';
import { Sha256Chain } from '../sha256-chain.ts';

const PAYLOAD_COUNT = 20_000;
/** A round goes over the payloads so often: in short ones what is measured is V8’s compiler. */
const PASSES = 5;
const BATCH_LENGTH = 1000;

export const recordPipeline: Benchmark = {
  name: 'record-pipeline',
  ours: 'Log.append of 256 bytes, no disk',
  peer: 'bare SHA-256 chain over the same',
  unit: 'record',
  clock: 'cpu',
  goal: { of: 'ratio', floor: 0.5, stretch: 0.7 },
  open() {
    const bytes = payloads(PAYLOAD_COUNT);
    const stamp = recordStamper();
    const chain = new Sha256Chain();
    // One log over all rounds: with a new one V8 throws away what it had compiled for the last.
    const log = openLog(forgetfulDisk());
    return {
      ours: {
        run() {
          for (let pass = 0; pass < PASSES; pass += 1) {
            for (let at = 0; at < bytes.length; at += BATCH_LENGTH) {
              log.append(bytes.slice(at, at + BATCH_LENGTH).map(stamp));
            }
          }
          return PASSES * bytes.length;
        },
      },
      peer: {
        run() {
          for (let pass = 0; pass < PASSES; pass += 1) {
            for (const payload of bytes) chain.push(payload);
          }
          return PASSES * bytes.length;
        },
      },
      close() {
        log.close();
      },
    };
  },
};
