import { expectTypeOf, test } from 'vitest';

import type { LogErrorCode } from '../src/index.ts';

// Codes are part of the interface: one that is here is never renamed, and never means anything else.
test('codes', () => {
  expectTypeOf<LogErrorCode>().toEqualTypeOf<
    | 'ERR_LOG_CORRUPT'
    | 'ERR_LOG_RECORD'
    | 'ERR_LOG_PAYLOAD'
    | 'ERR_LOG_SUPERBLOCK'
    | 'ERR_LOG_OFFSET'
    | 'ERR_LOG_READ'
    | 'ERR_LOG_WRITE'
    | 'ERR_LOG_CLOSED'
  >();
});
