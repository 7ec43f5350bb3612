/**
 * Bundles that were once made, and must verify for ever, by every later version. They are kept as files:
 * `WRITE_GOLDEN=1` writes those that are not there yet, and never one that is.
 */

import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { cosignText, formatVerifierKey, parseNote } from '@veritydb/merkle';
import { canonicalJson, utf8Encode } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { attachToBundle } from '../src/attach.ts';
import { verifyBundle } from '../src/verify.ts';
import { exportPatients, failuresOf, refusalsOf, verdictsOf } from './export-fixture.ts';
import { SyntheticLog } from './synthetic-log.ts';

const FOLDER = join(import.meta.dirname, 'golden');
const at = (name: string): string => join(FOLDER, name);

interface Golden {
  readonly verifierKey: string;
  readonly heldCheckpoint?: string;
  readonly witnessPolicy?: string;
  readonly verdicts: Readonly<Record<string, string>>;
}

/** The first bundles of version 1. */
function write(name: string, bytes: Uint8Array, given: Omit<Golden, 'verdicts'>): void {
  if (existsSync(at(`${name}.zip`))) return;
  const verdicts = verdictsOf(verifyBundle(nativeCrypto, bytes, given));
  writeFileSync(at(`${name}.zip`), bytes);
  writeFileSync(at(`${name}.json`), `${JSON.stringify({ ...given, verdicts }, null, 2)}\n`);
}

if (process.env['WRITE_GOLDEN'] !== undefined) {
  const plain = exportPatients();
  write('v1-plain', plain.bytes, { verifierKey: plain.log.verifierKey });
  const held = exportPatients({ heldTreeSize: 3, csv: true });
  write('v1-held-csv', held.bytes, {
    verifierKey: held.log.verifierKey,
    heldCheckpoint: held.log.checkpoint(3),
  });
  const columns = exportPatients({ parquet: true });
  write('v1-parquet', columns.bytes, { verifierKey: columns.log.verifierKey });
  const consent = ['a1'.repeat(16), 'b2'.repeat(16)];
  const model = { k: 1, suppressionLimit: 0.05, written: 'public' };
  const release = canonicalJson({ columns: [], model, records: 4, suppressed: 0 });
  const released = exportPatients({ input: { consent }, release: utf8Encode(release) });
  write('v1-consent-release', released.bytes, { verifierKey: released.log.verifierKey });
  const witness = { name: 'witness.example/1', seed: new Uint8Array(32).fill(41) };
  const note = plain.log.checkpoint(plain.size);
  const line = cosignText(nativeCrypto, parseNote(note).text, witness, 1_700_000_100);
  const publicKey = nativeCrypto.ed25519PublicKey(witness.seed);
  const key = formatVerifierKey(nativeCrypto, witness.name, publicKey, 'cosignature');
  write('v1-witnessed', attachToBundle(plain.bytes, { checkpoint: note + line }), {
    verifierKey: plain.log.verifierKey,
    witnessPolicy: `log ${plain.log.verifierKey}\nwitness w ${key}\nquorum w\n`,
  });
}

const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.zip'))
  .map((name) => name.slice(0, -'.zip'.length));

describe('golden bundles', () => {
  it('are there', () => {
    expect(names).toEqual(expect.arrayContaining(['v1-held-csv', 'v1-plain', 'v1-witnessed']));
  });

  // S359, S360: a signed bundle of a version that was released verifies with every later verifier.
  it.each(names)('%s verifies as it did when it was made', (name) => {
    const bytes = new Uint8Array(readFileSync(at(`${name}.zip`)));
    const { verdicts, ...given } = JSON.parse(readFileSync(at(`${name}.json`), 'utf8')) as Golden;
    for (const crypto of [nativeCrypto, portableCrypto]) {
      const report = verifyBundle(crypto, bytes, given);
      expect(failuresOf(report)).toEqual({});
      expect(verdictsOf(report)).toEqual(verdicts);
    }
    const stranger = new SyntheticLog('log.example/tenant-7', 77);
    expect(refusalsOf({ bytes, log: stranger })).toMatchObject({
      signature: ['ERR_BUNDLE_SIGNATURE'],
    });
  });
});
