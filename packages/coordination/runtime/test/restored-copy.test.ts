/**
 * A copy restored under tombstones: who was erased in the log that it is a copy of is erased here too,
 * with a receipt of its own; a legal hold keeps that from being put on record, and brings nothing back.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import { formatVerifierKey } from '@veritydb/merkle';
import { NonceWatch, SimClock, SimDisk, SimRandom } from '@veritydb/sim';
import { concatBytes } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { type Tenant, restoreBackup, verifyBackup, verifyTombstones } from '../src/index.ts';
import { check, filesOf } from './check-house.ts';
import {
  type Machine,
  PEOPLE,
  checkStoreFile,
  execute,
  machineOf,
  openTenant,
  peopleAt,
  proveLog,
} from './tenant-house.ts';

const REASON = { legalBasis: 'GDPR Article 17(1)(b)', approvals: ['data protection officer'] };

interface Copied {
  readonly machine: Machine;
  readonly disk: SimDisk;
}

/** A database that is backed up, erases a person, and is restored under its tombstones. */
async function restored(isHeld: boolean): Promise<Copied> {
  const machine = machineOf(new SimDisk(), new NonceWatch(nativeCrypto).crypto);
  const tenant = openTenant(machine);
  await execute(tenant, PEOPLE);
  await execute(tenant, "INSERT INTO people VALUES (1, 'anna', 1), (2, 'bert', 2), (3, 'anna', 3)");
  const hold = { holdId: 'h1', subjectMacs: tenant.subjectMacs('anna'), reason: 'case 7' };
  if (isHeld) await tenant.submit({ kind: 'place-hold', hold });
  const archive = new SimDisk().open('a.tar', 'create');
  archive.writeAt(concatBytes(...tenant.backup()), 0);
  if (isHeld) await tenant.submit({ kind: 'release-hold', holdId: 'h1' });
  await tenant.erase('anna', REASON);
  const key = formatVerifierKey(nativeCrypto, tenant.origin, tenant.publicKey);
  const tombstones = verifyTombstones(nativeCrypto, tenant.tombstones(), key);
  tenant.close();
  const disk = new SimDisk();
  const ports = { disk, crypto: nativeCrypto, clock: new SimClock(), random: new SimRandom(9) };
  restoreBackup(verifyBackup(nativeCrypto, archive, key), [tombstones], ports);
  return { machine: { ...machine, disk }, disk };
}

function statesOf(tenant: Tenant): readonly unknown[] {
  const snapshot = tenant.snapshot();
  const rows = snapshot.scan(snapshot.reserved('verity_erasures'), { kind: 'scan' });
  return Array.from(rows, ({ values }) => values[4]);
}

describe('a copy restored under tombstones', () => {
  it('erases whom its original erased, and says so', async () => {
    const { disk, machine } = await restored(false);
    expect(check(filesOf(disk)).isSound).toBe(true);
    const copy = openTenant(machine);
    expect(peopleAt(copy)).toEqual(['2 bert 2']);
    expect(peopleAt(copy, 2)).toEqual(['2 bert 2', 'erased', 'erased']);
    expect(statesOf(copy)).toEqual(['completed']);
    proveLog(copy);
    copy.close();
    expect(check(filesOf(disk)).isSound).toBe(true);
  });

  it('has rows of nothing while a hold keeps them, which hinder no write', async () => {
    const { disk, machine } = await restored(true);
    const copy = openTenant(machine);
    expect(peopleAt(copy)).toEqual(['2 bert 2', 'erased', 'erased']);
    expect(statesOf(copy)).toEqual([]);
    expect(await execute(copy, 'UPDATE people SET score = 20')).toMatchObject({ rows: 1 });
    expect(await execute(copy, 'DELETE FROM people')).toMatchObject({ rows: 1 });
    await execute(copy, "INSERT INTO people VALUES (1, 'anna', 5)");
    expect(peopleAt(copy)).toEqual(['1 anna 5', 'erased', 'erased']);
    copy.close();
    expect(check(filesOf(disk)).isSound).toBe(true);
    const again = openTenant(machine);
    await again.submit({ kind: 'release-hold', holdId: 'h1' });
    again.close();
    // What was held is ended now; the person has come back meanwhile, and stays.
    const last = openTenant(machine);
    expect(peopleAt(last)).toEqual(['1 anna 5']);
    expect(statesOf(last)).toEqual(['completed']);
    proveLog(last);
    last.close();
  });

  it('does so when it is killed at any call of the disk', async () => {
    const { disk, machine: first } = await restored(false);
    const whole = disk.snapshot();
    for (let call = 1; ; call += 1) {
      const machine = { ...first, crypto: new NonceWatch(nativeCrypto).crypto };
      disk.restore(whole);
      disk.failAfter(call);
      let isOpen = true;
      try {
        openTenant(machine);
      } catch {
        isOpen = false;
      }
      disk.crash(call);
      const copy = openTenant(machine);
      expect(peopleAt(copy), `call ${call}`).toEqual(['2 bert 2']);
      expect(statesOf(copy), `call ${call}`).toEqual(['completed']);
      proveLog(copy);
      copy.close();
      checkStoreFile(machine);
      if (isOpen) break;
      expect(call).toBeLessThan(200);
    }
  });
});
