/**
 * Policies of trust (C2SP tlog-policy): which logs, which witnesses, and how many of them make a
 * checkpoint valid. One line, one statement; a name is defined once, above where it is used, and is a
 * member of one group at most, so that no witness counts twice.
 */

import type { Crypto } from '@veritydb/crypto';
import { bytesEqual } from '@veritydb/types';

import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';
import { MerkleError } from './error.ts';
import { type KeyKind, type VerifierKey, parseVerifierKey, verifyNote } from './signed-note.ts';

/** The standard asks for 32 of each at least; a note has room for 100 signatures. */
const COUNT_MAX = 64;
const LENGTH_MAX = 262_144;

export interface PolicyLog {
  readonly key: VerifierKey;
  readonly url: string | null;
}

export interface PolicyWitness {
  /** Within the policy alone. */
  readonly name: string;
  readonly key: VerifierKey;
  /** Where checkpoints are submitted: the prefix of `/add-checkpoint`. */
  readonly url: string | null;
}

/** At least `threshold` of the members must have cosigned. */
interface Group {
  readonly threshold: number;
  readonly members: readonly (PolicyWitness | Group)[];
}

export interface TlogPolicy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  /** Null: no cosignature is needed. */
  readonly quorum: PolicyWitness | Group | null;
}

/** What the lines above have defined. */
interface Draft {
  readonly logs: PolicyLog[];
  readonly witnesses: PolicyWitness[];
  readonly named: Map<string, PolicyWitness | Group>;
  /** Names that are members of a group. */
  readonly members: Set<string>;
  quorum: PolicyWitness | Group | null | undefined;
}

/** @throws {MerkleError} ERR_MERKLE_POLICY */
export function parseTlogPolicy(crypto: Crypto, text: string): TlogPolicy {
  // Attacker-controlled: bounded before it is looked at.
  if (text.length > LENGTH_MAX) throw refused('it is too long');
  // oxlint-disable-next-line no-control-regex -- these are what is refused
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) throw refused('it has a control character');
  if (text !== '' && !text.endsWith('\n')) throw refused('its last line does not end in a newline');
  const draft: Draft = {
    logs: [],
    witnesses: [],
    named: new Map(),
    members: new Set(),
    quorum: undefined,
  };
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.split(/[ \t]+/).filter((word) => word !== '');
    const [first = ''] = words;
    if (first === '' || first.startsWith('#')) continue;
    try {
      readLine(crypto, draft, words);
    } catch (error) {
      if (!(error instanceof MerkleError)) throw error;
      throw refused(`line ${index + 1}: ${error.message}`);
    }
  }
  const { logs, witnesses, quorum } = draft;
  if (quorum === undefined) throw refused('it has no quorum line');
  return { logs, witnesses, quorum };
}

function readLine(crypto: Crypto, draft: Draft, words: readonly string[]): void {
  const [statement, ...rest] = words;
  if (statement === 'log') readLog(crypto, draft, rest);
  else if (statement === 'witness') readWitness(crypto, draft, rest);
  else if (statement === 'group') readGroup(draft, rest);
  else if (statement === 'quorum') readQuorum(draft, rest);
  else throw refused('a line begins with none of log, witness, group, quorum');
}

function readLog(crypto: Crypto, { logs }: Draft, words: readonly string[]): void {
  const [keyText, url = null] = words;
  if (keyText === undefined || words.length > 2) throw refused('a log line is log KEY [URL]');
  const key = parseKey(crypto, keyText, 'note');
  checkNew(key, logs);
  logs.push({ key, url });
}

function readWitness(crypto: Crypto, draft: Draft, words: readonly string[]): void {
  const [name, keyText, url = null] = words;
  if (name === undefined || keyText === undefined || words.length > 3) {
    throw refused('a witness line is witness NAME KEY [URL]');
  }
  const key = parseKey(crypto, keyText, 'cosignature');
  checkNew(key, draft.witnesses);
  const witness = { name, key, url };
  define(draft, name, witness);
  draft.witnesses.push(witness);
}

function readGroup(draft: Draft, words: readonly string[]): void {
  const [name, rule, ...names] = words;
  if (name === undefined || rule === undefined || names.length === 0) {
    throw refused('a group line is group NAME all|any|COUNT NAME...');
  }
  const members = names.map((member) => {
    const known = draft.named.get(member);
    if (known === undefined) throw refused('a member is not defined above');
    if (draft.members.has(member)) throw refused('a name is a member twice');
    draft.members.add(member);
    return known;
  });
  define(draft, name, { threshold: thresholdOf(rule, names.length), members });
}

function thresholdOf(rule: string, count: number): number {
  if (rule === 'all') return count;
  if (rule === 'any') return 1;
  const threshold = /^[1-9][0-9]{0,3}$/.test(rule) ? Number(rule) : Number.POSITIVE_INFINITY;
  if (threshold > count) throw refused('a threshold is not from 1 to the number of members');
  return threshold;
}

function readQuorum(draft: Draft, words: readonly string[]): void {
  const [name, ...rest] = words;
  if (name === undefined || rest.length > 0) throw refused('a quorum line is quorum NAME');
  if (draft.quorum !== undefined) throw refused('there is more than one quorum line');
  const known = name === 'none' ? null : draft.named.get(name);
  if (known === undefined) throw refused('the quorum is not defined above');
  draft.quorum = known;
}

function define({ named }: Draft, name: string, meaning: PolicyWitness | Group): void {
  if (name === 'none') throw refused('the name none is taken');
  if (named.has(name)) throw refused('a name is defined twice');
  if (named.size >= 2 * COUNT_MAX) throw refused('it defines too many names');
  named.set(name, meaning);
}

function parseKey(crypto: Crypto, text: string, kind: KeyKind): VerifierKey {
  const key = parseVerifierKey(crypto, text);
  if (key.kind !== kind) throw refused('a log has a key of type 1, a witness one of type 4');
  return key;
}

/** Keys are the same where the Ed25519 key is, whatever their names. */
function checkNew(
  { publicKey }: VerifierKey,
  others: readonly { readonly key: VerifierKey }[],
): void {
  if (others.some(({ key }) => bytesEqual(key.publicKey, publicKey))) {
    throw refused('a key stands twice');
  }
  if (others.length >= COUNT_MAX) throw refused('it lists too many keys');
}

/** Whether those who have cosigned are enough. */
export function meetsQuorum(
  { quorum }: Pick<TlogPolicy, 'quorum'>,
  cosigners: readonly VerifierKey[],
): boolean {
  const met = (part: PolicyWitness | Group): boolean => {
    if (!('members' in part)) {
      return cosigners.some(({ publicKey }) => bytesEqual(publicKey, part.key.publicKey));
    }
    return part.members.filter(met).length >= part.threshold;
  };
  return quorum === null || met(quorum);
}

/**
 * Verifies a checkpoint under a policy: one of its logs has signed it under its own origin, and the
 * quorum has cosigned it.
 *
 * @throws {MerkleError} ERR_MERKLE_NOTE, ERR_MERKLE_SIGNATURE, ERR_MERKLE_CHECKPOINT, ERR_MERKLE_QUORUM
 */
export function verifyUnderPolicy(
  crypto: Crypto,
  note: string,
  policy: TlogPolicy,
): { readonly checkpoint: Checkpoint; readonly cosigners: readonly VerifierKey[] } {
  const keys = [...policy.logs, ...policy.witnesses].map(({ key }) => key);
  const verified = verifyNote(crypto, note, keys);
  const checkpoint = parseCheckpoint(verified.note.text);
  const { signers } = verified;
  if (!signers.some(({ kind, name }) => kind === 'note' && name === checkpoint.origin)) {
    throw new MerkleError(
      'verification',
      'ERR_MERKLE_SIGNATURE',
      'no log of the policy has signed',
      {
        hint: 'check that the policy lists the key of this log',
      },
    );
  }
  const cosigners = signers.filter(({ kind }) => kind === 'cosignature');
  if (!meetsQuorum(policy, cosigners)) {
    throw new MerkleError(
      'verification',
      'ERR_MERKLE_QUORUM',
      `${cosigners.length} known witnesses have cosigned, which is no quorum`,
      { hint: 'wait for more cosignatures, or ask the log for a newer checkpoint' },
    );
  }
  return { checkpoint, cosigners };
}

function refused(what: string): MerkleError {
  return new MerkleError('format', 'ERR_MERKLE_POLICY', what, {
    hint: 'see c2sp.org/tlog-policy for the form of the file',
  });
}
