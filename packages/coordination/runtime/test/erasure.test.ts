/**
 * Erasure: what was about a data subject cannot be read from anything that is left, in any past; what was
 * about others can, and is proved as before; and a kill at any step leaves it finished or not begun.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import { Log } from '@veritydb/log';
import { verifyInclusion } from '@veritydb/merkle';
import { NonceWatch, SimDisk } from '@veritydb/sim';
import { expectCode, expectCodeAsync } from '@veritydb/testkit';
import { type VerityError, bytesToHex, parseIdempotencyId, toOffset } from '@veritydb/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { SyncPolicy, Tenant } from '../src/index.ts';
import { watchOpened } from './opened-watch.ts';
import {
  type Machine,
  PEOPLE,
  TENANT,
  checkStoreFile,
  execute,
  machineOf,
  openKeys,
  openTenant,
  peopleAt,
  proveLog,
  textOf,
} from './tenant-house.ts';

const REASON = { legalBasis: 'GDPR Article 17(1)(b)', approvals: ['data protection officer'] };

function holds(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes).includes(text);
}

function erasuresOf(tenant: Tenant): readonly string[] {
  const snapshot = tenant.snapshot();
  const rows = snapshot.scan(snapshot.reserved('verity_erasures'), { kind: 'scan' });
  return Array.from(rows, ({ values }) => textOf([values[4] ?? null, values[8] ?? null]));
}

async function clinic(machine: Machine, sync?: SyncPolicy): Promise<Tenant> {
  const tenant = openTenant(machine, sync);
  await execute(tenant, PEOPLE);
  await execute(tenant, "INSERT INTO people VALUES (1, 'anna', 1), (2, 'bert', 2), (3, 'anna', 3)");
  await execute(tenant, "INSERT INTO people VALUES (4, 'anna', 4)");
  await execute(tenant, 'UPDATE people SET score = 40 WHERE id = 4');
  await execute(tenant, 'DELETE FROM people WHERE id = 3');
  return tenant;
}

describe('an erased data subject', () => {
  it('is gone now, and was there in the past without being read', async () => {
    const machine = machineOf(new SimDisk(), new NonceWatch(nativeCrypto).crypto);
    const tenant = await clinic(machine);
    const before = tenant.head;
    const erased = await tenant.erase('anna', REASON);
    expect(erased).toMatchObject([{ records: 4, rows: 5, firstOffset: 2, lastOffset: 5 }]);
    const check = (each: Tenant): void => {
      expect(peopleAt(each)).toEqual(['2 bert 2']);
      expect(peopleAt(each, before)).toEqual(['2 bert 2', 'erased', 'erased']);
      expect(peopleAt(each, 2)).toEqual(['2 bert 2', 'erased', 'erased']);
      expect(peopleAt(each, 3)).toEqual(['2 bert 2', 'erased', 'erased', 'erased']);
      expect(erasuresOf(each)).toEqual(['completed 5']);
      proveLog(each);
    };
    check(tenant);
    tenant.close();
    // From the store as it was flushed, and from nothing but the log.
    check(openTenant(machine));
    machine.disk.remove('store.vdb');
    const again = openTenant(machine);
    check(again);
    again.close();
    checkStoreFile(machine);
  });

  it('is in nothing that any key which is left can open', async () => {
    const { crypto, opened } = watchOpened();
    const disk = new SimDisk();
    const machine = machineOf(disk, crypto);
    const tenant = await clinic(machine);
    tenant.close();
    const again = openTenant(machine);
    proveLog(again);
    expect(opened.some((bytes) => holds(bytes, 'anna'))).toBe(true);
    await again.erase('anna', REASON);
    opened.length = 0;
    again.close();
    const last = openTenant(machine);
    for (let position = 0; position <= last.head; position += 1) peopleAt(last, position);
    proveLog(last);
    last.close();
    checkStoreFile(machine);
    expect(opened.length).toBeGreaterThan(10);
    expect(opened.filter((bytes) => holds(bytes, 'anna'))).toEqual([]);
    expect(opened.some((bytes) => holds(bytes, 'bert'))).toBe(true);
    for (const folder of ['', 'log']) {
      for (const name of disk.list(folder)) {
        const file = folder === '' ? name : `${folder}/${name}`;
        expect(holds(disk.bytesOf(file), 'anna'), file).toBe(false);
      }
    }
  });

  // S097: who has no key at all sees in the headers where the log was written, anchored and erased from.
  it('is marked in the log by a tombstone, its receipt', async () => {
    const { disk, ...machine } = machineOf(new SimDisk());
    const tenant = await clinic({ disk, ...machine });
    await tenant.erase('anna', REASON);
    tenant.close();
    const log = Log.open({
      disk,
      crypto: machine.crypto,
      tenant: TENANT,
      now: machine.clock.now(),
      identity: () => machine.random.bytes(16),
    });
    const kinds = Array.from(log.scan(toOffset(0)), ({ header }) => header.kind);
    const writes = Array.from({ length: 6 }, () => 'data');
    expect(kinds).toEqual(['checkpoint', ...writes, 'tombstone', 'checkpoint']);
  });

  it('leaves every proof as it was, also of rows beside its own', async () => {
    const tenant = await clinic(machineOf(new SimDisk()));
    const size = tenant.tree.size;
    const root = tenant.tree.root();
    const note = tenant.signedCheckpoint();
    const proofs = Array.from({ length: size }, (_, index) => tenant.tree.inclusionProof(index));
    const opened = tenant.openRecord(toOffset(2));
    const bert = opened.openRow(1);
    await tenant.erase('anna', REASON);
    expect(tenant.signedCheckpoint(size)).toBe(note);
    for (const [index, proof] of proofs.entries()) {
      const leafHash = tenant.tree.leafHash(index);
      verifyInclusion(nativeCrypto, { index, size, leafHash, proof, root });
    }
    const after = tenant.openRecord(toOffset(2));
    expect(after.leaf).toEqual(opened.leaf);
    expect(after.commitments).toEqual(opened.commitments);
    expect(after.openRow(1)).toEqual(bert);
    expectCode(() => after.openRow(0), 'ERR_RUNTIME_ERASED');
    const alone = tenant.openRecord(toOffset(3));
    expect(alone.commitments).toEqual([]);
    expectCode(() => alone.openRow(0), 'ERR_RUNTIME_ERASED');
  });

  it('may come back, and be erased again', async () => {
    const machine = machineOf(new SimDisk(), new NonceWatch(nativeCrypto).crypto);
    const tenant = await clinic(machine);
    await tenant.erase('anna', REASON);
    await execute(tenant, "INSERT INTO people VALUES (4, 'anna', 44)");
    expect(peopleAt(tenant)).toEqual(['2 bert 2', '4 anna 44']);
    const { head } = tenant;
    const [again] = await tenant.erase('anna', REASON);
    expect(again).toMatchObject({ records: 1, rows: 1, firstOffset: head, lastOffset: head });
    expect(peopleAt(tenant)).toEqual(['2 bert 2']);
    expect(peopleAt(tenant, head)).toEqual(['2 bert 2', 'erased']);
    expect(erasuresOf(tenant)).toEqual(['completed 5', 'completed 1']);
    expect(await tenant.erase('anna', REASON)).toEqual([]);
    expect(await tenant.erase('nobody', REASON)).toEqual([]);
  });

  it('of one tenant is nobody of another', async () => {
    const [first, second] = [machineOf(new SimDisk()), machineOf(new SimDisk())];
    const [one, other] = [await clinic(first), await clinic(second)];
    await one.erase('anna', REASON);
    expect(peopleAt(one)).toEqual(['2 bert 2']);
    expect(peopleAt(other)).toEqual(['1 anna 1', '2 bert 2', '4 anna 40']);
  });

  it('is kept by a legal hold, however its id is written', async () => {
    const tenant = await clinic(machineOf(new SimDisk()));
    const hold = { holdId: 'h1', subjectMacs: tenant.subjectMacs('anna'), reason: 'case 7' };
    await tenant.submit({ kind: 'place-hold', hold });
    const { head } = tenant;
    const refused = await expectCodeAsync(
      async () => tenant.erase('anna', REASON),
      'ERR_KERNEL_HELD',
    );
    expect(refused.kind).toBe('denied');
    expect(tenant.head).toBe(head);
    expect(peopleAt(tenant)).toContain('1 anna 1');
    await tenant.erase('bert', REASON);
    await tenant.submit({ kind: 'release-hold', holdId: 'h1' });
    await tenant.erase('anna', REASON);
    expect(peopleAt(tenant)).toEqual([]);
  });

  it('is one, however many digits its number is written with', async () => {
    const machine = machineOf(new SimDisk());
    const tenant = openTenant(machine);
    await execute(
      tenant,
      'CREATE TABLE people (id INTEGER NOT NULL PRIMARY KEY, who DECIMAL NOT NULL, DATA SUBJECT who)',
    );
    await execute(tenant, 'INSERT INTO people VALUES (1, 42), (2, 42.0), (3, 42.01), (4, 420)');
    const hold = { holdId: 'h1', subjectMacs: tenant.subjectMacs('42'), reason: 'case 7' };
    await tenant.submit({ kind: 'place-hold', hold });
    await expectCodeAsync(async () => tenant.erase('42.00', REASON), 'ERR_KERNEL_HELD');
    await tenant.submit({ kind: 'release-hold', holdId: 'h1' });
    expect(await tenant.erase('42.00', REASON)).toMatchObject([{ rows: 2 }]);
    const snapshot = tenant.snapshot();
    const people = snapshot.table('people');
    if (people === undefined) throw new Error('no table');
    const rows = Array.from(snapshot.scan(people, { kind: 'scan' }), ({ values }) => values[0]);
    expect(rows).toEqual([3, 4]);
  });

  it('is erased with what was written while the request waited, under a key of another type too', async () => {
    const tenant = await clinic(machineOf(new SimDisk()));
    await execute(tenant, "INSERT INTO people VALUES (9, '7', 1)");
    await execute(
      tenant,
      'CREATE TABLE visits (id INTEGER NOT NULL PRIMARY KEY, who INTEGER NOT NULL, DATA SUBJECT who)',
    );
    const writing = execute(tenant, 'INSERT INTO visits VALUES (1, 7), (2, 8)');
    const erasing = tenant.erase('7', REASON);
    const { offset } = await writing;
    const erased = await erasing;
    expect(erased).toMatchObject([{ rows: 1 }, { rows: 1, firstOffset: offset }]);
    const snapshot = tenant.snapshot();
    const visits = snapshot.table('visits');
    if (visits === undefined) throw new Error('no table');
    const rows = Array.from(snapshot.scan(visits, { kind: 'scan' }), ({ values }) => values[1]);
    expect(rows).toEqual([8]);
  });

  it('is not guessed by a retry of what was written about it', async () => {
    const machine = machineOf(new SimDisk());
    const tenant = await clinic(machine);
    const [one, two] = ['1', '2'].map((digit) => parseIdempotencyId(digit.repeat(32)));
    const insert = async (each: Tenant, id: typeof one): Promise<unknown> =>
      execute(each, "INSERT INTO people VALUES (9, 'carl', 9)", [], id ?? null);
    const other = async (each: Tenant): Promise<unknown> =>
      execute(each, "INSERT INTO people VALUES (8, 'dora', 9)", [], two ?? null);
    await insert(tenant, one);
    await other(tenant);
    expect(await insert(tenant, one)).toMatchObject({ duplicate: true });
    await tenant.erase('carl', REASON);
    await expectCodeAsync(async () => insert(tenant, one), 'ERR_KERNEL_COMMAND_ERASED');
    expect(await other(tenant)).toMatchObject({ duplicate: true });
    machine.disk.remove('store.vdb');
    const again = openTenant(machine);
    await expectCodeAsync(async () => insert(again, one), 'ERR_KERNEL_COMMAND_ERASED');
    expect(await other(again)).toMatchObject({ duplicate: true });
  });

  it('keeps readers and writers waiting, and lets them in again', async () => {
    const tenant = await clinic(machineOf(new SimDisk()));
    const erasing = tenant.erase('anna', REASON);
    const also = tenant.erase('bert', REASON);
    let refused = 0;
    for (let turn = 0; turn < 1000 && peopleOrCode(tenant) !== 'none'; turn += 1) {
      if (peopleOrCode(tenant) === 'ERR_RUNTIME_ERASING') refused += 1;
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    expect(refused).toBeGreaterThan(0);
    expect(await erasing).toHaveLength(1);
    expect(await also).toHaveLength(1);
    await execute(tenant, "INSERT INTO people VALUES (5, 'emil', 5)");
    expect(peopleAt(tenant)).toEqual(['5 emil 5']);
  });

  it('is not written about by what arrives together with the request', async () => {
    const machine = machineOf(new SimDisk());
    const tenant = await clinic(machine);
    const erasing = tenant.erase('anna', REASON);
    // The request is submitted in the microtask before these: all are of one batch.
    await Promise.resolve();
    const writes = [
      execute(tenant, 'UPDATE people SET score = 5 WHERE id = 1'),
      execute(tenant, "INSERT INTO people VALUES (9, 'anna', 9)"),
      execute(tenant, "INSERT INTO people VALUES (8, 'bert', 8)"),
    ];
    const outcomes = await Promise.allSettled(writes);
    const [done] = await erasing;
    const accepted = outcomes.filter(({ status }) => status === 'fulfilled').length;
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') {
        expect(outcome.reason).toMatchObject({ code: 'ERR_RUNTIME_ERASING', retryAfterMs: 1000 });
      }
    }
    // What was accepted came before the request, and is erased or kept as it is about anna or not.
    expect(done?.rows).toBeGreaterThanOrEqual(5);
    expect(peopleAt(tenant).some((row) => row.includes('anna'))).toBe(false);
    expect(accepted).toBeLessThan(3);
    machine.disk.remove('store.vdb');
    const again = openTenant(machine);
    expect(peopleAt(again)).toEqual(peopleAt(tenant));
    await execute(again, "INSERT INTO people VALUES (9, 'anna', 9)");
    expect(peopleAt(again)).toContain('9 anna 9');
  });

  it('is forgotten when it is opened again, where the database is closed meanwhile', async () => {
    const machine = machineOf(new SimDisk());
    const tenant = await clinic(machine);
    const erasing = tenant.erase('anna', REASON);
    while (peopleOrCode(tenant) !== 'ERR_RUNTIME_ERASING') {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    tenant.close();
    await Promise.allSettled([erasing]);
    const again = openTenant(machine);
    expect(peopleAt(again)).toEqual(['2 bert 2']);
    expect(erasuresOf(again)).toEqual(['completed 5']);
    again.close();
    checkStoreFile(machine);
  });

  it('is not written about by what shares the batch with the request, and no hold comes between', async () => {
    const machine = machineOf(new SimDisk(), new NonceWatch(nativeCrypto).crypto);
    const tenant = await clinic(machine);
    const erasing = tenant.erase('anna', REASON);
    // By now the request waits for its turn.
    await Promise.resolve();
    await Promise.resolve();
    const { head } = tenant;
    const hold = { holdId: 'h1', subjectMacs: tenant.subjectMacs('anna'), reason: 'case 7' };
    const late = [
      execute(tenant, "INSERT INTO people VALUES (9, 'anna', 9)"),
      execute(tenant, 'UPDATE people SET score = 11 WHERE id = 1'),
      execute(tenant, "UPDATE people SET name = 'bert' WHERE id = 4"),
      tenant.submit({ kind: 'place-hold', hold }),
    ];
    for (const each of late) await expectCodeAsync(async () => each, 'ERR_RUNTIME_ERASING');
    expect(await erasing).toMatchObject([{ records: 4, rows: 5, before: { size: head + 1 } }]);
    const check = (each: Tenant): void => {
      expect(each.state.holds.size).toBe(0);
      expect(peopleAt(each)).toEqual(['2 bert 2']);
    };
    check(tenant);
    machine.disk.remove('store.vdb');
    check(openTenant(machine));
  });

  it.each<SyncPolicy>([{ kind: 'every-record' }, { kind: 'group-commit', maxDelayMs: 50 }])(
    'is in no answer whose outcome waits behind the request: $kind',
    async (sync) => {
      const tenant = await clinic(machineOf(new SimDisk()), sync);
      const erasing = tenant.erase('anna', REASON);
      await Promise.resolve();
      await Promise.resolve();
      // As if each had been read before: whatever waits is asked again, of the rows that are left.
      const late = Array.from({ length: 20 }, async (_, id) =>
        execute(tenant, `INSERT INTO people VALUES (${50 + id}, 'carl', 1)`),
      );
      const outcomes = await Promise.allSettled(late);
      expect(await erasing).toHaveLength(1);
      for (const each of outcomes) {
        expect(each).toMatchObject({ reason: { code: 'ERR_RUNTIME_ERASING' } });
      }
      await execute(tenant, "INSERT INTO people VALUES (5, 'emil', 5)");
      expect(peopleAt(tenant)).toEqual(['2 bert 2', '5 emil 5']);
    },
  );

  function peopleOrCode(tenant: Tenant): string {
    try {
      return peopleAt(tenant).join() || 'none';
    } catch (error) {
      return (error as VerityError).code;
    }
  }
});

const ids = fc.integer({ min: 1, max: 3 });
const subjects = fc.constantFrom('a', 'b', 'c');
const step = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), id: ids, subject: subjects }),
  fc.record({ kind: fc.constant('remove' as const), id: ids }),
  fc.record({ kind: fc.constant('erase' as const), subject: subjects }),
);

it('rows that change hands are those of a model, as of every position', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const machine = machineOf(new SimDisk(), new NonceWatch(nativeCrypto).crypto);
      const tenant = openTenant(machine);
      await execute(tenant, PEOPLE);
      let rows = new Map<number, string>();
      /** Rows as of each position, by id: who they were about. */
      const past = new Map<number, Map<number, string>>([[tenant.head, rows]]);
      let count = 0;
      for (const each of steps) {
        rows = new Map(rows);
        if (each.kind === 'erase') {
          const { head } = tenant;
          const isKnown = [...past.values()].some((then) =>
            [...then.values()].includes(each.subject),
          );
          const done = await tenant.erase(each.subject, REASON);
          if (!isKnown) expect(done).toEqual([]);
          for (const [id, subject] of rows) if (subject === each.subject) rows.delete(id);
          for (const then of past.values()) {
            for (const [id, subject] of then) if (subject === each.subject) then.set(id, 'erased');
          }
          for (let at = head + 1; at <= tenant.head; at += 1) past.set(at, new Map(rows));
          continue;
        }
        const known = rows.get(each.id);
        count += 1;
        if (each.kind === 'put') {
          if (known === undefined) {
            await execute(tenant, 'INSERT INTO people VALUES ($1, $2, 0)', [each.id, each.subject]);
          } else {
            const values = [each.subject, count, each.id];
            await execute(tenant, 'UPDATE people SET name = $1, score = $2 WHERE id = $3', values);
          }
          rows.set(each.id, each.subject);
        } else if (known !== undefined) {
          await execute(tenant, 'DELETE FROM people WHERE id = $1', [each.id]);
          rows.delete(each.id);
        }
        past.set(tenant.head, rows);
      }
      const check = (each: Tenant): void => {
        for (const [at, then] of past) {
          const found = peopleAt(each, at).map((row) => row.replace(/ [0-9]+$/, ''));
          const expected = [...then]
            .map(([id, subject]) => (subject === 'erased' ? 'erased' : `${id} ${subject}`))
            .toSorted();
          expect(found.toSorted()).toEqual(expected);
        }
        proveLog(each);
      };
      check(tenant);
      tenant.close();
      machine.disk.remove('store.vdb');
      check(openTenant(machine));
    }),
    { numRuns: 60 },
  );
});

describe('an erasure that is killed', () => {
  /** Fails at the given call of the disk while a subject is erased; returns whether it was not reached. */
  async function killAt(call: number): Promise<boolean> {
    const disk = new SimDisk();
    const machine = machineOf(disk, new NonceWatch(nativeCrypto).crypto);
    const tenant = await clinic(machine);
    const before = tenant.head;
    disk.failAfter(call);
    const [outcome] = await Promise.allSettled([tenant.erase('anna', REASON)]);
    const isDone = outcome.status === 'fulfilled';
    if (outcome.status === 'rejected') expect(outcome.reason).toHaveProperty('code');
    if (call % 2 === 0) disk.crash(call);
    else disk.repair();
    const again = openTenant(machine);
    const erasures = erasuresOf(again);
    if (erasures.length === 0) {
      expect(isDone).toBe(false);
      expect(peopleAt(again)).toEqual(['1 anna 1', '2 bert 2', '4 anna 40']);
    } else {
      expect(erasures).toEqual(['completed 5']);
      expect(peopleAt(again)).toEqual(['2 bert 2']);
      expect(peopleAt(again, before)).toEqual(['2 bert 2', 'erased', 'erased']);
    }
    proveLog(again);
    again.close();
    checkStoreFile(machine);
    const keys = openKeys(machine);
    expect(keys.hasErased).toBe(erasures.length > 0);
    keys.close();
    return isDone;
  }

  it('at any call of the disk is finished when it is opened, or was not begun', async () => {
    let call = 1;
    while (!(await killAt(call))) call += 1;
    expect(call).toBeGreaterThan(15);
  });

  it('keeps what it was told', async () => {
    const machine = machineOf(new SimDisk());
    const tenant = await clinic(machine);
    const [erased] = await tenant.erase('anna', REASON);
    const opened = tenant.openRecord(erased?.receiptOffset ?? toOffset(0));
    const [values] = opened.event.changes.map((change) => change.values);
    expect(values?.slice(2, 4)).toEqual([REASON.legalBasis, '["data protection officer"]']);
    expect(bytesToHex(values?.[12] as Uint8Array)).toBe(
      bytesToHex(erased?.before.root as Uint8Array),
    );
    expect(opened.openRow(0).fields.length).toBe(15);
  });
});
