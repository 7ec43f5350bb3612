/** Whether the log only grew since the checkpoint that the recipient holds. */

import { type Checkpoint, verifyCheckpoint, verifyConsistency } from '@veritydb/merkle';
import { bytesEqual } from '@veritydb/types';

import { type Consistency, parseConsistency } from '../consistency-file.ts';
import { CHECKPOINT, CONSISTENCY } from '../entry-name.ts';
import { BundleError, locate } from '../error.ts';
import { type Evidence, entryOf } from '../evidence.ts';

export interface Held {
  /** Signed note of the checkpoint that the recipient holds. */
  readonly checkpoint: string;
  readonly verifierKey: string | null;
}

/**
 * Whether it was shown, in words, or null where nobody holds a checkpoint to show it against.
 *
 * @throws {BundleError} ERR_BUNDLE_CONSISTENCY, ERR_BUNDLE_STALE, ERR_BUNDLE_PROOF, ERR_BUNDLE_KEY
 */
export function checkConsistency(evidence: Evidence, held: Held | null): string | null {
  const { checkpoint, manifest } = evidence;
  const place = { file: CONSISTENCY };
  const given = manifest.heldTreeSize === null ? null : readConsistency(evidence);
  if (given !== null && (given.from !== manifest.heldTreeSize || given.to !== checkpoint.size)) {
    throw new BundleError('ERR_BUNDLE_PROOF', 'the proof is of other tree sizes', place);
  }
  if (held === null) return null;
  const old = readHeld(evidence, held);
  if (old.size > checkpoint.size) {
    throw new BundleError('ERR_BUNDLE_STALE', 'the bundle is of an older state than you hold', {
      file: CHECKPOINT,
      kind: 'expectation',
      hint: 'ask for a new export, or check against the checkpoint that you held before',
    });
  }
  if (old.size === checkpoint.size) {
    if (bytesEqual(old.root, checkpoint.root)) return 'it is the very state that you hold';
    throw split('the log has shown two histories of one size');
  }
  if (given?.from !== old.size) {
    throw new BundleError('ERR_BUNDLE_CONSISTENCY', `no proof starts at tree size ${old.size}`, {
      ...place,
      kind: 'expectation',
      hint: `name the held tree size ${old.size} when you ask for an export`,
    });
  }
  locate('ERR_BUNDLE_CONSISTENCY', place, () => {
    verifyConsistency(evidence.crypto, {
      oldSize: old.size,
      newSize: checkpoint.size,
      oldRoot: old.root,
      newRoot: checkpoint.root,
      proof: given.proof,
    });
  });
  return `the log only grew from the ${old.size} records that you hold`;
}

function readConsistency(evidence: Evidence): Consistency {
  return locate('ERR_BUNDLE_PROOF', { file: CONSISTENCY }, () =>
    parseConsistency(entryOf(evidence, CONSISTENCY)),
  );
}

function readHeld({ crypto, manifest }: Evidence, held: Held): Checkpoint {
  const { verifierKey } = held;
  if (verifierKey === null) {
    throw new BundleError('ERR_BUNDLE_KEY', 'no key was given, so no held checkpoint is trusted');
  }
  const old = locate('ERR_BUNDLE_CONSISTENCY', {}, () =>
    verifyCheckpoint(crypto, held.checkpoint, verifierKey),
  );
  if (old.origin !== manifest.origin) throw split('the held checkpoint is of another log');
  return old;
}

function split(what: string): BundleError {
  return new BundleError('ERR_BUNDLE_CONSISTENCY', what, { file: CHECKPOINT });
}
