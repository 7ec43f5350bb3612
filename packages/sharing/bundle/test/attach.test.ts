/** Cosignatures and time stamps: put into a bundle by anybody, taken only from those who are trusted. */

import { generateKeyPairSync } from 'node:crypto';

import { nativeCrypto } from '@veritydb/crypto/native';
import { cosignText, formatVerifierKey, parseNote } from '@veritydb/merkle';
import { codeOf } from '@veritydb/testkit';
import { utf8Encode } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import {
  AUTHORITY_EXTENSIONS,
  STAMP_EXTENSIONS,
  issue,
  issueBy,
  pemOf,
  respond,
} from '../../../foundation/merkle/test/time-stamp/authority.ts';
import { attachToBundle } from '../src/attach.ts';
import { CHECKPOINT, TIME_STAMP } from '../src/entry-name.ts';
import type { Report, Verdict } from '../src/report.ts';
import { type VerifyOptions, verifyBundle } from '../src/verify.ts';
import { parseZip } from '../src/zip.ts';
import {
  exportPatients,
  failuresOf,
  verdictsOf,
  withEntries,
  withEntry,
} from './export-fixture.ts';
import { SyntheticLog } from './synthetic-log.ts';

const exported = exportPatients();
const { bytes, log, size } = exported;
const checkpoint = log.checkpoint(size);

interface Witness {
  readonly name: string;
  readonly seed: Uint8Array;
}
const WITNESSES: readonly Witness[] = [1, 2, 3].map((number) => ({
  name: `witness.example/${number}`,
  seed: new Uint8Array(32).fill(40 + number),
}));

function cosigned(note: string, ...witnesses: readonly Witness[]): string {
  const { text } = parseNote(note);
  return note + witnesses.map((one) => cosignText(nativeCrypto, text, one, 1_700_000_100)).join('');
}

function policyOf(quorum: string): string {
  const lines = WITNESSES.map(({ name, seed }, index) => {
    const publicKey = nativeCrypto.ed25519PublicKey(seed);
    return `witness w${index + 1} ${formatVerifierKey(nativeCrypto, name, publicKey, 'cosignature')}`;
  });
  return [`log ${log.verifierKey}`, ...lines, 'group two 2 w1 w2 w3', `quorum ${quorum}`, ''].join(
    '\n',
  );
}

function verify(changed: Uint8Array, options: Partial<VerifyOptions> = {}): Report {
  return verifyBundle(nativeCrypto, changed, { verifierKey: log.verifierKey, ...options });
}

describe('cosignatures', () => {
  const [first, second] = WITNESSES as [Witness, Witness];
  const two = attachToBundle(bytes, { checkpoint: cosigned(checkpoint, first, second) });

  it('are not asked for without a policy, and change nothing else', () => {
    const report = verify(two);
    expect(failuresOf(report)).toEqual({});
    expect(verdictsOf(report)['witnesses']).toBe('not-claimed');
  });

  it.each<[string, Uint8Array, string, Verdict]>([
    ['two of three', two, 'two', 'proved'],
    ['the one that signed', two, 'w2', 'proved'],
    ['the one that did not', two, 'w3', 'failed'],
    ['two, where none signed', bytes, 'two', 'failed'],
    ['none, which shows nothing', two, 'none', 'failed'],
  ])('are as many as the policy wants: %s', (_what, changed, quorum, expected) => {
    const report = verify(changed, { witnessPolicy: policyOf(quorum) });
    expect(verdictsOf(report)['witnesses']).toBe(expected);
    expect(report.holds).toBe(expected === 'proved');
  });

  it('are of another text no more', () => {
    const other = cosigned(log.checkpoint(2), first, second).split('\n\n')[1] as string;
    const lines = other.split('\n').slice(1).join('\n');
    const changed = attachToBundle(bytes, { checkpoint: checkpoint + lines });
    expect(failuresOf(verify(changed, { witnessPolicy: policyOf('two') }))).toEqual({
      witnesses: ['ERR_BUNDLE_WITNESS'],
    });
  });

  it('are not attached where they are of another checkpoint, or lack a signature', () => {
    const stranger = new SyntheticLog('log.example/tenant-7', 9);
    for (const other of [
      log.checkpoint(2),
      stranger.checkpoint(0),
      checkpoint.replace(/— .*\n/u, cosigned(checkpoint, first).split('\n').at(-2) as string) +
        '\n',
    ]) {
      expect(codeOf(() => attachToBundle(bytes, { checkpoint: other }))).toBe(
        'ERR_BUNDLE_ATTACHMENT',
      );
    }
    const stamped = attachToBundle(bytes, { timeStamp: Uint8Array.of(1) });
    expect(codeOf(() => attachToBundle(stamped, { checkpoint: cosigned(checkpoint, first) }))).toBe(
      'ERR_BUNDLE_ATTACHMENT',
    );
  });

  it('refuse a policy that is none', () => {
    expect(failuresOf(verify(two, { witnessPolicy: 'nonsense\n' }))).toEqual({
      witnesses: ['ERR_BUNDLE_WITNESS'],
    });
  });
});

describe('a time stamp', () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const root = issue({ name: 'Root', serial: 1, key, extensions: AUTHORITY_EXTENSIONS });
  const other = issue({ name: 'Else', serial: 1, key, extensions: AUTHORITY_EXTENSIONS });
  const signer = issueBy(root, { name: 'Stamps', serial: 2, key, extensions: STAMP_EXTENSIONS });
  const stampOf = (text: string): Uint8Array =>
    respond({ signer, stamped: utf8Encode(text), nonce: null });
  const stamped = attachToBundle(bytes, { timeStamp: stampOf(checkpoint) });
  const roots = { timeStampRoots: pemOf(root) };

  it('is proved up to a root that is trusted, and attested without', () => {
    const report = verify(stamped, roots);
    expect(failuresOf(report)).toEqual({});
    expect(report.checks.find(({ check }) => check === 'time')).toMatchObject({
      verdict: 'proved',
      detail: expect.stringContaining('CN=Stamps') as string,
    });
    expect(verdictsOf(verify(stamped))['time']).toBe('attested');
  });

  it.each<[string, Uint8Array, string, string]>([
    [
      'of another checkpoint',
      attachToBundle(bytes, { timeStamp: stampOf('else\n') }),
      pemOf(root),
      'ERR_BUNDLE_TIME_STAMP',
    ],
    ['of an authority that is not trusted', stamped, pemOf(other), 'ERR_BUNDLE_TIME_STAMP'],
    [
      'that is none',
      attachToBundle(bytes, { timeStamp: Uint8Array.of(0x30) }),
      pemOf(root),
      'ERR_BUNDLE_TIME_STAMP',
    ],
    ['that is not there', bytes, pemOf(root), 'ERR_BUNDLE_MISSING'],
    ['under roots that are none', stamped, 'nonsense', 'ERR_BUNDLE_TIME_STAMP'],
  ])('%s is refused where roots are given', (_what, changed, pem, code) => {
    expect(failuresOf(verify(changed, { timeStampRoots: pem }))).toEqual({ time: [code] });
  });

  it('is of the very file, cosignatures and all', () => {
    const [witness] = WITNESSES as [Witness];
    const note = cosigned(checkpoint, witness);
    const both = attachToBundle(bytes, { checkpoint: note, timeStamp: stampOf(note) });
    const options = { ...roots, witnessPolicy: policyOf('w1') };
    expect(failuresOf(verify(both, options))).toEqual({});
    const stripped = withEntry(both, CHECKPOINT, () => utf8Encode(checkpoint));
    expect(failuresOf(verify(stripped, options))).toMatchObject({
      witnesses: ['ERR_BUNDLE_WITNESS'],
      time: ['ERR_BUNDLE_TIME_STAMP'],
    });
  });

  it('is replaced by a later one, and its name is the only one that may be added', () => {
    const again = attachToBundle(stamped, { timeStamp: stampOf(checkpoint) });
    expect(parseZip(again).filter(({ name }) => name === TIME_STAMP)).toHaveLength(1);
    const added = withEntries(bytes, (entries) => [
      ...entries,
      { name: 'timestamp.old', bytes: Uint8Array.of(1) },
    ]);
    expect(failuresOf(verify(added))).toEqual({ integrity: ['ERR_BUNDLE_UNEXPECTED'] });
  });
});
