/** Codes that others rely on: a new one is added here, an old one stays. */

import { expect, it } from 'vitest';

import { RuntimeError, type RuntimeErrorCode } from '../src/index.ts';

const CODES = {
  ERR_RUNTIME_BACKUP: true,
  ERR_RUNTIME_BATCH: true,
  ERR_RUNTIME_TOMBSTONES: true,
  ERR_RUNTIME_CLOSED: true,
  ERR_RUNTIME_PROJECTION_SIZE: true,
  ERR_RUNTIME_PROJECTION_VALUE: true,
  ERR_RUNTIME_ERASED: true,
  ERR_RUNTIME_ERASING: true,
  ERR_RUNTIME_FAILED: true,
  ERR_RUNTIME_HISTORY_POLICY: true,
  ERR_RUNTIME_RETENTION: true,
  ERR_RUNTIME_LOCKED: true,
  ERR_RUNTIME_MASTER_KEY: true,
  ERR_RUNTIME_KEYS_CORRUPT: true,
  ERR_RUNTIME_KEY_UNKNOWN: true,
  ERR_RUNTIME_NO_ROOT: true,
  ERR_RUNTIME_POSITION: true,
  ERR_RUNTIME_QUEUE_FULL: true,
  ERR_RUNTIME_RECORD_SIZE: true,
  ERR_RUNTIME_SQL_DEADLINE: true,
  ERR_RUNTIME_SYNC_POLICY: true,
} satisfies Record<RuntimeErrorCode, true>;

it('codes are pinned', () => {
  expect(Object.keys(CODES).length).toBe(21);
  for (const code of Object.keys(CODES) as RuntimeErrorCode[]) {
    expect(new RuntimeError('format', code, 'text').code).toBe(code);
  }
});
