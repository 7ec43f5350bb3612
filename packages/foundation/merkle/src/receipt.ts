/**
 * COSE receipts (RFC 9942): that a record stands in the log, as a COSE_Sign1 (RFC 9052) over the root of
 * its tree, for those whose tools read these and no C2SP texts. One form of the many, in deterministic CBOR
 * (RFC 8949 §4.2.1): EdDSA by the Ed25519 key of a log, whose verifier key's name and id are the key id; one
 * inclusion proof of RFC9162_SHA256; the payload, which is the root, detached.
 *
 *     18([<<{1: -8, 4: kid, 395: 1}>>, {396: {-1: [<<[size, index, [+ hash]]>>]}}, null, signature])
 *
 * What is signed is the root alone: size and index lead to it, and another pair may do so with the same
 * hashes. Whoever needs to be sure of the index looks into the leaf; of the size, into a checkpoint.
 *
 * What is signed begins with 0x84, which no UTF-8 text begins with: it is no checkpoint and no envelope.
 */

import { type Crypto, CryptoError } from '@veritydb/crypto';
import {
  CanonicalReader,
  CanonicalWriter,
  HASH_SIZE,
  type Hash,
  TypesError,
  assert,
  bytesEqual,
  bytesToHex,
  toHash,
  utf8Encode,
} from '@veritydb/types';

import { MerkleError } from './error.ts';
import { type Inclusion, rootFromInclusionProof } from './proof.ts';
import { type Signer, type VerifierKey, verifierKeyOf } from './signed-note.ts';
import { DEPTH_MAX } from './walk.ts';

/** Labels of header parameters: RFC 9052 §3.1, RFC 9942 §2. */
const LABEL = { algorithm: 1, keyId: 4, structure: 395, proofs: 396 } as const;
/** RFC 9053 §2.2. */
const EDDSA = -8;
/** RFC 9942 §5. */
const RFC9162_SHA256 = 1;
const INCLUSION = -1;

const TAG_SIGN1 = Uint8Array.of(0xc0 | 18);
const SIGNATURE_SIZE = 64;

/** What a receipt says: where its leaf stands, and the root that the key has signed. */
export type ReceiptFacts = Pick<Inclusion, 'index' | 'size'> & { readonly root: Hash };

/** A map's head: what of CBOR the canonical profile leaves out. */
function mapOf(count: number): Uint8Array {
  return Uint8Array.of(0xa0 | count);
}

/** Labels ascend by the bytes of their encodings. */
function protectedHeader(key: VerifierKey): Uint8Array {
  return new CanonicalWriter()
    .raw(mapOf(3))
    .integer(LABEL.algorithm)
    .integer(EDDSA)
    .integer(LABEL.keyId)
    .bytes(utf8Encode(`${key.name}+${bytesToHex(key.keyId)}`))
    .integer(LABEL.structure)
    .integer(RFC9162_SHA256)
    .finish();
}

/** Head of the unprotected header, up to the one proof in it. */
const PROOFS_HEAD: Uint8Array = new CanonicalWriter()
  .raw(mapOf(1))
  .integer(LABEL.proofs)
  .raw(mapOf(1))
  .integer(INCLUSION)
  .array(1)
  .finish();

/** Sig_structure: the bytes that are signed (RFC 9052 §4.4), without external data. */
function signedBytes(header: Uint8Array, root: Hash): Uint8Array {
  return new CanonicalWriter()
    .array(4)
    .text('Signature1')
    .bytes(header)
    .bytes(new Uint8Array())
    .bytes(root)
    .finish();
}

/** Signs that a leaf is in a tree. The tree has two leaves at least: RFC 9942 takes no empty path. */
export function signReceipt(crypto: Crypto, inclusion: Inclusion, signer: Signer): Uint8Array {
  assert(inclusion.proof.length > 0, 'a receipt of a tree of one leaf');
  const root = rootFromInclusionProof(crypto, inclusion);
  const header = protectedHeader(verifierKeyOf(crypto, signer, 'note'));
  const { index, proof, size } = inclusion;
  const path = new CanonicalWriter().array(3).integer(size).integer(index).array(proof.length);
  for (const hash of proof) path.bytes(hash);
  return new CanonicalWriter()
    .raw(TAG_SIGN1)
    .array(4)
    .bytes(header)
    .raw(PROOFS_HEAD)
    .bytes(path.finish())
    .null()
    .bytes(crypto.ed25519Sign(signer.seed, signedBytes(header, root)))
    .finish();
}

/**
 * Verifies that a leaf is in a tree whose root the key has signed.
 *
 * @throws {MerkleError} ERR_MERKLE_RECEIPT, ERR_MERKLE_PROOF, ERR_MERKLE_SIGNATURE
 */
export function verifyReceipt(
  crypto: Crypto,
  receipt: Uint8Array,
  leafHash: Hash,
  key: VerifierKey,
): ReceiptFacts {
  const header = protectedHeader(key);
  const { index, proof, signature, size } = parseReceipt(receipt, header);
  const root = rootFromInclusionProof(crypto, { index, size, leafHash, proof });
  try {
    crypto.ed25519Verify(key.publicKey, signedBytes(header, root), signature);
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    const what = 'the key has not signed the root that leaf and receipt lead to';
    throw new MerkleError('verification', 'ERR_MERKLE_SIGNATURE', what, { cause });
  }
  return { index, root, size };
}

interface ParsedReceipt extends Omit<Inclusion, 'leafHash'> {
  readonly signature: Uint8Array;
}

function parseReceipt(receipt: Uint8Array, header: Uint8Array): ParsedReceipt {
  // Attacker-controlled: any bytes. The reader refuses what is not canonical, and caps each length.
  try {
    const outer = new CanonicalReader(receipt);
    outer.literal(TAG_SIGN1);
    outer.arrayOf(4);
    if (!bytesEqual(outer.bytes(), header)) throw malformed();
    outer.literal(PROOFS_HEAD);
    const inner = new CanonicalReader(outer.bytes());
    outer.null();
    const signature = outer.bytes();
    outer.end();
    inner.arrayOf(3);
    const size = inner.count();
    const index = inner.count();
    const count = inner.array();
    if (count < 1 || count > DEPTH_MAX || signature.length !== SIGNATURE_SIZE) throw malformed();
    const proof: Hash[] = [];
    while (proof.length < count) proof.push(hashOf(inner.bytes()));
    inner.end();
    return { index, proof, signature, size };
  } catch (error) {
    if (error instanceof TypesError) throw malformed();
    throw error;
  }
}

function hashOf(bytes: Uint8Array): Hash {
  if (bytes.length !== HASH_SIZE) throw malformed();
  return toHash(bytes);
}

function malformed(): MerkleError {
  return new MerkleError(
    'verification',
    'ERR_MERKLE_RECEIPT',
    'the bytes are no COSE receipt of one inclusion proof by this key, in deterministic CBOR',
  );
}
