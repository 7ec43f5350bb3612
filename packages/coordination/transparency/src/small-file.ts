/**
 * Small texts on a disk, replaced as a whole: after a crash at any moment the file holds the text
 * before or the text after, and once {@link replaceText} has returned it holds the text after. Where it
 * has not returned, the text after may be read until the power goes, and the text before from then on:
 * whoever reads a text to stand on it confirms it first.
 */

import type { Disk } from '@veritydb/log';
import { TypesError, utf8Decode, utf8Encode } from '@veritydb/types';

/** Far above a checkpoint with a hundred signatures. */
const SIZE_MAX = 1_048_576;

/** The text of a file that is there; null when it is too large, or no UTF-8, to be one of ours. */
export function readText(disk: Disk, name: string): string | null {
  const file = disk.open(name, 'existing');
  try {
    const size = file.size();
    if (size > SIZE_MAX) return null;
    const bytes = new Uint8Array(size);
    if (file.readAt(bytes, 0) < size) return null;
    return utf8Decode(bytes);
  } catch (error) {
    if (error instanceof TypesError) return null;
    throw error;
  } finally {
    file.close();
  }
}

/** Puts a text in the place of what stands there, durable on return. */
export function replaceText(disk: Disk, name: string, text: string): void {
  const draft = `${name}.new`;
  const file = disk.open(draft, 'create');
  try {
    // What a crash left of an earlier draft may be longer.
    file.truncate(0);
    file.writeAt(utf8Encode(text), 0);
    file.sync();
  } finally {
    file.close();
  }
  disk.rename(draft, name);
}

/**
 * Makes durable what stands under a name: its bytes were so before they got it, and the name itself is
 * when a rename returns. Takes no room: a full disk is no reason not to read.
 */
export function confirmText(disk: Disk, name: string): void {
  disk.rename(name, name);
}
