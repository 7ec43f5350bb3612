/**
 * Proofs of what a range holds, as they leave by the door: what is there, what is not, and that nothing was
 * left out.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import { formatVerifierKey } from '@veritydb/merkle';
import { expectCode } from '@veritydb/testkit';
import { VerityError, bytesToHex, canonicalJson } from '@veritydb/types';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type KeysAsked, type TenantHandle, Verity, verifyStateProof } from '../src/index.ts';

let verity: Verity;
let tenant: TenantHandle;
let key = '';
beforeAll(async () => {
  verity = Verity.inMemory();
  tenant = verity.tenant(1);
  const { origin, publicKey } = tenant.runtime;
  key = formatVerifierKey(nativeCrypto, origin, publicKey);
  await tenant.execute(
    'CREATE TABLE visits (patient TEXT, day DATE, cost INTEGER, PRIMARY KEY (patient, day))',
  );
  await tenant.execute('CREATE INDEX by_cost ON visits (cost)');
  for (const [patient, day, cost] of [
    ['ann', '2024-01-01', 10],
    ['ann', '2024-02-01', 20],
    ['bob', '2024-01-05', 10],
  ] as const) {
    await tenant.execute(`INSERT INTO visits VALUES ('${patient}', '${day}', ${cost})`);
  }
});
afterAll(() => {
  verity.close();
});

function proved(name: string, keys: KeysAsked = {}): number {
  return verifyStateProof(nativeCrypto, tenant.proveState(name, keys), key).entries.length;
}

function codeOf(text: string): string {
  try {
    verifyStateProof(nativeCrypto, text, key);
    return 'none';
  } catch (error) {
    if (error instanceof VerityError && error.kind !== 'assertion') return error.code;
    throw error;
  }
}

describe('a proof of state', () => {
  it('shows what is there by the key, by its first columns, and between two', () => {
    expect(proved('visits')).toBe(3);
    expect(proved('visits', { at: ['ann', '2024-02-01'] })).toBe(1);
    expect(proved('visits', { at: ['ann'] })).toBe(2);
    expect(proved('visits', { from: ['ann', '2024-01-02'], to: ['bob'] })).toBe(1);
    expect(proved('visits.by_cost', { at: ['10'] })).toBe(2);
  });

  it('shows that nothing is there', () => {
    expect(proved('visits', { at: ['cy'] })).toBe(0);
    expect(proved('visits', { at: ['ann', '2024-01-02'] })).toBe(0);
    expect(proved('visits.by_cost', { from: ['11'], to: ['20'] })).toBe(0);
  });

  it('is of now: what was written last is in it, by the commitment that its record has', async () => {
    const { position } = await tenant.execute("INSERT INTO visits VALUES ('dee', '2024-03-01', 5)");
    const text = tenant.proveState('visits', { at: ['dee'] });
    const { entries, offset, origin } = verifyStateProof(nativeCrypto, text, key);
    expect(offset).toBeGreaterThan(position);
    expect(origin).toBe(tenant.runtime.origin);
    const [commitment] = tenant.runtime.openRecord(position).commitments;
    expect(entries.map((entry) => bytesToHex(entry.commitment))).toEqual([
      bytesToHex(commitment ?? new Uint8Array(0)),
    ]);
    // Nothing new, so no further checkpoint record.
    const { head } = tenant.runtime;
    expect(tenant.proveState('visits', { at: ['dee'] })).toBe(text);
    expect(tenant.runtime.head).toBe(head);
  });

  // The operator would have a matching row not be seen.
  it('fails when one matching row is hidden', async () => {
    const whole = JSON.parse(tenant.proveState('visits', { at: ['ann'] })) as Record<
      string,
      string
    >;
    await tenant.execute("DELETE FROM visits WHERE patient = 'ann' AND cost = 20");
    const without = JSON.parse(tenant.proveState('visits', { at: ['ann'] })) as Record<
      string,
      string
    >;
    const { proof = '' } = without;
    expect(codeOf(canonicalJson(whole))).toBe('none');
    expect(codeOf(canonicalJson({ ...whole, proof }))).toBe('ERR_MERKLE_ROOT');
    // Nor may it be said to be of another range, table or record.
    expect(codeOf(canonicalJson({ ...whole, from: null, to: null }))).toBe('ERR_MERKLE_PROOF');
    expect(codeOf(canonicalJson({ ...whole, name: 'visits.by_cost' }))).toBe(
      'ERR_TRANSPARENCY_STATE_PROOF',
    );
    const salt = '00'.repeat(16);
    expect(codeOf(canonicalJson({ ...whole, salt }))).toBe('ERR_TRANSPARENCY_STATE_PROOF');
    expect(codeOf(canonicalJson({ ...whole, salt: '00' }))).toBe('ERR_TRANSPARENCY_STATE_PROOF');
    expect(codeOf(canonicalJson({ ...whole, payload: without['payload'] ?? '' }))).toBe(
      'ERR_TRANSPARENCY_STATE_PROOF',
    );
  });

  it('is refused with any character changed, or as anything else', () => {
    const text = tenant.proveState('visits');
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom('0', 'A', '"', 'f'), (at, by) => {
        fc.pre(text[at] !== by);
        const changed = `${text.slice(0, at)}${by}${text.slice(at + 1)}`;
        expect(codeOf(changed)).not.toBe('none');
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (any) => {
        expect(codeOf(any)).toBe('ERR_TRANSPARENCY_STATE_PROOF');
      }),
    );
  });

  it('is refused for what there is not', () => {
    expectCode(() => tenant.proveState('nothing'), 'ERR_RUNTIME_NO_ROOT');
    expectCode(() => tenant.proveState('visits.nothing'), 'ERR_RUNTIME_NO_ROOT');
    expectCode(
      () => tenant.proveState('visits', { at: ['a', '2024-01-01', 'x'] }),
      'ERR_RUNTIME_NO_ROOT',
    );
    expectCode(() => tenant.proveState('visits', { at: ['a', 'no day'] }), 'ERR_TYPES_VALUE');
  });
});
