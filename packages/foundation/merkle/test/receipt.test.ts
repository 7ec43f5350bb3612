/** COSE receipts: the form of RFC 9942, put together by hand; other people's signature; every bit of one. */

import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { nativeCrypto } from '@veritydb/crypto/native';
import { type Hash, concatBytes, hexToBytes, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MerkleError } from '../src/error.ts';
import { leafHash } from '../src/hash.ts';
import { signReceipt, verifyReceipt } from '../src/receipt.ts';
import { verifierKeyOf } from '../src/signed-note.ts';
import { MerkleTree } from '../src/tree.ts';

const SIGNER = { name: 'log.example/1', seed: new Uint8Array(32).fill(9) };
const KEY = verifierKeyOf(nativeCrypto, SIGNER, 'note');

const leaves: Hash[] = [];
const tree = new MerkleTree(nativeCrypto);
for (let index = 0; index < 9; index += 1) {
  const hash = leafHash(nativeCrypto, utf8Encode(`record ${index}`));
  leaves.push(hash);
  tree.append(hash);
}

function receiptOf(index: number, size: number): Uint8Array {
  const proof = tree.inclusionProof(index, size);
  const inclusion = { index, size, proof, leafHash: leaves[index] as Hash };
  return signReceipt(nativeCrypto, inclusion, SIGNER);
}

function check(receipt: Uint8Array, index: number): object {
  return verifyReceipt(nativeCrypto, receipt, leaves[index] as Hash, KEY);
}

function refusalOf(receipt: Uint8Array, index = 1): string {
  try {
    check(receipt, index);
    return 'taken';
  } catch (error) {
    if (error instanceof MerkleError) return error.code;
    throw error;
  }
}

const hex = (text: string): Uint8Array => hexToBytes(text.replaceAll(/\s/g, ''));

/** RFC 9942 §5.2.1, in the bytes of RFC 8949 §3, for leaf 1 of 3. */
const KID = utf8Encode(`log.example/1+${Buffer.from(KEY.keyId).toString('hex')}`);
const HEADER = concatBytes(hex('a3 01 27 04 56'), KID, hex('19018b 01'));
const path = tree.inclusionProof(1, 3);
const PROOF = concatBytes(
  hex('83 03 01 82 5820'),
  path[0] as Uint8Array,
  hex('5820'),
  path[1] as Uint8Array,
);
const UP_TO_SIGNATURE = concatBytes(
  hex('d2 84 581f'),
  HEADER,
  hex('a1 19018c a1 20 81 5848'),
  PROOF,
  hex('f6 5840'),
);

describe('a COSE receipt', () => {
  const receipt = receiptOf(1, 3);

  it('is of the form of RFC 9942, byte for byte', () => {
    expect(KID.length).toBe(0x16);
    expect([HEADER.length, PROOF.length]).toEqual([0x1f, 0x48]);
    expect(receipt.subarray(0, -64)).toEqual(UP_TO_SIGNATURE);
  });

  it('is signed as RFC 9052 §4.4 says, which OpenSSL confirms', () => {
    const x = Buffer.from(KEY.publicKey).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const context = concatBytes(hex('84 6a'), utf8Encode('Signature1'));
    const signed = concatBytes(context, hex('581f'), HEADER, hex('40 5820'), tree.root(3));
    expect(verify(null, signed, key, receipt.subarray(-64))).toBe(true);
  });

  it('of each leaf in each tree is taken, and says where it stands', () => {
    for (let size = 2; size <= leaves.length; size += 1) {
      for (let index = 0; index < size; index += 1) {
        expect(check(receiptOf(index, size), index)).toEqual({
          index,
          size,
          root: tree.root(size),
        });
      }
    }
  });

  it('counts with every bit of it', () => {
    for (let bit = 0; bit < receipt.length * 8; bit += 1) {
      const copy = receipt.slice();
      copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(refusalOf(copy), `bit ${bit}`).not.toBe('taken');
    }
    for (let end = 0; end < receipt.length; end += 1) {
      expect(refusalOf(receipt.subarray(0, end))).toBe('ERR_MERKLE_RECEIPT');
    }
  });

  it('is refused for another leaf, under another key, and in a tree of one leaf', () => {
    expect(refusalOf(receipt, 2)).toBe('ERR_MERKLE_SIGNATURE');
    for (const other of [
      { ...SIGNER, name: 'log.example/2' },
      { ...SIGNER, seed: new Uint8Array(32) },
    ]) {
      const key = verifierKeyOf(nativeCrypto, other, 'note');
      expect(() => verifyReceipt(nativeCrypto, receipt, leaves[1] as Hash, key)).toThrow(
        expect.objectContaining({ code: 'ERR_MERKLE_RECEIPT' }),
      );
    }
    expect(() => receiptOf(0, 1)).toThrow('a receipt of a tree of one leaf');
  });
});

it('is made as docs/formats/checkpoint.md shows it', () => {
  const page = readFileSync(
    new URL('../../../../docs/formats/checkpoint.md', import.meta.url),
    'utf8',
  );
  const shown = /```receipt\n([0-9a-f\n]+)```/.exec(page)?.[1] ?? '';
  const seed = /```seed\n([0-9a-f]+)\n```/.exec(page)?.[1] ?? '';
  const three = new MerkleTree(nativeCrypto);
  const hashes = ['one', 'two', 'three'].map((text) => leafHash(nativeCrypto, utf8Encode(text)));
  for (const hash of hashes) three.append(hash);
  const proof = three.inclusionProof(1, 3);
  const inclusion = { index: 1, size: 3, leafHash: hashes[1] as Hash, proof };
  const signer = { name: 'clinic.example/verity', seed: hexToBytes(seed) };
  expect(signReceipt(nativeCrypto, inclusion, signer)).toEqual(hex(shown));
});

describe('other forms', () => {
  const signature = receiptOf(1, 3).subarray(-64);
  const body = (header: Uint8Array, unprotected: Uint8Array, payload = hex('f6')): Uint8Array =>
    concatBytes(hex('d2 84 581f'), header, unprotected, payload, hex('5840'), signature);
  const proofs = concatBytes(hex('a1 19018c a1 20 81 5848'), PROOF);
  const path55 = concatBytes(
    ...Array.from({ length: 55 }, () => concatBytes(hex('5820'), new Uint8Array(32))),
  );
  const long = concatBytes(hex('83 03 01 98 37'), path55);

  it.each([
    ['without the tag', receiptOf(1, 3).subarray(1)],
    ['of another algorithm', body(Uint8Array.from(HEADER).fill(0x26, 2, 3), proofs)],
    ['of another structure', body(Uint8Array.from(HEADER).fill(2, -1), proofs)],
    ['of consistency', body(HEADER, concatBytes(hex('a1 19018c a1 21 81 5848'), PROOF))],
    ['with a root beside it', body(HEADER, proofs, concatBytes(hex('5820'), tree.root(3)))],
    ['with an empty path', body(HEADER, hex('a1 19018c a1 20 81 44 83 03 01 80'))],
    ['deeper than any tree', body(HEADER, concatBytes(hex('a1 19018c a1 20 81 59 0776'), long))],
    ['with bytes behind it', concatBytes(receiptOf(1, 3), hex('00'))],
    ['of nothing', new Uint8Array()],
  ])('%s are refused', (_what, receipt) => {
    expect(body(HEADER, proofs)).toEqual(receiptOf(1, 3));
    expect(refusalOf(receipt)).toBe('ERR_MERKLE_RECEIPT');
  });

  it('and any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(200), (bytes, keep) => {
        const mixed = concatBytes(UP_TO_SIGNATURE.subarray(0, keep), bytes);
        expect(refusalOf(mixed)).not.toBe('taken');
      }),
    );
  });

  it('and a proof that leads elsewhere', () => {
    const other = receiptOf(2, 3);
    expect(refusalOf(other, 1)).toBe('ERR_MERKLE_SIGNATURE');
  });
});
