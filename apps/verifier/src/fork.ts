/** `verity-verify fork`: whether two checkpoints that the log's key signed show two histories. */

import { type CheckpointPair, compareCheckpoints, parseBundle } from '@veritydb/bundle';
import { nativeCrypto } from '@veritydb/crypto/native';
import { bytesToHex, utf8Decode } from '@veritydb/types';

import { withFileSource } from './file-source.ts';
import {
  EXIT_FAILED,
  EXIT_HOLDS,
  EXIT_USAGE,
  type Terminal,
  UsageError,
  explain,
  keyOf,
  parseOptions,
} from './usage.ts';

const USAGE = `usage: verity-verify fork A B --key VKEY | --key-file FILE

Says whether two checkpoints of one log, signed by its key, contradict each other: one size and two
roots is a log that was told in two ways. A and B are checkpoints, or bundles that hold one.

Exit codes: 0 no contradiction is shown, 1 a fork is proved, 2 usage, 3 a file is no checkpoint that
the key signed.
`;

const OPTIONS = {
  key: { type: 'string' },
  'key-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Larger than any signed note; a bundle says itself what it is. */
const NOTE_SIZE_MAX = 1 << 20;
const ZIP_SIGNATURE = 'PK';

export function runFork(args: readonly string[], terminal: Terminal): number {
  try {
    const { positionals, values } = parseOptions(args, OPTIONS);
    if (values.help === true) {
      terminal.out(USAGE);
      return EXIT_HOLDS;
    }
    const [first, second, ...others] = positionals;
    if (first === undefined || second === undefined || others.length > 0) {
      throw new UsageError('name two files');
    }
    const key = keyOf(values.key, values['key-file']);
    if (key === null) throw new UsageError('give the key of the log');
    const notes = [checkpointOf(first), checkpointOf(second)] as const;
    const found = compareCheckpoints(nativeCrypto, notes, key);
    terminal.out(describe(found));
    return found.shows === 'fork' ? EXIT_FAILED : EXIT_HOLDS;
  } catch (error) {
    if (!(error instanceof UsageError)) return explain(error, terminal);
    terminal.error(`verity-verify: ${error.message}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
}

/** The signed note of a file, which is one or a bundle. */
function checkpointOf(path: string): string {
  return withFileSource(path, (source) => {
    const start = source.read(0, Math.min(source.size, ZIP_SIGNATURE.length));
    if (utf8Loose(start) === ZIP_SIGNATURE) return parseBundle(source).checkpointText;
    return utf8Loose(source.read(0, Math.min(source.size, NOTE_SIZE_MAX)));
  });
}

/** What is no UTF-8 is no checkpoint either, and is refused as one. */
function utf8Loose(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes);
  } catch {
    return '';
  }
}

const FINDINGS: Readonly<Record<CheckpointPair['shows'], string>> = {
  fork: `A fork is proved: the key signed two histories of one length. Keep both files as they are, and show
them to others: whoever has the key of the log comes to the same answer.`,
  same: 'The same state of the log: they agree.',
  unknown: `Nothing is shown: they are of two sizes. Ask for an export with --held-tree-size of the smaller, and
verify it with --held-checkpoint: a log that cannot answer has cut or rewritten its records.`,
};

function describe({ first, second, shows }: CheckpointPair): string {
  const lines = [first, second].map(
    ({ origin, root, size }) => `${origin}, ${size} records, root ${bytesToHex(root)}`,
  );
  return [...lines, '', FINDINGS[shows], ''].join('\n');
}
