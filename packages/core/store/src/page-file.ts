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

import { corruptPage } from './error.ts';
import { readUint32, writeUint32 } from './integer.ts';
import {
  FIRST_PAGE_ID,
  PAGE_BODY_AT,
  PAGE_BODY_SIZE,
  PAGE_SIZE,
  POINTER_SIZE,
  POINTER_TAG_AT,
} from './page.ts';

export class PageFile {
  readonly #crypto: Crypto;
  readonly #key: Uint8Array;
  readonly #file: DiskFile;
  /** Of the pages that this process writes; 0 until it may. */
  #generation = 0;
  #writeCount = 0;
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
   * The body of the page that a pointer points to, as bytes of its own.
   *
   * @throws {StoreError} ERR_STORE_CORRUPT when it is not the page that the pointer was made for
   */
  read(pointer: Uint8Array, at: number): Uint8Array {
    const id = readUint32(pointer, at);
    assert(id >= FIRST_PAGE_ID, 'pointer leads to no page');
    const page = this.#page;
    // Attacker-controlled: whatever the disk holds, until the tag of the pointer is found good.
    if (this.#file.readAt(page, id * PAGE_SIZE) !== PAGE_SIZE) throw corruptPage(id, 'is cut off');
    for (let index = NONCE_SIZE; index < PAGE_BODY_AT; index += 1) {
      if (page[index] !== 0) throw corruptPage(id, 'has reserved bytes that are not zero');
    }
    const sealed = this.#sealed;
    sealed.set(page.subarray(PAGE_BODY_AT));
    sealed.set(pointer.subarray(at + POINTER_TAG_AT, at + POINTER_SIZE), PAGE_BODY_SIZE);
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
