/**
 * What a range of a table's keys held at a checkpoint record, as a document that anybody checks with the
 * log's key: docs/formats/state.md. It has keys and commitments, and no values.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type KeyRange,
  STATE_SALT_SIZE,
  type StateEntry,
  decodeCheckpointPayload,
  formatTlogProof,
  hideName,
  leafHash,
  parseTlogProof,
  verifyCheckpoint,
  verifyInclusion,
  verifyRangeProof,
} from '@veritydb/merkle';
import {
  type Hash,
  type JsonValue,
  type Timestamp,
  base64ToBytes,
  bytesEqual,
  bytesToBase64,
  bytesToHex,
  canonicalJson,
  decodeRecordHeader,
  hexToBytes,
  isJsonObject,
  parseCanonicalJson,
} from '@veritydb/types';

import { TransparencyError } from './error.ts';

const FORMAT = 'veritydb.dev/state-proof/v1';
/** Characters: above what a proof of some hundred thousand rows has. */
const LENGTH_MAX = 64 * 1024 * 1024;

export interface StateProofParts {
  /** Of the table, or `table.index`. */
  readonly name: string;
  readonly range: KeyRange;
  readonly proof: Uint8Array;
  /** The checkpoint record: its header and its payload. */
  readonly leaf: Uint8Array;
  readonly payload: Uint8Array;
  /** What the name is hidden with in the payload. */
  readonly salt: Uint8Array;
  readonly offset: number;
  readonly inclusionProof: readonly Hash[];
  /** Signed, of a tree that has the record. */
  readonly checkpoint: string;
}

export function formatStateProof(parts: StateProofParts): string {
  const { checkpoint, inclusionProof, leaf, name, offset, payload, proof, range, salt } = parts;
  return canonicalJson({
    format: FORMAT,
    name,
    from: range.from === undefined ? null : bytesToHex(range.from),
    to: range.to === undefined ? null : bytesToHex(range.to),
    proof: bytesToBase64(proof),
    leaf: bytesToBase64(leaf),
    payload: bytesToBase64(payload),
    salt: bytesToHex(salt),
    inclusion: formatTlogProof({ index: offset, proof: inclusionProof, checkpoint }),
  });
}

/** What a range held: all of its entries, and no other. */
export interface StateProved {
  readonly origin: string;
  /** Offset of the checkpoint record, and when it was written: the operator's clock. */
  readonly offset: number;
  readonly timestamp: Timestamp;
  readonly name: string;
  readonly range: KeyRange;
  readonly entries: readonly StateEntry[];
}

/**
 * Checks a document from the signature down to the entries.
 *
 * @param verifierKey of the log, from a source that is trusted
 * @throws {TransparencyError} ERR_TRANSPARENCY_STATE_PROOF
 * @throws {MerkleError} where a signature or a proof does not hold
 */
export function verifyStateProof(crypto: Crypto, text: string, verifierKey: string): StateProved {
  const document = parse(text);
  const { checkpoint, index, proof } = parseTlogProof(document.inclusion);
  const { origin, root, size } = verifyCheckpoint(crypto, checkpoint, verifierKey);
  const hash = leafHash(crypto, document.leaf);
  verifyInclusion(crypto, { root, size, index, leafHash: hash, proof });
  const header = decodeRecordHeader(document.leaf);
  if (header.kind !== 'checkpoint' || header.offset !== index) {
    throw refused('the record is no checkpoint record of its place');
  }
  if (!bytesEqual(crypto.sha256(document.payload), header.payloadDigest)) {
    throw refused('the payload is not the one that the record has');
  }
  const { roots } = decodeCheckpointPayload(document.payload);
  if (document.salt.length !== STATE_SALT_SIZE) throw refused('its salt has another size');
  const hidden = hideName(crypto, document.salt, document.name);
  const found = roots.find((each) => bytesEqual(each.name, hidden));
  if (found === undefined) throw refused('the record has no root of this name');
  const { name, range } = document;
  const entries = verifyRangeProof(crypto, { root: found.root, range, proof: document.proof });
  return { origin, offset: index, timestamp: header.timestamp, name, range, entries };
}

interface ParsedDocument {
  readonly name: string;
  readonly range: KeyRange;
  readonly proof: Uint8Array;
  readonly leaf: Uint8Array;
  readonly payload: Uint8Array;
  readonly salt: Uint8Array;
  readonly inclusion: string;
}

const MEMBERS = ['format', 'from', 'inclusion', 'leaf', 'name', 'payload', 'proof', 'salt', 'to'];

function parse(text: string): ParsedDocument {
  // Attacker-controlled: any text.
  if (text.length > LENGTH_MAX) throw refused('it is too long');
  try {
    const json = parseCanonicalJson(text.trimEnd());
    if (!isJsonObject(json) || Object.keys(json).toSorted().join() !== MEMBERS.join()) {
      throw refused('its members are others');
    }
    const { format, from = null, inclusion, leaf, name, payload, proof, salt, to = null } = json;
    if (format !== FORMAT) throw refused('it is of another format');
    return {
      name: textOf(name),
      range: {
        ...(from === null ? {} : { from: hexToBytes(textOf(from)) }),
        ...(to === null ? {} : { to: hexToBytes(textOf(to)) }),
      },
      proof: base64ToBytes(textOf(proof)),
      leaf: base64ToBytes(textOf(leaf)),
      payload: base64ToBytes(textOf(payload)),
      salt: hexToBytes(textOf(salt)),
      inclusion: textOf(inclusion),
    };
  } catch (error) {
    if (error instanceof TransparencyError) throw error;
    throw refused('it is not the JSON that it should be', error);
  }
}

function textOf(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  throw refused('a text is missing');
}

function refused(what: string, cause?: unknown): TransparencyError {
  return new TransparencyError(
    'verification',
    'ERR_TRANSPARENCY_STATE_PROOF',
    `the proof of state is refused: ${what}`,
    { hint: 'ask for another: verity log prove-state', ...(cause === undefined ? {} : { cause }) },
  );
}
