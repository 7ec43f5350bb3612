import { nativeCrypto } from '@veritydb/crypto/native';
import { SimDisk } from '@veritydb/sim';
import { expectCode } from '@veritydb/testkit';
import { decodeRecordHeader, toOffset } from '@veritydb/types';
import { describe, expect, test } from 'vitest';

import { type StoredRecord, openPayload } from '../src/index.ts';
import { KEY, openLog, plaintext, record } from './logs.ts';

const cipher = nativeCrypto.recordCipher(KEY);

function storedRecord(): StoredRecord {
  const log = openLog(new SimDisk());
  log.append([record(plaintext(1, 40), 0)]);
  return log.read(toOffset(0));
}

describe('a sealed payload', () => {
  test('opens to what was sealed', () => {
    expect(openPayload(storedRecord(), cipher)).toEqual(plaintext(1, 40));
  });

  test('does not open under another key, nor after a bit of it or of its header was changed', () => {
    const stored = storedRecord();
    const other = nativeCrypto.recordCipher(new Uint8Array(32));
    expect(expectCode(() => openPayload(stored, other), 'ERR_CRYPTO_OPEN').kind).toBe(
      'verification',
    );
    for (let at = 0; at < stored.payload.length; at += 1) {
      const payload = stored.payload.slice();
      payload[at] = (payload[at] as number) ^ 1;
      expectCode(() => openPayload({ ...stored, payload }, cipher), 'ERR_CRYPTO_OPEN');
      expectCode(
        () => openPayload({ ...stored, payload: payload.subarray(0, at) }, cipher),
        'ERR_CRYPTO_OPEN',
      );
    }
    for (let at = 0; at < 136; at += 1) {
      const headerBytes = stored.headerBytes.slice();
      headerBytes[at] = (headerBytes[at] as number) ^ 1;
      expectCode(() => openPayload({ ...stored, headerBytes }, cipher), 'ERR_CRYPTO_OPEN');
    }
    // The digest of what is sealed is not part of what is sealed.
    const headerBytes = stored.headerBytes.slice();
    headerBytes[136] = (headerBytes[136] as number) ^ 1;
    expect(openPayload({ ...stored, headerBytes }, cipher)).toEqual(plaintext(1, 40));
  });

  test('is refused where the header says that nothing is sealed', () => {
    const log = openLog(new SimDisk());
    const payload = { sealing: 'none', plaintext: plaintext(1) } as const;
    log.append([record(plaintext(1), 0, { kind: 'checkpoint', payload })]);
    const stored = log.read(toOffset(0));
    expect(decodeRecordHeader(stored.headerBytes).sealing).toBe('none');
    expect(expectCode(() => openPayload(stored, cipher), 'ERR_LOG_PAYLOAD').kind).toBe(
      'verification',
    );
  });
});
