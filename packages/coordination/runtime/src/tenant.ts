/**
 * A tenant: one log, one kernel, one thread.
 *
 * Open: the log is scanned (and a torn tail cut), the tree is built in the same pass, the store is
 * brought up to the log. From then on the store is never behind a reader: commands are applied and
 * made durable in one synchronous step, so nobody sees a row that a crash could take back.
 */

import { type Crypto, type RowOpening, openRow } from '@veritydb/crypto';
import { type Command, type Event, type KernelState, type RowChange } from '@veritydb/kernel';
import { type Disk, Log, type Scrubbed, type StoredRecord } from '@veritydb/log';
import { MerkleTree, signCheckpoint, treeRoot } from '@veritydb/merkle';
import type { Store } from '@veritydb/store';
import {
  type Hash,
  type IdempotencyId,
  type KeyId,
  type Offset,
  type TenantId,
  type Timestamp,
  assert,
  bytesEqual,
  toOffset,
} from '@veritydb/types';

import type { Clock } from './clock.ts';
import { type CommitResult, CommitPath } from './commit.ts';
import { RuntimeError } from './error.ts';
import { type KeyPurpose, KeyStore } from './key-store.ts';
import type { MasterKeyProvider } from './master-key.ts';
import type { Random } from './random.ts';
import { type Replicator, SingleReplicator } from './replicator.ts';
import { RowKeys, commitRows } from './seal.ts';
import { type Snapshot, StoreSnapshot } from './snapshot.ts';
import { SYNC_POLICY_DEFAULT, type SyncPolicy } from './sync-policy.ts';
import { type Timer, systemTimer } from './timer.ts';
import { loadState, openEvent, openView } from './view.ts';

const KEYS_NAME = 'keys.vks';

export interface TenantOptions {
  readonly tenant: TenantId;
  /** Name of the log in checkpoints (C2SP origin): a name without a scheme, such as `clinic.example/verity`. */
  readonly origin: string;
  readonly disk: Disk;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: Random;
  readonly masterKey: MasterKeyProvider;
  /** Which writes share a sync: unless told otherwise all that arrive together. */
  readonly sync?: SyncPolicy;
  readonly timer?: Timer;
}

/** A record of row changes with everything that opens its commitments. */
export interface OpenedRecord {
  readonly offset: Offset;
  readonly timestamp: Timestamp;
  /** The leaf: the header's bytes. */
  readonly leaf: Uint8Array;
  readonly chainHash: Hash;
  readonly event: Event;
  /** Commitment of each row, in order. */
  readonly commitments: readonly Hash[];
  openRow(row: number): RowOpening;
}

export class Tenant {
  readonly id: TenantId;
  readonly origin: string;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: Random;
  readonly #log: Log;
  readonly #tree: MerkleTree;
  readonly #store: Store;
  readonly #keys: KeyStore;
  readonly #rowKeys: RowKeys;
  readonly #commits: CommitPath;
  readonly #replicator: Replicator;
  readonly #signingSeed: Uint8Array;
  #isClosed = false;

  private constructor(options: TenantOptions, parts: OpenParts) {
    this.id = options.tenant;
    this.origin = options.origin;
    this.crypto = options.crypto;
    this.clock = options.clock;
    this.random = options.random;
    this.#log = parts.log;
    this.#tree = parts.tree;
    this.#store = parts.store;
    this.#keys = parts.keys;
    this.#rowKeys = parts.rowKeys;
    this.#commits = new CommitPath({ ...options, ...parts });
    this.#replicator = new SingleReplicator({
      commits: this.#commits,
      sync: options.sync ?? SYNC_POLICY_DEFAULT,
      timer: options.timer ?? systemTimer,
    });
    this.#signingSeed = parts.keys.key(parts.keys.keyFor('log-signature'));
    // A log begins with a checkpoint, so that there is always a position to read at.
    if (parts.log.nextOffset === 0) this.#commits.checkpoint();
  }

  /**
   * Opens a tenant's folder, making it when it is empty.
   *
   * @throws {LogError} ERR_LOG_CORRUPT when acknowledged data is damaged: nothing is cut in silence
   */
  static open(options: TenantOptions): Tenant {
    const { crypto, disk, tenant } = options;
    const opened: { close(): void }[] = [];
    const keep = <Opened extends { close(): void }>(one: Opened): Opened => {
      opened.push(one);
      return one;
    };
    try {
      if (disk.exists('superblock') && !disk.exists(KEYS_NAME)) throw keysMissing();
      const keys = keep(KeyStore.open({ ...options, name: KEYS_NAME }));
      const tree = new MerkleTree(crypto);
      let recordsSinceCheckpoint = 0;
      const log = keep(
        Log.open({
          disk,
          crypto,
          tenant,
          now: options.clock.now(),
          identity: () => options.random.bytes(16),
          onRecord: ({ kind }, leafHash) => {
            tree.append(leafHash);
            recordsSinceCheckpoint = kind === 'checkpoint' ? 0 : recordsSinceCheckpoint + 1;
          },
        }),
      );
      const rowKeys = new RowKeys(crypto, keys);
      const view = openView({ crypto, disk, keys, log, rowKeys });
      keep(view.store);
      return new Tenant(options, { log, tree, keys, rowKeys, ...view, recordsSinceCheckpoint });
    } catch (error) {
      for (const one of opened.toReversed()) one.close();
      throw error;
    }
  }

  /** Offset of the newest record. */
  get head(): number {
    return this.#log.nextOffset - 1;
  }

  get state(): KernelState {
    return this.#commits.state;
  }

  /** Verifier key of the log, as C2SP signed notes write it, is made from this. */
  get publicKey(): Uint8Array {
    return this.crypto.ed25519PublicKey(this.#signingSeed);
  }

  /**
   * Puts a command in order, applies it and makes it durable. Returns when it cannot be lost.
   *
   * @throws {KernelError} when it is refused: nothing was changed
   */
  async submit(
    command: Command,
    idempotencyId: IdempotencyId | null = null,
  ): Promise<CommitResult> {
    return this.#replicator.submit({ command, idempotencyId });
  }

  /**
   * The rows as of a position, or the newest.
   *
   * @throws {RuntimeError} ERR_RUNTIME_POSITION when the log is shorter than that
   */
  snapshot(at?: number): Snapshot {
    this.#commits.assertOpen();
    const position = at ?? this.head;
    if (!Number.isSafeInteger(position) || position < 0 || position > this.head) {
      throw new RuntimeError(
        'expectation',
        'ERR_RUNTIME_POSITION',
        `position ${position} is not in the log`,
        { hint: `give a position from 0 to ${this.head}` },
      );
    }
    const store = this.#store;
    const state = position === this.head ? this.state : loadState(this.crypto, store, position);
    return new StoreSnapshot(toOffset(position), state, store);
  }

  /** A record of row changes, opened, its commitments checked against its header. */
  openRecord(offset: Offset): OpenedRecord {
    const record = this.#log.read(offset);
    assert(
      bytesEqual(record.leafHash, this.#tree.leafHash(offset)),
      'record is not the tree’s leaf',
    );
    const { event, keyIds } = openEvent(this.crypto, record, this.#rowKeys, this.state);
    const commitments = commitRows(this.crypto, this.#rowKeys, offset, event.changes, keyIds);
    const root = treeRoot(this.crypto, commitments);
    assert(bytesEqual(root, record.header.commitmentsRoot), 'record does not open its commitments');
    return {
      offset,
      timestamp: record.header.timestamp,
      leaf: record.headerBytes,
      chainHash: this.#tree.leafHash(offset),
      event,
      commitments,
      openRow: (row) => {
        const { table, event: rowEvent, values } = event.changes[row] as RowChange;
        return openRow(this.crypto, {
          definition: table.definition,
          schemaDigest: table.digest,
          offset,
          event: rowEvent,
          values,
          salts: this.#rowKeys.salts(keyIds[row] as KeyId, offset, row, table),
        });
      },
    };
  }

  /** The tree over the log's leaves: proofs at any size up to the newest. */
  get tree(): MerkleTree {
    return this.#tree;
  }

  /** Every record, read again from the disk and checked against the tree, in order. */
  *verifiedRecords(): Iterable<StoredRecord> {
    for (const record of this.#log.scan(toOffset(0))) {
      const leafHash = this.#tree.leafHash(record.header.offset);
      assert(bytesEqual(record.leafHash, leafHash), 'record is not the tree’s leaf');
      yield record;
    }
  }

  /** Reads some records again and names those that the disk does not give as they were written. */
  scrub(from: Offset, count: number): Scrubbed {
    return this.#log.scrub(from, count, (offset) => this.#tree.leafHash(offset));
  }

  /** Index files of the log that were missing or wrong when it was opened, and are written again. */
  get rebuiltIndexes(): readonly string[] {
    return this.#log.rebuiltIndexes;
  }

  /** Commit time of a record. */
  timestampOf(offset: Offset): Timestamp {
    return this.#log.read(offset).header.timestamp;
  }

  /** Signs the tree of a size as a C2SP checkpoint: the same bytes each time. */
  signedCheckpoint(size: number = this.#tree.size): string {
    const checkpoint = { origin: this.origin, size, root: this.#tree.root(size) };
    return signCheckpoint(this.crypto, checkpoint, { name: this.origin, seed: this.#signingSeed });
  }

  /** A key of the tenant for a purpose outside the log: tokens, pseudonyms, audit. */
  keyFor(
    purpose: Exclude<KeyPurpose, 'subject' | 'key-encryption' | 'segment' | 'store'>,
  ): Uint8Array {
    return this.#keys.key(this.#keys.keyFor(purpose));
  }

  /** Keyed pseudonym of a value, the same for the same type and value, within this tenant. */
  pseudonym(...value: Parameters<RowKeys['mac']>): Uint8Array {
    return this.#rowKeys.mac(...value);
  }

  /** Writes a checkpoint record, flushes the store and closes every file. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#replicator.close();
    this.#commits.close();
    this.#store.close();
    this.#log.close();
    this.#keys.close();
  }
}

interface OpenParts {
  readonly log: Log;
  readonly tree: MerkleTree;
  readonly store: Store;
  readonly keys: KeyStore;
  readonly rowKeys: RowKeys;
  readonly state: KernelState;
  readonly recordsSinceCheckpoint: number;
}

function keysMissing(): RuntimeError {
  return new RuntimeError('verification', 'ERR_RUNTIME_KEYS_CORRUPT', 'the key store is missing', {
    hint: `put ${KEYS_NAME} back beside the log: without it nothing in the log can be opened`,
  });
}
