/**
 * What others say of a bundle's checkpoint, put into the bundle: cosignatures of witnesses, and the answer
 * of a time-stamp authority. Anybody may add them, at any time: they are signed by themselves, and
 * nothing that the log has recorded of the export changes.
 *
 * A stamp is of the file `checkpoint` as it stands: cosignatures come first.
 */

import { formatTlogProof, parseNote, parseTlogProof } from '@veritydb/merkle';
import { utf8Decode, utf8Encode } from '@veritydb/types';

import { CHECKPOINT, TIME_STAMP, tlogProofName } from './entry-name.ts';
import { BundleError, locate } from './error.ts';
import { parseBundle } from './parse.ts';
import { type ZipEntry, buildZip, parseZip } from './zip.ts';

export interface Attachment {
  /** The bundle's checkpoint with more signature lines. */
  readonly checkpoint?: string;
  /** TimeStampResp in DER. */
  readonly timeStamp?: Uint8Array;
}

/**
 * The bundle with what is attached. Nothing is verified but that it belongs to this checkpoint.
 *
 * @throws {BundleError} ERR_BUNDLE_ATTACHMENT, and the codes of {@link parseBundle}
 */
export function attachToBundle(bytes: Uint8Array, attachment: Attachment): Uint8Array {
  const { checkpoint, timeStamp } = attachment;
  const { checkpointText } = parseBundle(bytes);
  let entries: readonly ZipEntry[] = parseZip(bytes);
  if (checkpoint !== undefined) {
    if (entries.some(({ name }) => name === TIME_STAMP)) {
      throw refused('it has a time stamp, which is of the checkpoint as it is');
    }
    entries = withCheckpoint(entries, checkpointText, checkpoint);
  }
  if (timeStamp !== undefined) {
    const others = entries.filter(({ name }) => name !== TIME_STAMP);
    entries = [...others, { name: TIME_STAMP, bytes: timeStamp }];
  }
  return buildZip(entries);
}

function withCheckpoint(
  entries: readonly ZipEntry[],
  before: string,
  after: string,
): readonly ZipEntry[] {
  const old = parseNote(before);
  const note = locate('ERR_BUNDLE_ATTACHMENT', { file: CHECKPOINT }, () => parseNote(after));
  const lines = new Set(after.slice(note.text.length).split('\n'));
  const isMore = before
    .slice(old.text.length)
    .split('\n')
    .every((line) => lines.has(line));
  if (note.text !== old.text || !isMore) {
    throw refused('the checkpoint is another, or lacks a signature that the bundle has');
  }
  const proofs = new Set([tlogProofName('export'), tlogProofName('policy')]);
  return entries.map(({ name, bytes }) => {
    if (name === CHECKPOINT) return { name, bytes: utf8Encode(after) };
    if (!proofs.has(name)) return { name, bytes };
    const { index, proof } = locate('ERR_BUNDLE_ATTACHMENT', { file: name }, () =>
      parseTlogProof(utf8Decode(bytes)),
    );
    return { name, bytes: utf8Encode(formatTlogProof({ index, proof, checkpoint: after })) };
  });
}

function refused(what: string): BundleError {
  return new BundleError('ERR_BUNDLE_ATTACHMENT', `nothing is attached to the bundle: ${what}`, {
    kind: 'expectation',
    hint: 'attach cosignatures of the very checkpoint of the bundle, and the time stamp last',
  });
}
