/** One record, one sync: what the log adds to a write and an fdatasync of as many bytes in a ready file. */

import { closeSync, fdatasyncSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { openNodeDisk } from '@veritydb/runtime';
import { RECORD_HEADER_SIZE } from '@veritydb/types';

import type { Benchmark } from '../benchmark.ts';
import { openLog, payloads, recordStamper } from '../houses.ts';

const RECORD_COUNT = 200;
/** Header, payload, CRC. */
const RECORD_SIZE = RECORD_HEADER_SIZE + 256 + 4;
const FILE_SIZE = 16 * 1024 * 1024;

export const singleSync: Benchmark = {
  name: 'single-sync',
  ours: 'Log.append of one record, durable',
  peer: 'write + fdatasync, zeroed file',
  unit: 'record',
  clock: 'wall',
  goal: { of: 'ratio', floor: 0.8, stretch: 0.95 },
  open(folder) {
    const bytes = payloads(RECORD_COUNT);
    const stamp = recordStamper();
    const log = openLog(openNodeDisk(join(folder, 'log')));

    const path = join(folder, 'raw');
    writeFileSync(path, new Uint8Array(FILE_SIZE), { flush: true });
    const descriptor = openSync(path, 'r+');
    const record = new Uint8Array(RECORD_SIZE).fill(7);
    let position = 0;
    return {
      ours: {
        run() {
          for (const payload of bytes) log.append([stamp(payload)]);
          return bytes.length;
        },
      },
      peer: {
        run() {
          for (let index = 0; index < RECORD_COUNT; index += 1) {
            writeSync(descriptor, record, 0, RECORD_SIZE, position);
            fdatasyncSync(descriptor);
            position += RECORD_SIZE;
          }
          return RECORD_COUNT;
        },
      },
      close() {
        log.close();
        closeSync(descriptor);
      },
    };
  },
};
