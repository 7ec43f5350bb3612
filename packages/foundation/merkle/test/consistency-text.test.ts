import { nativeCrypto } from '@veritydb/crypto/native';
import {
  MerkleError,
  MerkleTree,
  formatConsistencyText,
  formatVerifierKey,
  parseConsistencyText,
  signCheckpoint,
  verifyCheckpoint,
  verifyConsistency,
} from '@veritydb/merkle';
import { codeOf } from '@veritydb/testkit';
import { toHash } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hasShared, sharedText } from '../../types/test/shared-vectors.ts';
import { leavesOf } from './recursive-tree.ts';

const SIGNER = { name: 'clinic.example/verity', seed: new Uint8Array(32).fill(42) };

/** C2SP tlog-witness, "add-checkpoint": the example of a request's body. */
const WITNESS_EXAMPLE = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`;

describe('consistency texts', () => {
  test('are the bodies of add-checkpoint requests (C2SP tlog-witness)', () => {
    const parsed = parseConsistencyText(WITNESS_EXAMPLE);
    expect(parsed.oldSize).toBe(20_852_014);
    expect(parsed.proof.length).toBe(4);
    expect(parsed.checkpoint.startsWith('example.com/behind-the-sofa\n20852163\n')).toBe(true);
    expect(formatConsistencyText(parsed)).toBe(WITNESS_EXAMPLE);
  });

  /** Requests that litewitness's own tests send: published, not part of the repository. */
  const FILES = ['litewitness-sumdb', 'litewitness-transcript'];
  test.runIf(hasShared('vectors/c2sp')).each(FILES)('of %s come back as they were', (name) => {
    const text = sharedText(`vectors/c2sp/${name}.txtar`);
    const bodies = [...text.matchAll(/^```\n(old [0-9]+\n.*?)^```$/gms)].map(([, body]) => body);
    expect(bodies.length).toBeGreaterThan(0);
    for (const body of bodies as string[]) {
      expect(formatConsistencyText(parseConsistencyText(body))).toBe(body);
    }
  });

  test('prove what they were made for, at every pair of sizes', () => {
    const publicKey = nativeCrypto.ed25519PublicKey(SIGNER.seed);
    const key = formatVerifierKey(nativeCrypto, SIGNER.name, publicKey);
    const tree = new MerkleTree(nativeCrypto);
    for (const leaf of leavesOf(9)) tree.append(leaf);
    for (let newSize = 1; newSize <= 9; newSize += 1) {
      for (let oldSize = 1; oldSize <= newSize; oldSize += 1) {
        const root = tree.root(newSize);
        const signed = { origin: SIGNER.name, size: newSize, root };
        const checkpoint = signCheckpoint(nativeCrypto, signed, SIGNER);
        const proof = tree.consistencyProof(oldSize, newSize);
        const text = formatConsistencyText({ oldSize, proof, checkpoint });
        const parsed = parseConsistencyText(text);
        const newer = verifyCheckpoint(nativeCrypto, parsed.checkpoint, key);
        verifyConsistency(nativeCrypto, {
          oldSize: parsed.oldSize,
          oldRoot: tree.root(oldSize),
          newSize: newer.size,
          newRoot: newer.root,
          proof: parsed.proof,
        });
      }
    }
  });

  test('that are malformed are refused', () => {
    const hash = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';
    for (const text of [
      '',
      'old 1\n',
      'old 1\nrest',
      'new 1\n\nnote',
      'old 01\n\nnote',
      'old -1\n\nnote',
      'old 9999999999999999\n\nnote',
      'old 1\nAAAA\n\nnote',
      'old 1\n!\n\nnote',
      `old 1\n${`${hash}\n`.repeat(64)}\nnote`,
      `old 1\n\n${'x'.repeat(1_010_000)}`,
    ]) {
      expect(codeOf(() => parseConsistencyText(text))).toBe('ERR_MERKLE_CONSISTENCY');
    }
    const proof = Array.from({ length: 63 }, () => toHash(new Uint8Array(32)));
    const longest = formatConsistencyText({ oldSize: 1, proof, checkpoint: 'note\n' });
    expect(parseConsistencyText(longest).proof.length).toBe(63);
  });

  test('read back as they were, or are refused with our code', () => {
    const lines = fc.array(fc.string({ maxLength: 50 }), { maxLength: 6 });
    fc.assert(
      fc.property(lines, (rest) => {
        const text = `old 7\n${rest.join('\n')}`;
        try {
          expect(formatConsistencyText(parseConsistencyText(text))).toBe(text);
        } catch (error) {
          expect(error).toBeInstanceOf(MerkleError);
        }
      }),
    );
  });
});
