import { nativeCrypto } from '@veritydb/crypto/native';
import { codeOf } from '@veritydb/testkit';
import { bytesToHex } from '@veritydb/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  COMMANDS,
  HEADER_SIZE,
  type HeaderFields,
  VsrError,
  buildMessage,
  buildRoot,
  encodeHeaders,
  encodeRecoveryRecord,
  parseHeaders,
  parseMessage,
  parseRecoveryRecord,
} from '../src/index.ts';

const cluster = new Uint8Array(16).fill(3);
const digest = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

const prepare = (op: number, body = new Uint8Array(5).fill(op)) =>
  buildMessage(
    nativeCrypto,
    cluster,
    {
      command: 'prepare',
      replica: 1,
      view: 4,
      parent: digest(1),
      subject: digest(2),
      op,
      commit: 2 ** 40,
      timestampUs: 1_700_000_000_000_001,
      client: 2 ** 53 - 1,
      session: 9,
      request: 7,
      operation: 16,
    },
    body,
  );

const parse = (bytes: Uint8Array) => parseMessage(nativeCrypto, cluster, bytes);

/** Makes changed bytes look as if they had been meant. */
function reseal(bytes: Uint8Array): Uint8Array {
  nativeCrypto.sha256Into(bytes, HEADER_SIZE, bytes.length, bytes, 32);
  nativeCrypto.sha256Into(bytes, 32, HEADER_SIZE, bytes, 0);
  return bytes;
}

describe('messages', () => {
  it('are read as they were written', () => {
    const message = prepare(12);
    expect(parse(message.bytes)).toEqual(message);
    expect(message.header).toMatchObject({ op: 12, commit: 2 ** 40, client: 2 ** 53 - 1 });
  });

  it('have the bytes of docs/formats/vsr.md', () => {
    const { bytes } = prepare(12);
    expect(bytesToHex(bytes.subarray(96, 128))).toBe(
      '0501000000000000' + '0400000000000000' + '0100' + '02' + '01' + '00'.repeat(12),
    );
    expect(bytesToHex(bytes.subarray(192, 240))).toBe(
      '0c00000000000000' +
        '0000000000010000' +
        '01401e18240a0600' +
        'ffffffffffff1f00' +
        '0900000000000000' +
        '07000000' +
        '10' +
        '000000',
    );
    expect(COMMANDS.indexOf('commit_ok')).toBe(16);
  });

  it('lose nobody a bit: each flip is seen', () => {
    const { bytes } = prepare(3);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      expect(
        codeOf(() => parse(changed)),
        `byte ${at}`,
      ).toBe('ERR_VSR_MESSAGE');
    }
  });

  it('are refused when they say what their command cannot', () => {
    for (const command of COMMANDS) {
      const fields: HeaderFields = { command, replica: 0, view: 1 };
      expect(parse(buildMessage(nativeCrypto, cluster, fields).bytes).header.command).toBe(command);
    }
    const wrong = (fields: Partial<HeaderFields>, body?: Uint8Array): string | undefined => {
      const all: HeaderFields = { command: 'start_view_change', replica: 0, view: 1, ...fields };
      return codeOf(() => parse(buildMessage(nativeCrypto, cluster, all, body).bytes));
    };
    const others = [{ op: 1 }, { commit: 1 }, { client: 1 }, { session: 1 }, { request: 1 }];
    for (const fields of [...others, { operation: 1 }, { timestampUs: 1 }]) {
      expect(wrong(fields)).toBe('ERR_VSR_MESSAGE');
    }
    expect(wrong({ parent: digest(1) })).toBe('ERR_VSR_MESSAGE');
    expect(wrong({ subject: digest(1) })).toBe('ERR_VSR_MESSAGE');
    expect(wrong({}, new Uint8Array(1))).toBe('ERR_VSR_MESSAGE');
  });

  it('are of one cluster and one protocol, and keep reserved bytes zero', () => {
    for (const at of [64, 80, 100, 108, 112, 114, 116, 237, 255]) {
      const changed = prepare(3).bytes.slice();
      changed[at] = 0xee;
      expect(
        codeOf(() => parse(reseal(changed))),
        `byte ${at}`,
      ).toBe('ERR_VSR_MESSAGE');
    }
    const large = prepare(3).bytes.slice();
    large[199] = 0xff;
    expect(codeOf(() => parse(reseal(large)))).toBe('ERR_VSR_MESSAGE');
    const short = prepare(3).bytes.slice(0, 200);
    expect(codeOf(() => parse(short))).toBe('ERR_VSR_MESSAGE');
    expect(codeOf(() => parse(prepare(3).bytes.slice(0, 258)))).toBe('ERR_VSR_MESSAGE');
  });

  it('throw nothing but a coded error, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0, maxLength: 600 }),
        fc.boolean(),
        (bytes, isSealed) => {
          const input = isSealed && bytes.length >= HEADER_SIZE ? reseal(bytes.slice()) : bytes;
          try {
            parse(input);
          } catch (error) {
            expect(error).toBeInstanceOf(VsrError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('lists of headers', () => {
  const list = [prepare(9).header, undefined, prepare(7).header];

  it('go from the head down, with blanks', () => {
    const body = encodeHeaders(list);
    expect(parseHeaders(nativeCrypto, cluster, body, 9)).toEqual(list);
    expect(codeOf(() => parseHeaders(nativeCrypto, cluster, body, 8))).toBe('ERR_VSR_MESSAGE');
    const headless = encodeHeaders([undefined, prepare(8).header]);
    expect(codeOf(() => parseHeaders(nativeCrypto, cluster, headless, 9))).toBe('ERR_VSR_MESSAGE');
    for (const size of [0, 1, 255]) {
      const part = body.subarray(0, size);
      expect(codeOf(() => parseHeaders(nativeCrypto, cluster, part, 9))).toBe('ERR_VSR_MESSAGE');
    }
    const root = encodeHeaders([buildRoot(nativeCrypto, cluster).header, undefined]);
    expect(codeOf(() => parseHeaders(nativeCrypto, cluster, root, 0))).toBe('ERR_VSR_MESSAGE');
  });
});

// S190, S191, S192: what a new view knew to be committed, where it went on, and what it discarded.
describe('recovery records', () => {
  const record = {
    view: 5,
    logView: 3,
    knownCommitted: 10,
    recoveryPoint: 11,
    discardedMax: 13,
    checksums: [digest(1), digest(2)],
  };

  it('are read as they were written', () => {
    expect(parseRecoveryRecord(encodeRecoveryRecord(record))).toEqual(record);
  });

  it('are refused unless they add up', () => {
    const bytes = encodeRecoveryRecord(record);
    for (const size of [0, 31, 32, 64, 95]) {
      expect(codeOf(() => parseRecoveryRecord(bytes.subarray(0, size)))).toBe('ERR_VSR_MESSAGE');
    }
    const later = encodeRecoveryRecord({ ...record, knownCommitted: 12 });
    expect(codeOf(() => parseRecoveryRecord(later))).toBe('ERR_VSR_MESSAGE');
  });
});
