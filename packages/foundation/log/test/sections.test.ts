import { nativeCrypto } from '@veritydb/crypto/native';
import { expectCode } from '@veritydb/testkit';
import { toGeneration, toKeyId, toOffset } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { LogError, openSection, parseSealed } from '../src/index.ts';
import { type SectionToSeal, sealedSize, writeSealed } from '../src/sections.ts';

const AT = {
  headerBytes: new Uint8Array(168).map((_, index) => index),
  generation: toGeneration(2),
  offset: toOffset(9),
};

function seal(
  sections: readonly SectionToSeal[],
  rowCount = 1,
  commitments = new Uint8Array(0),
): Uint8Array {
  const payload = new Uint8Array(sealedSize({ sections, commitments }));
  writeSealed(nativeCrypto, { ...AT, rowCount }, { sections, commitments }, payload, 0);
  return payload;
}

const sectionsOf = (...plaintexts: readonly Uint8Array[]): readonly SectionToSeal[] =>
  plaintexts.map((plaintext, index) => ({
    keyId: toKeyId(index + 1),
    key: new Uint8Array(32).fill(index),
    plaintext,
  }));

describe('sections', () => {
  test('open to what was sealed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 6 }),
        (plaintexts) => {
          const sections = sectionsOf(...plaintexts);
          const parsed = parseSealed(seal(sections), 1).sections;
          expect(parsed.map(({ keyId }) => keyId)).toEqual(sections.map(({ keyId }) => keyId));
          for (const [index, section] of parsed.entries()) {
            const { key } = sections[index] as SectionToSeal;
            expect(openSection(nativeCrypto, AT, { ...section, index, key })).toEqual(
              plaintexts[index],
            );
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  test('do not open at another index, place, key or under another header', () => {
    const [section] = parseSealed(seal(sectionsOf(new Uint8Array(5))), 1).sections;
    if (section === undefined) throw new Error('no section');
    const good = { ...section, index: 0, key: new Uint8Array(32) };
    const header = AT.headerBytes.slice();
    header[135] = (header[135] as number) ^ 1;
    for (const [at, changed] of [
      [AT, { ...good, index: 1 }],
      [AT, { ...good, keyId: toKeyId(2) }],
      [AT, { ...good, key: new Uint8Array(32).fill(1) }],
      [{ ...AT, offset: toOffset(10) }, good],
      [{ ...AT, generation: toGeneration(1) }, good],
      [{ ...AT, headerBytes: header }, good],
    ] as const) {
      expect(expectCode(() => openSection(nativeCrypto, at, changed), 'ERR_CRYPTO_OPEN').kind).toBe(
        'verification',
      );
    }
    // The digest of what is sealed is not part of what is sealed.
    const digest = AT.headerBytes.slice();
    digest[136] = 0xff;
    openSection(nativeCrypto, { ...AT, headerBytes: digest }, good);
  });

  test('one key seals one section of a record', () => {
    const [section] = sectionsOf(new Uint8Array(1)) as [SectionToSeal];
    expect(expectCode(() => seal([section, section]), 'ERR_ASSERTION').kind).toBe('assertion');
    expect(expectCode(() => seal([]), 'ERR_ASSERTION').kind).toBe('assertion');
    expect(expectCode(() => seal([{ ...section, keyId: toKeyId(0) }]), 'ERR_ASSERTION').kind).toBe(
      'assertion',
    );
  });

  test('commitments stand beside them where there are rows to tell apart', () => {
    const sections = sectionsOf(new Uint8Array(5));
    const commitments = Uint8Array.from({ length: 96 }, (_, index) => index);
    const payload = seal(sections, 3, commitments);
    expect(parseSealed(payload, 3).commitments).toEqual(commitments);
    expect(parseSealed(seal(sections), 1).commitments).toHaveLength(0);
    for (const rowCount of [0, 1, 2, 4]) {
      expect(expectCode(() => seal(sections, rowCount, commitments), 'ERR_ASSERTION').kind).toBe(
        'assertion',
      );
      const refused = expectCode(() => parseSealed(payload, rowCount), 'ERR_LOG_SECTIONS');
      expect(refused.kind).toBe('verification');
    }
  });

  test('parse strictly: every truncation, a byte more, a key twice', () => {
    const payload = seal(sectionsOf(new Uint8Array(3), new Uint8Array(4)));
    for (let size = 0; size < payload.length; size += 1) {
      expect(
        expectCode(() => parseSealed(payload.subarray(0, size), 1), 'ERR_LOG_SECTIONS').kind,
      ).toBe('verification');
    }
    expect(
      expectCode(() => parseSealed(new Uint8Array([...payload, 0]), 1), 'ERR_LOG_SECTIONS').kind,
    ).toBe('verification');
    const twice = payload.slice();
    twice[14] = 1;
    expect(expectCode(() => parseSealed(twice, 1), 'ERR_LOG_SECTIONS').kind).toBe('verification');
  });

  test('parse of anything is sections or a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(3), (bytes, count) => {
        bytes.set([count, 0].slice(0, bytes.length));
        try {
          const { sections, commitments } = parseSealed(bytes, count);
          const total = sections.reduce((size, one) => size + 12 + one.ciphertext.length, 2);
          expect(total + commitments.length).toBe(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(LogError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
