/**
 * A page and the pointer to it.
 *
 * On disk, {@link PAGE_SIZE} bytes: nonce (12) ‖ zero (4) ‖ AES-256-GCM ciphertext of the body (4,080).
 * The tag of 16 bytes stands in the pointer to the page, so that a torn, stale or misdirected page is
 * caught by its parent. A pointer is page id (u32) ‖ tag; id 0 points nowhere.
 *
 * Every body begins with its kind. Leaf and inner bodies are slotted (`slotted.ts`); an overflow body is
 * kind ‖ zero ‖ u16 size ‖ zero (4) ‖ pointer to the next ‖ bytes of a value; a free-list body is the
 * same with u16 count and page ids (u32).
 */

export const PAGE_SIZE = 4096;
export const PAGE_BODY_SIZE = 4080;
/** Where the ciphertext starts on disk. */
export const PAGE_BODY_AT = 16;
/** The pages before this one hold the superblock. */
export const FIRST_PAGE_ID = 4;
export const PAGE_ID_MAX = 0xffff_ffff;

export const POINTER_SIZE = 20;
/** Where the tag stands in a pointer. */
export const POINTER_TAG_AT = 4;

export const LEAF_PAGE = 1;
export const INNER_PAGE = 2;
export const OVERFLOW_PAGE = 3;
export const FREE_PAGE = 4;
export type PageKind =
  | typeof LEAF_PAGE
  | typeof INNER_PAGE
  | typeof OVERFLOW_PAGE
  | typeof FREE_PAGE;

/** In overflow and free-list bodies: how much the body holds, the pointer to the next, what it holds. */
export const CHAIN_COUNT_AT = 2;
export const CHAIN_NEXT_AT = 8;
export const CHAIN_DATA_AT: number = CHAIN_NEXT_AT + POINTER_SIZE;
export const OVERFLOW_CAPACITY: number = PAGE_BODY_SIZE - CHAIN_DATA_AT;
export const FREE_CAPACITY: number = Math.floor((PAGE_BODY_SIZE - CHAIN_DATA_AT) / 4);

/** A page in memory, decrypted. */
export interface Page {
  /** Changes when a clean page is made writable: a page that is durable is never written over. */
  id: number;
  readonly bytes: Uint8Array;
  /** Written since the last flush; its id was free in the last durable state. */
  dirty: boolean;
  /** Read since the clock's hand last passed. */
  referenced: boolean;
  /** Its place in the clock, or −1. */
  frame: number;
}
