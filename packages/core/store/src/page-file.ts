/**
 * Pages on disk: opened against the pointer to them, sealed under a nonce of their own.
 *
 * Nonce = generation u32 ‖ count of pages written in it u64; associated data = page id u32. A generation
 * is durable in the superblock before a page is sealed in it, and every open that writes begins a new
 * one, so no nonce serves twice under the key (SP 800-38D §8.2.1: deterministic construction).
 */

import { AES_KEY_SIZE, type Crypto, NONCE_SIZE, type SealInput, nonceOf } from '@veritydb/crypto';
import type { DiskFile } from '@veritydb/log';
import { assert, toGeneration } from '@veritydb/types';

import { StoreError, corruptPage } from './error.ts';
import { readUint32, writeUint32 } from './integer.ts';
import {
  FIRST_PAGE_ID,
  PAGE_BODY_AT,
  PAGE_BODY_SIZE,
  PAGE_ID_MAX,
  PAGE_SIZE,
  POINTER_SIZE,
  POINTER_TAG_AT,
} from './page.ts';

/** What a page is known by to who has a copy of it: its place, and the tag that its parent has for it. */
export interface PageAddress {
  readonly id: number;
  /** 16 bytes. */
  readonly tag: Uint8Array;
}

function addressAt(pointer: Uint8Array, at: number): PageAddress {
  return {
    id: readUint32(pointer, at),
    tag: pointer.slice(at + POINTER_TAG_AT, at + POINTER_SIZE),
  };
}

export class PageFile {
  readonly #crypto: Crypto;
  readonly #key: Uint8Array;
  readonly #file: DiskFile;
  /** Of the pages that this process writes; 0 until it may. */
  #generation = 0;
  #writeCount = 0;
  readonly #damaged = new Map<number, PageAddress>();
  /** A page on its way from the disk or to it. */
  readonly #page = new Uint8Array(PAGE_SIZE);
  /** Ciphertext ‖ tag of a page on its way from the disk. */
  readonly #sealed = new Uint8Array(PAGE_SIZE);

  constructor(crypto: Crypto, key: Uint8Array, file: DiskFile) {
    assert(key.length === AES_KEY_SIZE, 'page key is not 32 bytes');
    this.#crypto = crypto;
    this.#key = key;
    this.#file = file;
  }

  get generation(): number {
    return this.#generation;
  }

  /** From here on pages may be written. Requires the generation to be durable in the superblock. */
  beginGeneration(generation: number): void {
    assert(this.#generation === 0 && generation > 0, 'store generation was begun before');
    this.#generation = generation;
  }

  /**
   * The body of the page that a pointer points to, as bytes of its own. One that is not as the pointer
   * says is remembered as {@link damaged}.
   *
   * @throws {StoreError} ERR_STORE_CORRUPT when it is not the page that the pointer was made for
   */
  read(pointer: Uint8Array, at: number): Uint8Array {
    const address = addressAt(pointer, at);
    const { id } = address;
    assert(id >= FIRST_PAGE_ID, 'pointer leads to no page');
    let isWhole = false;
    try {
      const body = this.#open(address, this.#fromDisk(id));
      isWhole = true;
      return body;
    } finally {
      if (!isWhole) this.#damaged.set(id, address);
    }
  }

  /** @throws {StoreError} ERR_STORE_CORRUPT */
  #fromDisk(id: number): Uint8Array {
    let size: number;
    try {
      size = this.#file.readAt(this.#page, id * PAGE_SIZE);
    } catch (cause) {
      throw corruptPage(id, 'cannot be read', cause);
    }
    if (size !== PAGE_SIZE) throw corruptPage(id, 'is cut off');
    return this.#page;
  }

  /** Pages that were found not to be what their parents point to, in the order of their ids. */
  get damaged(): readonly PageAddress[] {
    return [...this.#damaged.values()].toSorted((a, b) => a.id - b.id);
  }

  /** The page of an address, sealed as it lies on the disk; undefined where another or none is there. */
  sealed(address: PageAddress): Uint8Array | undefined {
    const { id, tag } = address;
    // Attacker-controlled: an address that somebody else asks for.
    if (!Number.isSafeInteger(id) || id < FIRST_PAGE_ID || id > PAGE_ID_MAX) return undefined;
    if (tag.length !== POINTER_SIZE - POINTER_TAG_AT) return undefined;
    const page = new Uint8Array(PAGE_SIZE);
    if (this.#file.readAt(page, id * PAGE_SIZE) !== PAGE_SIZE) return undefined;
    return this.#isPage(address, page) ? page : undefined;
  }

  /**
   * Puts a page in the place of one that was found to be damaged, durably, and says whether it did: only
   * bytes that the pointer in its parent was made for are the page.
   */
  mend(id: number, page: Uint8Array): boolean {
    const address = this.#damaged.get(id);
    if (address === undefined || !this.#isPage(address, page)) return false;
    this.#file.writeAt(page, id * PAGE_SIZE);
    this.#file.sync();
    this.#damaged.delete(id);
    return true;
  }

  #isPage(address: PageAddress, page: Uint8Array): boolean {
    // Attacker-controlled: what a peer hands over, until the tag of the pointer is found good.
    if (page.length !== PAGE_SIZE) return false;
    try {
      this.#open(address, page);
      return true;
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
  }

  /** @throws {StoreError} ERR_STORE_CORRUPT */
  #open({ id, tag }: PageAddress, page: Uint8Array): Uint8Array {
    // Attacker-controlled: whatever the disk holds, until the tag of the pointer is found good.
    for (let index = NONCE_SIZE; index < PAGE_BODY_AT; index += 1) {
      if (page[index] !== 0) throw corruptPage(id, 'has reserved bytes that are not zero');
    }
    const sealed = this.#sealed;
    sealed.set(page.subarray(PAGE_BODY_AT));
    sealed.set(tag, PAGE_BODY_SIZE);
    try {
      return this.#crypto.open(this.#sealing(page.subarray(0, NONCE_SIZE), id), sealed);
    } catch (cause) {
      throw corruptPage(id, 'is not what its parent points to', cause);
    }
  }

  /** Seals a body, writes it as page `id` and puts the pointer to it at a place. */
  write(id: number, body: Uint8Array, pointer: Uint8Array, at: number): void {
    assert(this.#generation > 0, 'page is sealed before its generation is durable');
    assert(body.length === PAGE_BODY_SIZE && id >= FIRST_PAGE_ID, 'page is not one to be written');
    this.#writeCount += 1;
    const page = this.#page;
    const nonce = nonceOf(toGeneration(this.#generation), this.#writeCount);
    const sealed = this.#crypto.seal(this.#sealing(nonce, id), body);
    assert(sealed.length === PAGE_SIZE, 'sealed page is of another size');
    page.set(nonce);
    page.fill(0, NONCE_SIZE, PAGE_BODY_AT);
    page.set(sealed.subarray(0, PAGE_BODY_SIZE), PAGE_BODY_AT);
    this.#file.writeAt(page, id * PAGE_SIZE);
    writeUint32(pointer, at, id);
    pointer.set(sealed.subarray(PAGE_BODY_SIZE), at + POINTER_TAG_AT);
  }

  #sealing(nonce: Uint8Array, id: number): SealInput {
    const associatedData = new Uint8Array(4);
    writeUint32(associatedData, 0, id);
    return { key: this.#key, nonce, associatedData };
  }
}
