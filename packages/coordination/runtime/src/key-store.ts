/**
 * The key store: wrapped keys beside the log, never in it, so that one can be destroyed.
 *
 * One file of slots, whose bytes are in `key-slot.ts`: slot n holds key id n, which is never used for another
 * key. Keys are wrapped (RFC 5649) under the tenant's key-encryption key, and that one under the master key.
 *
 * A key is durable before the first record that needs it: {@link KeyStore.sync} comes before the
 * append, wraps all keys that are new and writes them as one, and its header counts the slots of every sync before. A torn slot at or after that count is
 * therefore one that no record refers to: it is cut off with all that follow it. One before it is damage.
 *
 * The key-encryption key is replaced by writing the whole file anew: every key is wrapped again, and
 * nothing that a key has sealed is touched.
 *
 * A key that is destroyed is overwritten where it lies; what a replacement that was not finished left
 * behind may hold it as well, and is removed. Its slot stays, so that nobody takes what it sealed for damage, and
 * its id for one that is free.
 */

import { type Crypto, WRAPPED_KEY_SIZE, clearBytes, wrapKeys } from '@veritydb/crypto';
import type { Disk, DiskFile } from '@veritydb/log';
import { type KeyId, type TenantId, assert, concatBytes, toKeyId } from '@veritydb/types';

import { RuntimeError } from './error.ts';
import {
  type KeyPurpose,
  SLOT_SIZE,
  type Slot,
  corrupt,
  decodeHeader,
  decodeSlot,
  encodeHeader,
  encodeSlot,
  encodeSlots,
} from './key-slot.ts';
import type { MasterKeyProvider } from './master-key.ts';
import type { Random } from './random.ts';

/** What stands for a wrapped key until it is wrapped, and once it is destroyed. */
const NOT_WRAPPED = new Uint8Array(WRAPPED_KEY_SIZE);
/** Id of the key-encryption key. */
const ROOT = 1;

export interface KeyStoreOptions {
  readonly disk: Disk;
  readonly name: string;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly masterKey: MasterKeyProvider;
  readonly tenant: TenantId;
}

export class KeyStore {
  readonly #options: KeyStoreOptions;
  /** None where a rotation failed so that nobody can tell which file has the name. */
  #opened: DiskFile | undefined;
  readonly #slots: (Slot | undefined)[] = [undefined];
  readonly #bySubject = new Map<string, KeyId>();
  readonly #byPurpose = new Map<KeyPurpose, KeyId>();
  /** Keys of data subjects that are destroyed. */
  #destroyedCount = 0;
  /** Unwrapped keys, cleared on close. */
  readonly #open = new Map<KeyId, Uint8Array>();
  /** From this id on keys are new: neither wrapped nor written yet. */
  #firstNew = 1;
  #keyEncryptionKey: Uint8Array = new Uint8Array(0);
  #dirty = false;
  /** Slots that are durable, the header among them. */
  #durableCount = 0;

  private constructor(options: KeyStoreOptions, file: DiskFile) {
    this.#options = options;
    this.#opened = file;
  }

  get #file(): DiskFile {
    this.#assertWritable();
    return this.#opened as DiskFile;
  }

  #assertWritable(): void {
    if (this.#opened !== undefined) return;
    throw new RuntimeError('unavailable', 'ERR_RUNTIME_FAILED', 'the keys could not be replaced', {
      hint: 'repair the disk, then open the database again: nothing acknowledged is lost',
    });
  }

  /**
   * Opens the key store of a tenant, making it when it is not there.
   *
   * @throws {RuntimeError} ERR_RUNTIME_KEYS_CORRUPT, ERR_RUNTIME_MASTER_KEY
   */
  static open(options: KeyStoreOptions): KeyStore {
    const { disk, masterKey, name } = options;
    const key = masterKey.masterKey();
    try {
      if (!disk.exists(name)) createFile(options, key);
      const store = new KeyStore(options, disk.open(name, 'existing'));
      try {
        store.#load(key);
      } catch (error) {
        store.#file.close();
        throw error;
      }
      return store;
    } finally {
      clearBytes(key);
    }
  }

  #load(masterKey: Uint8Array): void {
    const bytes = new Uint8Array(this.#file.size());
    this.#file.readAt(bytes, 0);
    const durable = decodeHeader(bytes, this.#options.tenant);
    for (let id = 1; (id + 1) * SLOT_SIZE <= bytes.length; id += 1) {
      const slot = decodeSlot(bytes.subarray(id * SLOT_SIZE, (id + 1) * SLOT_SIZE), id);
      if (slot === undefined) break;
      this.#remember(toKeyId(id), slot);
    }
    const count = this.#slots.length;
    if (count < durable) throw corrupt(`slot ${count} is damaged or missing`);
    this.#firstNew = count;
    const root = this.#slots[ROOT];
    assert(root !== undefined, 'key store has no key-encryption key');
    try {
      this.#keyEncryptionKey = this.#options.crypto.unwrapKey(masterKey, root.wrapped);
    } catch (error) {
      throw new RuntimeError('denied', 'ERR_RUNTIME_MASTER_KEY', 'master key does not fit', {
        hint: 'use the master key that this database was made with',
        cause: error,
      });
    }
    this.#durableCount = count;
    if (count === durable && bytes.length === count * SLOT_SIZE) return;
    // It was not closed. What was read may still be on its way to the disk, or be taken for written after
    // a sync that failed, and the rest is torn.
    this.#file.truncate(count * SLOT_SIZE);
    this.#file.writeAt(bytes.subarray(0, count * SLOT_SIZE), 0);
    this.#file.sync();
    this.#writeHeader();
  }

  /** Says how many slots are durable; durable itself with the next sync. */
  #writeHeader(): void {
    this.#file.writeAt(encodeHeader(this.#options.tenant, this.#durableCount), 0);
  }

  #remember(id: KeyId, slot: Slot): void {
    assert(id === this.#slots.length, 'key ids are not in order');
    this.#slots.push(slot);
    if (!slot.live) {
      if (slot.purpose === 'subject') this.#destroyedCount += 1;
      return;
    }
    if (slot.purpose === 'subject') this.#bySubject.set(nameOf(slot.subjectMac), id);
    else this.#byPurpose.set(slot.purpose, id);
  }

  /** The newest live key of a purpose that has one key, made when there is none. Durable on return. */
  keyFor(purpose: Exclude<KeyPurpose, 'subject' | 'key-encryption'>): KeyId {
    const id = this.#byPurpose.get(purpose) ?? this.#createKey(purpose, new Uint8Array(32));
    this.sync();
    return id;
  }

  /** A new key of a purpose: what is made from now on is under it, the ones before still open what was. */
  newKey(purpose: 'segment' | 'token-signature'): KeyId {
    const id = this.#createKey(purpose, new Uint8Array(32));
    this.sync();
    return id;
  }

  /** The live keys of a purpose, newest first. */
  keysOf(purpose: KeyPurpose): readonly KeyId[] {
    return this.#slots
      .flatMap((slot, id) => (slot?.live === true && slot.purpose === purpose ? [toKeyId(id)] : []))
      .toReversed();
  }

  /** Destroys the keys of a purpose but the newest. Durable on return. */
  retireKeys(purpose: 'token-signature'): void {
    for (const id of this.keysOf(purpose).slice(1)) this.#overwrite(id);
    this.sync();
  }

  /** A new key for a purpose, in place of the one before, which is destroyed. Durable on return. */
  replaceKey(purpose: Exclude<KeyPurpose, 'subject' | 'key-encryption'>): KeyId {
    const before = this.#byPurpose.get(purpose);
    if (before !== undefined) this.#overwrite(before);
    const id = this.#createKey(purpose, new Uint8Array(32));
    this.sync();
    return id;
  }

  /** Destroys the key of a data subject, if it is not destroyed already. Durable on return. */
  destroy(id: KeyId): void {
    const slot = this.#slots[id];
    assert(slot?.purpose === 'subject', 'only the key of a data subject is destroyed by itself');
    const { disk, name } = this.#options;
    if (disk.exists(unfinishedName(name))) disk.remove(unfinishedName(name));
    this.#writeNew();
    if (slot.live) this.#overwrite(id);
    this.sync();
  }

  #overwrite(id: KeyId): void {
    const slot = this.#slots[id];
    assert(slot !== undefined, 'a key that never was cannot be destroyed');
    assert(id < this.#firstNew, 'a key that was never written is not overwritten');
    const destroyed: Slot = { ...slot, live: false, wrapped: NOT_WRAPPED };
    this.#file.writeAt(encodeSlot(id, destroyed), id * SLOT_SIZE);
    this.#dirty = true;
    this.#slots[id] = destroyed;
    this.#bySubject.delete(nameOf(slot.subjectMac));
    if (slot.purpose === 'subject') this.#destroyedCount += 1;
    const opened = this.#open.get(id);
    if (opened !== undefined) clearBytes(opened);
    this.#open.delete(id);
  }

  /** Whether a key was there and is destroyed: what it sealed was erased, and is not damaged. */
  isDestroyed(id: KeyId): boolean {
    return this.#slots[id]?.live === false;
  }

  /** Data subjects whose keys are destroyed. */
  erasedSubjects(): readonly { readonly keyId: KeyId; readonly subjectMac: Uint8Array }[] {
    return this.#slots.flatMap((slot, id) =>
      slot?.purpose === 'subject' && !slot.live
        ? [{ keyId: toKeyId(id), subjectMac: slot.subjectMac }]
        : [],
    );
  }

  /** Whether any data subject's key was destroyed. */
  get hasErased(): boolean {
    return this.#destroyedCount > 0;
  }

  /** Asks the disk again whether a key is destroyed there, and no byte of it is left. */
  isDestroyedOnDisk(id: KeyId): boolean {
    const { disk, name } = this.#options;
    if (disk.exists(unfinishedName(name))) return false;
    const bytes = new Uint8Array(SLOT_SIZE);
    this.#file.readAt(bytes, id * SLOT_SIZE);
    const slot = decodeSlot(bytes, id);
    return slot?.live === false && slot.wrapped.every((byte) => byte === 0);
  }

  /** The live key of a data subject, if there is one. */
  findSubjectKey(subjectMac: Uint8Array): KeyId | undefined {
    return this.#bySubject.get(nameOf(subjectMac));
  }

  /**
   * The live key of a data subject, made when there is none: {@link sync} makes it durable.
   *
   * @param subjectMac is kept
   */
  subjectKey(subjectMac: Uint8Array): KeyId {
    return this.findSubjectKey(subjectMac) ?? this.#createKey('subject', subjectMac);
  }

  #createKey(purpose: KeyPurpose, subjectMac: Uint8Array): KeyId {
    this.#assertWritable();
    const id = toKeyId(this.#slots.length);
    const key = this.#options.random.bytes(32);
    assert(key.length === 32, 'random key is not 32 bytes');
    this.#remember(id, { purpose, live: true, subjectMac, wrapped: NOT_WRAPPED });
    this.#open.set(id, key);
    return id;
  }

  /** Wraps the new keys and writes their slots. */
  #writeNew(): void {
    const first = this.#firstNew;
    const slots = this.#slots.slice(first) as readonly Slot[];
    if (slots.length === 0) return;
    const keys = slots.map((_, index) => this.key(toKeyId(first + index)));
    const allWrapped = wrapKeys(this.#options.crypto, this.#keyEncryptionKey, keys);
    const wrappedSlots = slots.map(({ live, purpose, subjectMac }, index): Slot => {
      const at = index * WRAPPED_KEY_SIZE;
      const wrapped = allWrapped.subarray(at, at + WRAPPED_KEY_SIZE);
      return { purpose, live, subjectMac, wrapped };
    });
    this.#file.writeAt(encodeSlots(toKeyId(first), wrappedSlots), first * SLOT_SIZE);
    for (const [index, slot] of wrappedSlots.entries()) this.#slots[first + index] = slot;
    this.#firstNew = this.#slots.length;
    this.#dirty = true;
  }

  /**
   * A key by its id.
   *
   * @throws {RuntimeError} ERR_RUNTIME_KEY_UNKNOWN when it was destroyed or never was
   */
  key(id: KeyId): Uint8Array {
    const opened = this.#open.get(id);
    if (opened !== undefined) return opened;
    const slot = this.#slots[id];
    if (slot === undefined || !slot.live) {
      throw new RuntimeError('denied', 'ERR_RUNTIME_KEY_UNKNOWN', `key ${id} is not there`, {
        hint: 'it was destroyed, or the key store is older than the log',
      });
    }
    const key = this.#options.crypto.unwrapKey(this.#keyEncryptionKey, slot.wrapped);
    this.#open.set(id, key);
    return key;
  }

  /**
   * Replaces the key-encryption key: every live key is wrapped under a new one. Durable on return; what
   * was sealed stays as it is.
   */
  rotate(): void {
    const { crypto, disk, masterKey, name, random, tenant } = this.#options;
    this.#writeNew();
    const next = random.bytes(32);
    const master = masterKey.masterKey();
    const bytes = new Uint8Array(this.#slots.length * SLOT_SIZE);
    bytes.set(encodeHeader(tenant, this.#slots.length));
    const slots = this.#slots.map((slot, index) => {
      if (slot === undefined || !slot.live) return slot;
      if (index === ROOT) return { ...slot, wrapped: crypto.wrapKey(master, next) };
      const key = crypto.unwrapKey(this.#keyEncryptionKey, slot.wrapped);
      const wrapped = crypto.wrapKey(next, key);
      clearBytes(key);
      return { ...slot, wrapped };
    });
    clearBytes(master);
    for (const [id, slot] of slots.entries()) {
      if (slot !== undefined) bytes.set(encodeSlot(toKeyId(id), slot), id * SLOT_SIZE);
    }
    writeUnfinished(disk, name, bytes);
    // A key that was written to the file that lost its name would be lost, with all that it sealed.
    this.#file.close();
    this.#opened = undefined;
    disk.rename(unfinishedName(name), name);
    this.#opened = disk.open(name, 'existing');
    clearBytes(this.#keyEncryptionKey);
    this.#keyEncryptionKey = next;
    this.#slots.splice(0, this.#slots.length, ...slots);
    this.#durableCount = this.#slots.length;
    this.#dirty = false;
  }

  /** Makes every new key durable. */
  sync(): void {
    this.#writeNew();
    if (!this.#dirty) return;
    this.#writeHeader();
    this.#file.sync();
    this.#dirty = false;
    this.#durableCount = this.#slots.length;
  }

  close(): void {
    for (const key of this.#open.values()) clearBytes(key);
    clearBytes(this.#keyEncryptionKey);
    this.#open.clear();
    this.#seal();
    this.#opened?.close();
  }

  #seal(): void {
    if (this.#dirty) return;
    try {
      this.#writeHeader();
      this.#file.sync();
    } catch {
      // The keys are durable. A header that could not be written only counts fewer of them.
    }
  }
}

/** A file has its name only once it holds the key-encryption key: one without is damaged, never new. */
function createFile(
  { crypto, disk, name, random, tenant }: KeyStoreOptions,
  key: Uint8Array,
): void {
  const keyEncryptionKey = random.bytes(32);
  const root: Slot = {
    purpose: 'key-encryption',
    live: true,
    subjectMac: new Uint8Array(32),
    wrapped: crypto.wrapKey(key, keyEncryptionKey),
  };
  clearBytes(keyEncryptionKey);
  const slot = encodeSlot(toKeyId(ROOT), root);
  writeUnfinished(disk, name, concatBytes(encodeHeader(tenant, ROOT + 1), slot));
  disk.rename(unfinishedName(name), name);
}

function unfinishedName(name: string): string {
  return `${name}.new`;
}

/** Writes a whole file beside the one whose place it is to take. Durable on return. */
function writeUnfinished(disk: Disk, name: string, bytes: Uint8Array): void {
  const file = disk.open(unfinishedName(name), 'create');
  try {
    file.truncate(0);
    file.writeAt(bytes, 0);
    file.sync();
  } finally {
    file.close();
  }
}

const nameUnits: number[] = Array.from<number>({ length: 16 }).fill(0);

/** A short name for a MAC, to find a key by: two bytes a character. */
function nameOf(subjectMac: Uint8Array): string {
  for (let at = 0; at < nameUnits.length; at += 1) {
    nameUnits[at] = ((subjectMac[2 * at] as number) << 8) | (subjectMac[2 * at + 1] as number);
  }
  return String.fromCharCode(...nameUnits);
}
