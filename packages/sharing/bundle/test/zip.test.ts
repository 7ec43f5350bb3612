import { crc32 as zlibCrc32 } from 'node:zlib';

import { crc32 } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { bytesEqual, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BundleError, type BundleErrorCode } from '../src/error.ts';
import { verifyBundle } from '../src/verify.ts';
import { type ZipEntry, buildZip, parseZip } from '../src/zip.ts';
import { exportPatients } from './export-fixture.ts';

const two: readonly ZipEntry[] = [
  { name: 'a', bytes: utf8Encode('one') },
  { name: 'b/c.txt', bytes: utf8Encode('three') },
];
const honest = buildZip(two);
/** Where the parts of that zip stand: its layout is fixed. */
const LOCAL_B = 30 + 1 + 3;
const CENTRAL_A = LOCAL_B + 30 + 7 + 5;
const CENTRAL_B = CENTRAL_A + 46 + 1;
const END = CENTRAL_B + 46 + 7;

function codeOf(bytes: Uint8Array): BundleErrorCode | null {
  try {
    parseZip(bytes);
    return null;
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return error.code;
  }
}

function patched(...patches: readonly (readonly [number, number])[]): Uint8Array {
  const copy = honest.slice();
  for (const [at, byte] of patches) copy[at] = byte;
  return copy;
}

describe('CRC-32', () => {
  it('gives the check value of its polynomial', () => {
    expect(crc32(utf8Encode('123456789'))).toBe(0xcbf4_3926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });

  it.runIf(typeof zlibCrc32 === 'function')('agrees with zlib', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(crc32(bytes)).toBe(zlibCrc32(bytes));
      }),
    );
  });
});

describe('a zip', () => {
  it('reads back as it was built, sorted', () => {
    expect(parseZip(honest)).toEqual(two.map((entry) => ({ ...entry, damaged: false })));
    expect(buildZip(two.toReversed())).toEqual(honest);
    expect(parseZip(buildZip([]))).toEqual([]);
  });

  it('has its parts where the format puts them', () => {
    expect(honest.length).toBe(END + 22);
    const view = new DataView(honest.buffer);
    const signatures = [0, LOCAL_B, CENTRAL_A, CENTRAL_B, END].map((at) =>
      view.getUint32(at, true),
    );
    expect(signatures.map((signature) => signature.toString(16))).toEqual([
      '4034b50',
      '4034b50',
      '2014b50',
      '2014b50',
      '6054b50',
    ]);
  });

  it('is one sequence of bytes for one list of entries', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,8}$/);
    const entries = fc.uniqueArray(fc.record({ name, bytes: fc.uint8Array({ maxLength: 40 }) }), {
      selector: (entry) => entry.name,
      maxLength: 8,
    });
    fc.assert(
      fc.property(entries, (list) => {
        const bytes = buildZip(list);
        expect(buildZip(parseZip(bytes))).toEqual(bytes);
      }),
    );
  });
});

describe('a hostile zip', () => {
  it.each<readonly [string, Uint8Array, BundleErrorCode]>([
    ['nothing', new Uint8Array(0), 'ERR_BUNDLE_ZIP'],
    ['bytes before it', new Uint8Array([0, ...honest]), 'ERR_BUNDLE_ZIP'],
    ['bytes after it', new Uint8Array([...honest, 0]), 'ERR_BUNDLE_ZIP'],
    ['a comment', patched([END + 20, 1]), 'ERR_BUNDLE_ZIP'],
    ['a comment on an entry', patched([CENTRAL_A + 32, 1]), 'ERR_BUNDLE_ZIP'],
    ['an extra field in the directory', patched([CENTRAL_A + 30, 4]), 'ERR_BUNDLE_ZIP'],
    ['an extra field in an entry', patched([28, 4]), 'ERR_BUNDLE_ZIP'],
    ['encryption', patched([6, 1], [CENTRAL_A + 8, 1]), 'ERR_BUNDLE_ZIP'],
    ['a data descriptor', patched([6, 8], [CENTRAL_A + 8, 8]), 'ERR_BUNDLE_ZIP'],
    ['compression', patched([8, 8], [CENTRAL_A + 10, 8]), 'ERR_BUNDLE_ZIP'],
    ['zip64', patched([4, 45], [CENTRAL_A + 6, 45]), 'ERR_BUNDLE_ZIP'],
    ['another date', patched([12, 0x22], [CENTRAL_A + 14, 0x22]), 'ERR_BUNDLE_ZIP'],
    ['the rights of a link', patched([CENTRAL_A + 41, 0xa1]), 'ERR_BUNDLE_ZIP'],
    ['a second disk', patched([CENTRAL_A + 34, 1]), 'ERR_BUNDLE_ZIP'],
    ['entries that overlap', patched([CENTRAL_B + 42, 0]), 'ERR_BUNDLE_ZIP'],
    ['a gap', patched([CENTRAL_B + 42, LOCAL_B + 1]), 'ERR_BUNDLE_ZIP'],
    ['a size that differs', patched([CENTRAL_A + 24, 4]), 'ERR_BUNDLE_ZIP'],
    ['a size beyond the end', patched([CENTRAL_B + 27, 1], [CENTRAL_B + 23, 1]), 'ERR_BUNDLE_ZIP'],
    ['a huge size', patched([CENTRAL_B + 27, 0x7f], [CENTRAL_B + 23, 0x7f]), 'ERR_BUNDLE_LIMIT'],
    ['another count', patched([END + 10, 1], [END + 8, 1]), 'ERR_BUNDLE_ZIP'],
    ['too many entries', patched([END + 10, 129], [END + 8, 129]), 'ERR_BUNDLE_LIMIT'],
    ['a directory elsewhere', patched([END + 16, CENTRAL_A + 1]), 'ERR_BUNDLE_ZIP'],
    ['another local name', patched([30, 0x62]), 'ERR_BUNDLE_ZIP'],
    ['a name twice', patched([30, 0x63], [CENTRAL_A + 46, 0x63]), 'ERR_BUNDLE_ZIP'],
    ['an absolute name', patched([30, 0x2f], [CENTRAL_A + 46, 0x2f]), 'ERR_BUNDLE_ZIP'],
    ['a name of a dot', patched([30, 0x2e], [CENTRAL_A + 46, 0x2e]), 'ERR_BUNDLE_ZIP'],
    ['a backslash', patched([30, 0x5c], [CENTRAL_A + 46, 0x5c]), 'ERR_BUNDLE_ZIP'],
    ['a name that is no ASCII', patched([30, 0xc3], [CENTRAL_A + 46, 0xc3]), 'ERR_BUNDLE_ZIP'],
    ['a checksum that differs', patched([14, 0]), 'ERR_BUNDLE_ZIP'],
  ])('is refused: %s', (_what, bytes, code) => {
    expect(codeOf(bytes)).toBe(code);
  });

  it('is read with a damaged entry, which it names', () => {
    const damage = (bytes: Uint8Array): unknown => parseZip(bytes).map(({ damaged }) => damaged);
    expect(damage(patched([31, 0]))).toEqual([true, false]);
    expect(damage(patched([CENTRAL_A - 1, 0]))).toEqual([false, true]);
    expect(damage(patched([14, 0], [CENTRAL_A + 16, 0]))).toEqual([true, false]);
  });

  it.each([
    '../a',
    'a/../b',
    '/a',
    'a//b',
    'a/',
    '',
    'C:a',
    'a\\b',
    'a\u{0}',
    'é',
    'a'.repeat(256),
  ])('is not built: name %j', (name) => {
    expect(() => buildZip([{ name, bytes: new Uint8Array(1) }])).toThrow(BundleError);
  });

  it('is not built with a name twice, or with too many entries', () => {
    const bytes = new Uint8Array(1);
    expect(() => buildZip([two[0] as ZipEntry, two[0] as ZipEntry])).toThrow(BundleError);
    const many = Array.from({ length: 129 }, (_, index) => ({ name: `f${index}`, bytes }));
    expect(() => buildZip(many)).toThrow(BundleError);
  });

  it('is refused above the caps that the caller sets', () => {
    const limits = { totalSizeMax: 1000, entrySizeMax: 4 };
    const limited = (): unknown => parseZip(honest, limits);
    expect(limited).toThrow(expect.objectContaining({ code: 'ERR_BUNDLE_LIMIT' }) as Error);
    expect(() => parseZip(honest, { totalSizeMax: 10, entrySizeMax: 10 })).toThrow(
      expect.objectContaining({ code: 'ERR_BUNDLE_LIMIT' }) as Error,
    );
  });
});

/** Anything but an error of ours, which is what a reader may throw. */
function surprise(read: () => unknown): unknown {
  try {
    read();
  } catch (error) {
    if (!(error instanceof BundleError)) return error;
  }
  return null;
}

describe('foreign bytes', () => {
  it('are refused with coded errors only: random ones', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(surprise(() => parseZip(bytes))).toBeNull();
      }),
      { numRuns: 2000 },
    );
  });

  it('are refused with coded errors only: a bundle with some bytes changed', () => {
    const { bytes, log } = exportPatients();
    const { verifierKey } = log;
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const copy = bytes.slice();
        for (const [at, byte] of changes) copy[at] = byte;
        const verify = (): void => {
          const { holds } = verifyBundle(nativeCrypto, copy, { verifierKey });
          expect(holds).toBe(bytesEqual(copy, bytes));
        };
        expect(surprise(verify)).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });
});
