/** COSE receipts, as a process sees them: ours, and a second verifier in Python with a CBOR of its own. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { bytesToHex, concatBytes } from '@veritydb/types';
import { afterAll, describe, expect, it } from 'vitest';

import { exportPatients } from '../../../packages/sharing/bundle/test/export-fixture.ts';
import { SyntheticLog } from '../../../packages/sharing/bundle/test/synthetic-log.ts';
import { runVerifier } from '../src/verifier.ts';

const INDEPENDENT = resolve(import.meta.dirname, '../independent/verify_receipt.py');
const hasPython = spawnSync('python3', ['-c', 'import cryptography']).status === 0;
if (!hasPython) {
  process.stdout.write('skipped: the independent verifier, no python3 with cryptography\n');
}

const folder = mkdtempSync(join(tmpdir(), 'verity-receipt-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const { log, size } = exportPatients();

function leafOf(offset: number): Uint8Array {
  return (log.records[offset] as { readonly leaf: Uint8Array }).leaf;
}

function file(name: string, content: Uint8Array | string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const key = file('log.key', `${log.verifierKey}\n`);
const offset = size - 1;
const honest = log.receipt(offset, size);
const leaf = bytesToHex(leafOf(offset));

function receipt(...args: readonly string[]): { code: number; out: string } {
  let out = '';
  const write = (text: string): void => {
    out += text;
  };
  const code = runVerifier(['receipt', ...args], { out: write, error: write, color: false });
  return { code, out };
}

describe('verity-verify receipt', () => {
  const path = file('record.cose', honest);

  it('proves a record of the log, by its place', () => {
    const found = receipt(path, '--leaf', leaf, '--key-file', key);
    expect(found.code).toBe(0);
    expect(found.out).toContain(`${log.origin} holds record ${offset} in a tree of ${size}.`);
  });

  it.each([
    ['of another leaf', honest, bytesToHex(leafOf(0)), log.verifierKey],
    ['of a leaf that is no header', honest, '0100', log.verifierKey],
    ['by another key', honest, leaf, new SyntheticLog(log.origin, 99).verifierKey],
    ['that is cut short', honest.subarray(0, -1), leaf, log.verifierKey],
    ['of nothing', new Uint8Array(), leaf, log.verifierKey],
    // Leaf 2 of 3 is by its hashes leaf 1 of 2, of the tree whose root is the same.
    [
      'with another place than the leaf has',
      renumbered(log.receipt(2, 3)),
      bytesToHex(leafOf(2)),
      log.verifierKey,
    ],
  ])('refuses one %s', (_what, bytes, ofLeaf, verifierKey) => {
    const found = receipt(file('bad.cose', bytes), '--leaf', ofLeaf, '--key', verifierKey);
    expect(found).toMatchObject({ code: 1, out: expect.stringMatching(/ERR_BUNDLE_[A-Z]+\)/) });
  });

  it('says how it is used', () => {
    expect(receipt(path, '--leaf', leaf).code).toBe(2);
    expect(receipt(path, '--key-file', key).code).toBe(2);
    expect(receipt('--leaf', leaf, '--key-file', key).code).toBe(2);
    expect(receipt(path, '--leaf', 'no', '--key-file', key).code).toBe(2);
    expect(receipt(path, '--leaf', leaf, '--key', 'no key').code).toBe(2);
    expect(receipt(join(folder, 'nothing'), '--leaf', leaf, '--key-file', key).code).toBe(3);
    expect(receipt('--help')).toMatchObject({ code: 0, out: expect.stringContaining('RFC 9942') });
  });
});

/** The receipt of leaf 2 of 3, which says: leaf 1 of 2. */
function renumbered(bytes: Uint8Array): Uint8Array {
  const proof = Buffer.from(bytes).indexOf(Buffer.from('830302', 'hex'));
  const changed = bytes.slice();
  changed.set([0x83, 2, 1], proof);
  return changed;
}

describe.runIf(hasPython)('the independent verifier of receipts', () => {
  const run = (bytes: Uint8Array, ofLeaf: Uint8Array): { status: number | null; out: string } => {
    const path = file('independent.cose', bytes);
    const args = [INDEPENDENT, path, '--leaf', bytesToHex(ofLeaf), '--key-file', key];
    const { status, stderr, stdout } = spawnSync('python3', args, { encoding: 'utf8' });
    return { status, out: stdout + stderr };
  };

  it('takes those of each record and size', () => {
    for (const [index, treeSize] of [
      [0, 2],
      [2, 3],
      [offset, size],
      [1, size],
    ] as const) {
      expect(run(log.receipt(index, treeSize), leafOf(index))).toMatchObject({
        status: 0,
        out: expect.stringContaining(`record ${index} of ${treeSize} of ${log.origin}`),
      });
    }
  });

  it('refuses another leaf, and changed bytes', () => {
    expect(run(honest, leafOf(0)).status).toBe(1);
    for (const place of [0, 1, 6, 40, honest.length - 100, honest.length - 1]) {
      const changed = honest.slice();
      changed[place] = (changed[place] as number) ^ 1;
      expect(run(changed, leafOf(offset)), `byte ${place}`).toMatchObject({ status: 1 });
    }
    expect(run(concatBytes(honest, new Uint8Array(1)), leafOf(offset)).status).toBe(1);
  });
});
