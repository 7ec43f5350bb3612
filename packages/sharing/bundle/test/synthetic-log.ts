/** A log made in memory, with records, openings and proofs as the real one has them. */

import {
  type Crypto,
  type RecordCipher,
  type RowEvent,
  type RowOpening,
  digestLayout,
  openRow,
  schemaDigest,
} from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type Envelope,
  MerkleTree,
  formatVerifierKey,
  leafHash,
  signCheckpoint,
  signEnvelope,
  signReceipt,
  treeRoot,
} from '@veritydb/merkle';
import {
  type Hash,
  type Offset,
  type Row,
  type TableDefinition,
  type TableSchema,
  decodeRecordHeader,
  encodeRecordHeader,
  toGeneration,
  toHash,
  toKeyId,
  toOffset,
  toTableId,
  toTableSchema,
  toTenantId,
  toTimestamp,
} from '@veritydb/types';

import type { RecordOpening } from '../src/record-opening.ts';

export interface RowToWrite {
  readonly schema: TableSchema;
  readonly event?: RowEvent;
  readonly values: Row;
}

export interface SyntheticRecord {
  readonly leaf: Uint8Array;
  readonly openings: readonly RowOpening[];
  /** Tree over the commitments of its rows. */
  readonly rowTree: MerkleTree;
}

export function schemaOf(id: number, definition: TableDefinition): TableSchema {
  return toTableSchema(toTableId(id), definition, schemaDigest(nativeCrypto, definition));
}

export class SyntheticLog {
  readonly origin: string;
  readonly seed: Uint8Array;
  readonly tree: MerkleTree;
  readonly records: SyntheticRecord[] = [];
  readonly #crypto: Crypto = nativeCrypto;
  readonly #cipher: RecordCipher;
  #previous: Hash = toHash(new Uint8Array(32));

  constructor(origin = 'log.example/tenant-7', seedByte = 7) {
    this.origin = origin;
    this.seed = new Uint8Array(32).fill(seedByte);
    this.#cipher = this.#crypto.recordCipher(new Uint8Array(32).fill(seedByte + 1));
    this.tree = new MerkleTree(this.#crypto);
  }

  get verifierKey(): string {
    return formatVerifierKey(this.#crypto, this.origin, this.#crypto.ed25519PublicKey(this.seed));
  }

  append(rows: readonly RowToWrite[], tenant = 7): Offset {
    const offset = toOffset(this.records.length);
    const openings = rows.map(({ schema, event, values }, row) =>
      openRow(this.#crypto, {
        definition: schema.definition,
        schemaDigest: schema.digest,
        offset,
        event: event ?? 'insert',
        values,
        salts: this.#cipher.salts(
          { generation: toGeneration(1), offset },
          row,
          digestLayout(schema.definition).length,
        ),
      }),
    );
    const rowTree = new MerkleTree(this.#crypto);
    for (const { commitment } of openings) rowTree.append(commitment);
    const leaf = encodeRecordHeader({
      kind: rows.length === 0 ? 'checkpoint' : 'data',
      sealing: 'sealed',
      payloadSize: 100,
      tenant: toTenantId(tenant),
      offset,
      timestamp: toTimestamp(1_700_000_000_000_000_000n + BigInt(offset)),
      generation: toGeneration(1),
      schemaVersion: 1,
      keyId: toKeyId(1),
      rowCount: rows.length,
      batchIndex: 0,
      idempotencyId: null,
      previousHash: this.#previous,
      commitmentsRoot: treeRoot(
        this.#crypto,
        openings.map(({ commitment }) => commitment),
      ),
      payloadDigest: this.#crypto.sha256(new Uint8Array([offset & 0xff])),
    });
    this.#previous = leafHash(this.#crypto, leaf);
    this.tree.append(this.#previous);
    this.records.push({ leaf, openings, rowTree });
    return offset;
  }

  checkpoint(size: number = this.tree.size): string {
    const checkpoint = { origin: this.origin, size, root: this.tree.root(size) };
    return signCheckpoint(this.#crypto, checkpoint, { name: this.origin, seed: this.seed });
  }

  envelope(envelope: Envelope): string {
    return signEnvelope(this.#crypto, envelope, { name: this.origin, seed: this.seed });
  }

  receipt(offset: number, size: number): Uint8Array {
    const { leaf } = this.records[offset] as SyntheticRecord;
    const proof = this.tree.inclusionProof(offset, size);
    const inclusion = { index: offset, size, leafHash: leafHash(this.#crypto, leaf), proof };
    return signReceipt(this.#crypto, inclusion, { name: this.origin, seed: this.seed });
  }

  opening(offset: number, row: number): RowOpening {
    return (this.records[offset] as SyntheticRecord).openings[row] as RowOpening;
  }

  proveRow(offset: number, row: number, size: number): RecordOpening {
    const { leaf, rowTree } = this.records[offset] as SyntheticRecord;
    const { rowCount } = decodeRecordHeader(leaf);
    return {
      opening: this.opening(offset, row),
      row,
      leaf,
      rowProof: rowTree.batchProof([row], rowCount),
      inclusionProof: this.tree.inclusionProof(offset, size),
    };
  }
}
