/**
 * A tenant: one log, one kernel, one thread.
 *
 * Open: the log is scanned (and a torn tail cut), the tree is built in the same pass, the store is
 * brought up to the log. From then on the store is never behind a reader: commands are applied and
 * made durable in one synchronous step, so nobody sees a row that a crash could take back.
 */

import type { Crypto, RowOpening } from '@veritydb/crypto';
import { openRow } from '@veritydb/crypto';
import {
  type Command,
  type Event,
  type KernelState,
  type RowChange,
  decodeEvent,
  evolve,
  evolvePolicy,
  evolveTable,
  initialState,
} from '@veritydb/kernel';
import { type Disk, Log, type StoredRecord, openSection, parseSections } from '@veritydb/log';
import { MerkleTree, signCheckpoint, treeRoot } from '@veritydb/merkle';
import { Store, StoreError } from '@veritydb/store';
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
import { idempotencyWrite, scanRows, toStoreWrite } from './rows.ts';
import { RowKeys, commitRows } from './seal.ts';
import { type Snapshot, StoreSnapshot } from './snapshot.ts';

export interface TenantOptions {
  readonly tenant: TenantId;
  /** Name of the log in checkpoints (C2SP origin): a name without a scheme, such as `clinic.example/verity`. */
  readonly origin: string;
  readonly disk: Disk;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: Random;
  readonly masterKey: MasterKeyProvider;
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
    this.#replicator = new SingleReplicator(this.#commits);
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
      const keys = keep(KeyStore.open({ ...options, name: 'keys.vks' }));
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
      const store = keep(openStore(options, keys, log.nextOffset));
      const loaded = loadState(crypto, store);
      const state = catchUp({ crypto, log, store, rowKeys, state: loaded });
      return new Tenant(options, {
        log,
        tree,
        store,
        keys,
        rowKeys,
        state,
        recordsSinceCheckpoint,
      });
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
    const event = openEvent(this.crypto, record, this.#rowKeys, this.state);
    const keyIds = event.changes.map((change) => this.#rowKeys.keyOf(change));
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

/**
 * The store is a view: one that is missing, damaged or ahead of the log is built again. Its key lives as
 * long as its file: page nonces start again with a new file.
 */
function openStore(options: TenantOptions, keys: KeyStore, nextOffset: number): Store {
  const { crypto, disk } = options;
  const name = 'store.vdb';
  if (disk.exists(name)) {
    try {
      const store = Store.open({ disk, name, crypto, key: keys.key(keys.keyFor('store')) });
      if (store.appliedPosition < nextOffset) return store;
      store.close();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
    disk.remove(name);
  }
  return Store.open({ disk, name, crypto, key: keys.key(keys.replaceKey('store')) });
}

/** The kernel's state from the reserved tables as of a position. */
function loadState(crypto: Crypto, store: Store, position?: number): KernelState {
  let state = initialState(crypto);
  const at = position ?? store.appliedPosition;
  if (at < 0) return state;
  const tables = state.reserved.get('verity_tables');
  const policies = state.reserved.get('verity_policies');
  assert(tables !== undefined && policies !== undefined, 'reserved table is missing');
  for (const row of scanRows(store, tables, { kind: 'scan' }, at)) {
    state = evolveTable(state, row.values, crypto);
  }
  for (const row of scanRows(store, policies, { kind: 'scan' }, at)) {
    state = evolvePolicy(state, row.values);
  }
  return state;
}

interface CatchUp {
  readonly crypto: Crypto;
  readonly log: Log;
  readonly store: Store;
  readonly rowKeys: RowKeys;
  readonly state: KernelState;
}

/** Brings the store up to the log: every record after the store's position, folded in order. */
function catchUp({ crypto, log, store, rowKeys, state }: CatchUp): KernelState {
  let current = state;
  for (const record of log.scan(toOffset(store.appliedPosition + 1))) {
    const { offset, kind, idempotencyId } = record.header;
    if (kind !== 'data') {
      store.apply(offset, []);
      continue;
    }
    const event = openEvent(crypto, record, rowKeys, current);
    const writes = event.changes.map((change, row) => toStoreWrite(change, row));
    if (idempotencyId !== null && event.commandDigest !== null) {
      writes.push(idempotencyWrite(idempotencyId, event.commandDigest));
    }
    store.apply(offset, writes);
    current = evolve(current, event, crypto);
  }
  return current;
}

/** Opens the sections of a record and reads the event back. */
function openEvent(
  crypto: Crypto,
  record: StoredRecord,
  rowKeys: RowKeys,
  state: KernelState,
): Event {
  const { headerBytes } = record;
  const { generation, offset } = record.header;
  const plaintexts = parseSections(record.payload).map((section, index) =>
    openSection(
      crypto,
      { headerBytes, generation, offset },
      { ...section, index, key: rowKeys.key(section.keyId) },
    ),
  );
  return decodeEvent(plaintexts, state.tablesById);
}
