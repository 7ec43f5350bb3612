/** How long single operations take, and the slowest of them: the shape behind the rates (S152). */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram } from 'node:perf_hooks';

import { nativeCrypto } from '@veritydb/crypto/native';
import { openNodeDisk } from '@veritydb/runtime';
import { toGeneration, toOffset } from '@veritydb/types';

import { openLog, payloads, recordStamper } from './houses.ts';

export const LATENCY_NAME = 'latency';
const PERCENTILES = [50, 90, 99, 99.9] as const;
const RECORD_COUNT = 2000;
const SHORT_COUNT = 50_000;

/** Lines for the report: percentiles in microseconds. */
export function measureLatency(): string {
  const folder = mkdtempSync(join(tmpdir(), 'verity-bench-'));
  try {
    const log = openLog(openNodeDisk(join(folder, 'log')));
    const records = payloads(RECORD_COUNT).map(recordStamper());
    const [payload = new Uint8Array(256)] = payloads(1);
    const cipher = nativeCrypto.recordCipher(payload.slice(0, 32));
    const sealed = new Uint8Array(payload.length + 16);
    const header = payload.subarray(0, 136);
    const digest = new Uint8Array(32);
    const lines = [
      lineOf('append, a sync each', RECORD_COUNT, (index) => {
        log.append(records.slice(index, index + 1));
      }),
      lineOf('verified read', RECORD_COUNT, (index) => {
        log.readVerified(toOffset((index * 7919) % RECORD_COUNT));
      }),
      lineOf('seal of 256 bytes', SHORT_COUNT, (index) => {
        const placed = [{ offset: toOffset(index), plaintext: payload, start: 0 }];
        cipher.encrypt(toGeneration(1), placed, sealed);
        cipher.authenticate(header, sealed, 0, payload.length);
      }),
      lineOf('SHA-256 of 256 bytes', SHORT_COUNT, () => {
        nativeCrypto.sha256Into(payload, 0, payload.length, digest, 0);
      }),
    ];
    log.close();
    const heading = PERCENTILES.map((percentile) => `p${percentile}`.padStart(10)).join('');
    return [`${`${LATENCY_NAME}, µs`.padEnd(24)}${heading}`, ...lines].join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function lineOf(name: string, count: number, operation: (index: number) => void): string {
  const histogram = createHistogram();
  for (let index = 0; index < count; index += 1) {
    const begun = process.hrtime.bigint();
    operation(index);
    histogram.record(process.hrtime.bigint() - begun);
  }
  const cells = PERCENTILES.map((percentile) => {
    const microseconds = histogram.percentile(percentile) / 1000;
    return microseconds.toPrecision(3).padStart(10);
  });
  return `${name.padEnd(24)}${cells.join('')}`;
}
