import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type Checkpoint,
  MerkleError,
  MerkleTree,
  formatCheckpoint,
  formatTlogProof,
  formatVerifierKey,
  parseCheckpoint,
  parseTlogProof,
  signCheckpoint,
  signNote,
  verifyCheckpoint,
  verifyInclusion,
} from '@veritydb/merkle';
import { codeOf } from '@veritydb/testkit';
import { bytesToBase64, toHash } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hasShared, sharedText } from '../../types/test/shared-vectors.ts';
import { leavesOf } from './recursive-tree.ts';

const SIGNER = { name: 'clinic.example/verity', seed: new Uint8Array(32).fill(42) };
const KEY = formatVerifierKey(
  nativeCrypto,
  SIGNER.name,
  nativeCrypto.ed25519PublicKey(SIGNER.seed),
);
const ROOT = toHash(new Uint8Array(32).fill(7));
const ROOT_TEXT = bytesToBase64(ROOT);
const CHECKPOINT: Checkpoint = { origin: SIGNER.name, size: 12_345, root: ROOT };

/** Transparency-dev tessera, testdata of size 15: signed by another implementation. */
const TESSERA_KEY =
  'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx';
const TESSERA =
  'example.com/log/testdata\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n\n— example.com/log/testdata M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=\n';

describe('checkpoints', () => {
  test('three lines, read back as they were', () => {
    const text = formatCheckpoint(CHECKPOINT);
    expect(text).toBe(`clinic.example/verity\n12345\n${ROOT_TEXT}\n`);
    expect(parseCheckpoint(text)).toEqual(CHECKPOINT);
  });

  test('one of another implementation verifies', () => {
    const checkpoint = verifyCheckpoint(nativeCrypto, TESSERA, TESSERA_KEY);
    expect([checkpoint.origin, checkpoint.size]).toEqual(['example.com/log/testdata', 15]);
  });

  // S143
  test('signing is deterministic and verifies', () => {
    const note = signCheckpoint(nativeCrypto, CHECKPOINT, SIGNER);
    expect(signCheckpoint(nativeCrypto, CHECKPOINT, SIGNER)).toBe(note);
    expect(verifyCheckpoint(nativeCrypto, note, KEY)).toEqual(CHECKPOINT);
  });

  test('the origin must be the name of the key', () => {
    const foreign = signNote(nativeCrypto, `other.example\n1\n${ROOT_TEXT}\n`, SIGNER);
    const verify = (): Checkpoint => verifyCheckpoint(nativeCrypto, foreign, KEY);
    expect(codeOf(verify)).toBe('ERR_MERKLE_CHECKPOINT');
  });

  test.each([
    ['nothing', ''],
    ['two lines', `a\n1\n`],
    ['an extension line', `a\n1\n${ROOT_TEXT}\nextra\n`],
    ['an empty fourth line', `a\n1\n${ROOT_TEXT}\n\n`],
    ['no final newline', `a\n1\n${ROOT_TEXT}`],
    ['an empty origin', `\n1\n${ROOT_TEXT}\n`],
    ['a leading zero', `a\n01\n${ROOT_TEXT}\n`],
    ['a plus', `a\n+1\n${ROOT_TEXT}\n`],
    ['a minus', `a\n-1\n${ROOT_TEXT}\n`],
    ['a space', `a\n 1\n${ROOT_TEXT}\n`],
    ['a point', `a\n1.0\n${ROOT_TEXT}\n`],
    ['an exponent', `a\n1e3\n${ROOT_TEXT}\n`],
    ['hexadecimal', `a\n0x1\n${ROOT_TEXT}\n`],
    ['no size', `a\n\n${ROOT_TEXT}\n`],
    ['a size above 2^53', `a\n9007199254740993\n${ROOT_TEXT}\n`],
    ['a size of 17 digits', `a\n10000000000000000\n${ROOT_TEXT}\n`],
    ['a root of 31 bytes', `a\n1\n${bytesToBase64(new Uint8Array(31))}\n`],
    ['a root without padding', `a\n1\n${ROOT_TEXT.slice(0, -1)}\n`],
    ['a root with a space', `a\n1\n${ROOT_TEXT} \n`],
    ['a carriage return', `a\n1\r\n${ROOT_TEXT}\n`],
  ])('%s is refused', (_, text) => {
    expect(codeOf(() => parseCheckpoint(text))).toBe('ERR_MERKLE_CHECKPOINT');
  });

  test('what is accepted is written back to the same bytes', () => {
    const text = formatCheckpoint(CHECKPOINT);
    const spoiled = fc
      .tuple(fc.nat(text.length), fc.nat(5), fc.string({ maxLength: 2 }))
      .map(([at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut));
    fc.assert(
      fc.property(fc.oneof(fc.string(), spoiled), (one) => {
        try {
          expect(formatCheckpoint(parseCheckpoint(one))).toBe(one);
        } catch (error) {
          if (!(error instanceof MerkleError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('tlog-proof', () => {
  const tree = new MerkleTree(nativeCrypto);
  for (const leaf of leavesOf(11)) tree.append(leaf);
  const checkpoint = signCheckpoint(
    nativeCrypto,
    { origin: SIGNER.name, size: tree.size, root: tree.root() },
    SIGNER,
  );

  test('written as the specification says, read back, and verified', () => {
    for (let index = 0; index < tree.size; index += 1) {
      const proof = tree.inclusionProof(index);
      const text = formatTlogProof({ index, proof, checkpoint });
      const hashes = proof.map((hash) => `${bytesToBase64(hash)}\n`).join('');
      expect(text).toBe(`c2sp.org/tlog-proof@v1\nindex ${index}\n${hashes}\n${checkpoint}`);
      const read = parseTlogProof(text);
      expect(read).toEqual({ index, proof, checkpoint });
      const { size, root } = verifyCheckpoint(nativeCrypto, read.checkpoint, KEY);
      const leafHash = tree.leafHash(index);
      verifyInclusion(nativeCrypto, { index, size, leafHash, proof: read.proof, root });
    }
  });

  test('the proof in a tree of one leaf has no hashes', () => {
    const text = formatTlogProof({ index: 0, proof: [], checkpoint });
    expect(text.startsWith('c2sp.org/tlog-proof@v1\nindex 0\n\n')).toBe(true);
    expect(parseTlogProof(text).proof).toEqual([]);
  });

  test.each([
    ['nothing', ''],
    ['another version', `c2sp.org/tlog-proof@v2\nindex 0\n\n${checkpoint}`],
    ['no index', `c2sp.org/tlog-proof@v1\n\n${checkpoint}`],
    ['a leading zero', `c2sp.org/tlog-proof@v1\nindex 01\n\n${checkpoint}`],
    ['an index above 2^53', `c2sp.org/tlog-proof@v1\nindex 9007199254740993\n\n${checkpoint}`],
    ['two spaces', `c2sp.org/tlog-proof@v1\nindex  1\n\n${checkpoint}`],
    ['extra data', `c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n\n${checkpoint}`],
    ['a short hash', `c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n${checkpoint}`],
    ['no base64', `c2sp.org/tlog-proof@v1\nindex 0\n????\n\n${checkpoint}`],
    ['no empty line', `c2sp.org/tlog-proof@v1\nindex 0\n${ROOT_TEXT}\n`],
    // Of a checkpoint that no reader would take, so that its length is not looked at only then.
    ['too long a text', `c2sp.org/tlog-proof@v1\nindex 0\n\n${'a'.repeat(1_048_576)}`],
    [
      'more hashes than any tree is deep',
      `c2sp.org/tlog-proof@v1\nindex 0\n${`${ROOT_TEXT}\n`.repeat(60)}\n${checkpoint}`,
    ],
  ])('%s is refused', (_, text) => {
    expect(codeOf(() => parseTlogProof(text))).toBe('ERR_MERKLE_TLOG_PROOF');
  });

  test('no text makes the parser throw anything but its code', () => {
    const text = formatTlogProof({ index: 5, proof: tree.inclusionProof(5), checkpoint });
    const spoiled = fc
      .tuple(fc.nat(text.length), fc.nat(40), fc.string({ unit: 'binary', maxLength: 3 }))
      .map(([at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut));
    fc.assert(
      fc.property(fc.oneof(fc.string(), spoiled), (one) => {
        try {
          expect(formatTlogProof(parseTlogProof(one))).toBe(one);
        } catch (error) {
          if (!(error instanceof MerkleError)) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe.runIf(hasShared('vectors/tessera-tlog'))('tessera', () => {
  test('every signed checkpoint verifies and is written to the same bytes', () => {
    for (let size = 1; size <= 15; size += 1) {
      const note = sharedText(`vectors/tessera-tlog/log/checkpoint.${size}`);
      const checkpoint = verifyCheckpoint(nativeCrypto, note, TESSERA_KEY);
      expect(checkpoint.size).toBe(size);
      expect(note.startsWith(`${formatCheckpoint(checkpoint)}\n`)).toBe(true);
    }
  });
});
