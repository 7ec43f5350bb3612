/** The key store: what is torn is cut off, what is damaged is refused, what is destroyed is gone. */

import { nativeCrypto } from '@veritydb/crypto/native';
import type { Disk } from '@veritydb/log';
import { SimDisk, SimRandom } from '@veritydb/sim';
import { expectCode } from '@veritydb/testkit';
import { bytesEqual, toKeyId, toTenantId } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { KeyStore, type KeyStoreOptions } from '../src/key-store.ts';

const NAME = 'keys.vks';
const SLOT_SIZE = 128;
const random = new SimRandom(3);

function open(disk: Disk, others: Partial<KeyStoreOptions> = {}): KeyStore {
  return KeyStore.open({
    disk,
    name: NAME,
    crypto: nativeCrypto,
    random,
    masterKey: { masterKey: () => new Uint8Array(32).fill(0xee) },
    tenant: toTenantId(5),
    ...others,
  });
}

function subject(number: number): Uint8Array {
  return new Uint8Array(32).fill(number);
}

/** A store with keys 1 to 6: its own, a segment's, the store's, and three subjects'. */
function filled(disk: SimDisk): KeyStore {
  const keys = open(disk);
  keys.keyFor('segment');
  keys.keyFor('store');
  for (let number = 1; number <= 3; number += 1) keys.subjectKey(subject(number));
  keys.sync();
  return keys;
}

/** Writes the new keys and does not come to make them durable: the write of the header fails. */
function failSync(disk: SimDisk, keys: KeyStore): void {
  disk.failAfter(2);
  expect(() => keys.sync()).toThrow('EIO');
}

function slotOf(disk: SimDisk, id: number): Uint8Array {
  return disk.bytesOf(NAME).slice(id * SLOT_SIZE, (id + 1) * SLOT_SIZE);
}

function contains(bytes: Uint8Array, part: Uint8Array): boolean {
  for (let at = 0; at + part.length <= bytes.length; at += 1) {
    if (bytesEqual(bytes.subarray(at, at + part.length), part)) return true;
  }
  return false;
}

describe('a key store', () => {
  it('gives the same keys when it is opened again', () => {
    const disk = new SimDisk();
    const keys = filled(disk);
    const before = [1, 2, 3].map((number) => keys.key(keys.subjectKey(subject(number))).slice());
    const segment = keys.key(keys.keyFor('segment')).slice();
    keys.close();
    const again = open(disk);
    const after = [1, 2, 3].map((number) => again.key(again.subjectKey(subject(number))));
    expect(after).toEqual(before);
    expect(again.key(again.keyFor('segment'))).toEqual(segment);
    expect(again.subjectKey(subject(1))).toBe(4);
    expect(again.subjectKey(subject(9))).toBe(7);
  });

  // S068: what lies on the disk is wrapped.
  it('holds no key in the clear, nor the master key', () => {
    const disk = new SimDisk();
    const keys = filled(disk);
    const bytes = disk.bytesOf(NAME);
    for (let id = 2; id <= 6; id += 1) {
      expect(contains(bytes, keys.key(toKeyId(id)))).toBe(false);
    }
    expect(contains(bytes, new Uint8Array(32).fill(0xee))).toBe(false);
  });

  // S020, S069
  it('clears its keys from memory when it is closed', () => {
    const keys = filled(new SimDisk());
    const key = keys.key(toKeyId(2));
    expect(key.every((byte) => byte === 0)).toBe(false);
    keys.close();
    expect(key.every((byte) => byte === 0)).toBe(true);
  });

  // S069
  it('destroys a key on the disk and in memory', () => {
    const disk = new SimDisk();
    const keys = filled(disk);
    const id = keys.keyFor('store');
    const key = keys.key(id);
    const wrapped = slotOf(disk, id).slice(48, 88);
    const next = keys.replaceKey('store');
    expect(next).toBe(7);
    expect(key.every((byte) => byte === 0)).toBe(true);
    expect(contains(disk.bytesOf(NAME), wrapped)).toBe(false);
    expect(slotOf(disk, id).slice(48, 88)).toEqual(new Uint8Array(40));
    // Durable on return: no loss of power brings it back.
    for (let seed = 0; seed < 6; seed += 1) {
      const image = new SimDisk();
      image.restore(disk.snapshot());
      image.crash(seed);
      const again = open(image);
      expect(contains(image.bytesOf(NAME), wrapped)).toBe(false);
      expectCode(() => again.key(id), 'ERR_RUNTIME_KEY_UNKNOWN');
      expect(again.keyFor('store')).toBe(next);
    }
  });

  it('is wrapped anew under another key-encryption key, all of it or none, at any call of the disk', () => {
    for (let call = 1; ; call += 1) {
      const disk = new SimDisk();
      const keys = filled(disk);
      const ids = [4, 5, 6].map(toKeyId);
      const before = ids.map((id) => keys.key(id).slice());
      const gone = keys.subjectKey(subject(50));
      keys.sync();
      keys.destroy(gone);
      const wrapped = disk.bytesOf(NAME).slice(SLOT_SIZE + 48, SLOT_SIZE + 88);
      disk.failAfter(call);
      let isDone = false;
      try {
        keys.rotate();
        isDone = true;
      } catch (error) {
        expect((error as { readonly code: string }).code).toBe('EIO');
      }
      disk.crash(call);
      const again = open(disk);
      expect(ids.map((id) => again.key(id))).toEqual(before);
      expect(again.isDestroyed(gone)).toBe(true);
      expect(again.findSubjectKey(subject(50))).toBe(undefined);
      if (isDone) expect(contains(disk.bytesOf(NAME), wrapped)).toBe(false);
      const next = again.subjectKey(subject(51));
      again.close();
      expect(next).toBe(gone + 1);
      if (isDone) break;
      expect(call).toBeLessThan(20);
    }
  });

  it('destroys a key in what a rotation left behind as well, in this process and in the next', () => {
    let leftBehind = 0;
    for (let call = 1; call <= 10; call += 1) {
      const disk = new SimDisk();
      let keys = filled(disk);
      disk.failAfter(Math.ceil(call / 2));
      expect(() => keys.rotate()).toThrow('EIO');
      disk.repair();
      // One that failed to take the file's place ends what this process may do.
      if (call % 2 === 0 || call === 9) keys = open(disk);
      if (disk.exists(`${NAME}.new`)) leftBehind += 1;
      keys.destroy(toKeyId(5));
      expect(disk.exists(`${NAME}.new`)).toBe(false);
      expect(keys.isDestroyedOnDisk(toKeyId(5))).toBe(true);
      // The proof is alive: a copy beside the file is a key that is not destroyed.
      disk.put(`${NAME}.new`, disk.bytesOf(NAME));
      expect(keys.isDestroyedOnDisk(toKeyId(5))).toBe(false);
    }
    expect(leftBehind).toBeGreaterThan(4);
  });

  it('takes no key any more where nobody can tell which file a rotation left', () => {
    // What the disk did before it failed: nothing, all of it, or all but to open the file again.
    for (const fails of ['before', 'after', 'open'] as const) {
      const disk = new SimDisk();
      filled(disk).close();
      const failing = {
        open: disk.open.bind(disk),
        exists: disk.exists.bind(disk),
        list: disk.list.bind(disk),
        remove: disk.remove.bind(disk),
        rename: (from: string, to: string): void => {
          if (fails !== 'before') disk.rename(from, to);
          if (fails === 'open') disk.failAfter(1);
          else throw new Error('EIO');
        },
      };
      const keys = open(failing);
      const known = keys.key(toKeyId(4)).slice();
      expect(() => keys.rotate()).toThrow('EIO');
      disk.repair();
      expectCode(() => keys.subjectKey(subject(9)), 'ERR_RUNTIME_FAILED');
      expectCode(() => keys.destroy(toKeyId(5)), 'ERR_RUNTIME_FAILED');
      expect(keys.key(toKeyId(4))).toEqual(known);
      keys.close();
      const again = open(disk);
      expect(again.key(toKeyId(4))).toEqual(known);
      expect(again.isDestroyed(toKeyId(5))).toBe(false);
      expect(again.subjectKey(subject(9))).toBe(7);
    }
  });

  it('goes on after it was wrapped anew', () => {
    const disk = new SimDisk();
    const keys = filled(disk);
    keys.rotate();
    const id = keys.subjectKey(subject(60));
    const key = keys.key(id).slice();
    keys.sync();
    keys.rotate();
    keys.close();
    const again = open(disk);
    expect(again.findSubjectKey(subject(60))).toBe(id);
    expect(again.key(id)).toEqual(key);
  });

  it('refuses a key that never was', () => {
    const keys = filled(new SimDisk());
    expectCode(() => keys.key(toKeyId(0)), 'ERR_RUNTIME_KEY_UNKNOWN');
    expectCode(() => keys.key(toKeyId(7)), 'ERR_RUNTIME_KEY_UNKNOWN');
  });

  it('refuses another master key and another tenant', () => {
    const disk = new SimDisk();
    filled(disk).close();
    const masterKey = { masterKey: () => new Uint8Array(32).fill(2) };
    expectCode(() => open(disk, { masterKey }), 'ERR_RUNTIME_MASTER_KEY');
    expectCode(() => open(disk, { tenant: toTenantId(6) }), 'ERR_RUNTIME_KEYS_CORRUPT');
    open(disk).close();
  });

  it('refuses any damage once it was closed', () => {
    const disk = new SimDisk();
    filled(disk).close();
    const whole = disk.snapshot();
    const size = disk.bytesOf(NAME).length;
    expect(size).toBe(7 * SLOT_SIZE);
    for (let position = 0; position < size; position += 1) {
      disk.restore(whole);
      disk.flipBit(NAME, position, position % 8);
      expectCode(() => open(disk), 'ERR_RUNTIME_KEYS_CORRUPT');
    }
    for (const cut of [0, 1, SLOT_SIZE, 2 * SLOT_SIZE, size - SLOT_SIZE, size - 1]) {
      disk.put(NAME, whole.files.get(NAME)?.live.view().slice(0, cut) ?? new Uint8Array(0));
      expectCode(() => open(disk), 'ERR_RUNTIME_KEYS_CORRUPT');
    }
  });

  it('refuses damage of a slot that an earlier sync made durable', () => {
    const disk = new SimDisk();
    const keys = filled(disk);
    keys.subjectKey(subject(4));
    failSync(disk, keys);
    for (let id = 1; id <= 3; id += 1) {
      const image = new SimDisk();
      image.restore(disk.snapshot());
      image.flipBit(NAME, id * SLOT_SIZE + 50, 0);
      expectCode(() => open(image), 'ERR_RUNTIME_KEYS_CORRUPT');
    }
  });

  it('cuts off what was not synced, wherever it is torn, and never a key before it', () => {
    const counts = new Set<number>();
    for (let seed = 0; seed < 60; seed += 1) {
      const disk = new SimDisk();
      const keys = filled(disk);
      const known = keys.key(toKeyId(6)).slice();
      for (let number = 10; number < 22; number += 1) keys.subjectKey(subject(number));
      failSync(disk, keys);
      disk.crash(seed);
      const again = open(disk);
      counts.add(disk.bytesOf(NAME).length / SLOT_SIZE);
      expect(again.key(toKeyId(6))).toEqual(known);
      // The next key follows the last that is whole; nothing of the torn ones comes back later.
      const next = again.subjectKey(subject(99));
      expect(next * SLOT_SIZE).toBe(disk.bytesOf(NAME).length);
      const key = again.key(next).slice();
      again.close();
      disk.crash(seed + 1);
      const last = open(disk);
      // What was closed without a sync may be lost, and is then made anew.
      if (last.subjectKey(subject(99)) === next) expect(key.length).toBe(32);
      last.sync();
    }
    expect(counts.size).toBeGreaterThan(2);
  });

  it('that was not finished is begun again, at any call of the disk', () => {
    for (let call = 1; ; call += 1) {
      const disk = new SimDisk();
      disk.failAfter(call);
      let isDone = false;
      try {
        open(disk);
        isDone = true;
      } catch (error) {
        expect((error as { readonly code: string }).code).toBe('EIO');
      }
      disk.crash(call);
      open(disk).close();
      open(disk).close();
      if (isDone) break;
    }
  });
});
