/** The page store: pages, B+trees, versions by log position. */

export type { StoreCheck } from './check.ts';
export { StoreError, type StoreErrorCode } from './error.ts';
export { encodeKey, keyAfter, keyToSeek } from './key.ts';
export type { PageAddress } from './page-file.ts';
export type { ScanRange } from './scan.ts';
export { Store, type StoreOptions } from './store.ts';
export { StateTrie } from './trie.ts';
export {
  type EntryReader,
  type EntryView,
  KEY_SIZE_MAX,
  type StoreEntry,
  type StoreWrite,
  TREE_ID_MAX,
  checkKeySize,
  copyEntry,
} from './versions.ts';
