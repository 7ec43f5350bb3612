/**
 * S006: that a state is what a sequence of records leads to, from the row up to the signed checkpoint.
 * S205: the checkpoint record has the hash of the log, the roots of the state and a time, and is signed with
 * the tree.
 */

import { nativeCrypto } from '@veritydb/crypto/native';
import { Log } from '@veritydb/log';
import {
  type HiddenRoot,
  type KeyRange,
  buildStateRoot,
  decodeCheckpointPayload,
  encodeCheckpointPayload,
  formatVerifierKey,
  hideName,
  leafHash,
  pointRange,
  verifyCheckpoint,
  verifyInclusion,
  verifyRangeProof,
} from '@veritydb/merkle';
import { SimDisk, SimRandom } from '@veritydb/sim';
import { encodeKey } from '@veritydb/store';
import { expectCode } from '@veritydb/testkit';
import {
  type Hash,
  PAYLOAD_DIGEST_AT,
  type Row,
  bytesEqual,
  bytesToHex,
  compareBytes,
  monotonicTimestamp,
  toHash,
  toOffset,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Tenant } from '../src/index.ts';
import { check, failed, filesOf } from './check-house.ts';
import { PEOPLE, TENANT, execute, machineOf, openTenant } from './tenant-house.ts';

const keyOf = (id: number): Uint8Array => encodeKey(['integer'], [id]);

/** Verifies a proof as somebody does who has nothing but the key of the log. */
function verified(tenant: Tenant, table: string, range: KeyRange) {
  const { checkpoint, leaf, payload, proof, salt } = tenant.proveRange(table, range);
  const signed = tenant.signedCheckpoint();
  const key = formatVerifierKey(nativeCrypto, tenant.origin, tenant.publicKey);
  const { root, size } = verifyCheckpoint(nativeCrypto, signed, key);
  verifyInclusion(nativeCrypto, {
    root,
    size,
    index: checkpoint,
    leafHash: leafHash(nativeCrypto, leaf),
    proof: tenant.tree.inclusionProof(checkpoint, size),
  });
  const digest = leaf.subarray(PAYLOAD_DIGEST_AT, PAYLOAD_DIGEST_AT + 32);
  expect(bytesEqual(nativeCrypto.sha256(payload), digest)).toBe(true);
  // Names of tables are nowhere in it.
  expect(Buffer.from(payload).includes('people')).toBe(false);
  const hidden = hideName(nativeCrypto, salt, table);
  const found = decodeCheckpointPayload(payload).roots.find(({ name }) => bytesEqual(name, hidden));
  const entries = verifyRangeProof(nativeCrypto, { root: found?.root as Hash, range, proof });
  return { checkpoint, root: bytesToHex(found?.root as Hash), entries };
}

/** Root of people, or of an index of them, from their rows and the records that wrote them, all at once. */
function rootOfPeople(
  tenant: Tenant,
  position: number,
  key = ([id = null]: Row): Uint8Array => encodeKey(['integer'], [id]),
): string {
  const snapshot = tenant.snapshot(position);
  const people = snapshot.table('people');
  if (people === undefined) throw new Error('no table');
  const entries = Array.from(snapshot.scan(people, { kind: 'scan' }), (row) => ({
    key: key(row.values),
    commitment: tenant.openRecord(row.offset).commitments[row.rowIndex] as Hash,
  }));
  const sorted = entries.toSorted((a, b) => compareBytes(a.key, b.key));
  return bytesToHex(buildStateRoot(nativeCrypto, sorted));
}

const scoreKey = ([id = null, , score = null]: Row): Uint8Array =>
  encodeKey(['integer', 'integer'], [score, id]);

async function newTenant() {
  const machine = machineOf(new SimDisk());
  const tenant = openTenant(machine);
  await execute(tenant, PEOPLE);
  return { machine, tenant };
}

const insert = (id: number, name = `name ${id}`, score = id) =>
  `INSERT INTO people (id, name, score) VALUES (${id}, '${name}', ${score})`;

describe('a proof of state', () => {
  // S006, S098: a row of the state is verified by its own place and commitment, without walking the chain.
  it('leads from the rows of a range to the signed checkpoint', async () => {
    const { tenant } = await newTenant();
    for (let id = -20; id < 20; id += 2) await execute(tenant, insert(id));
    tenant.checkpoint();
    const all = verified(tenant, 'people', {});
    expect(all.checkpoint).toBe(tenant.head);
    expect(all.entries).toHaveLength(20);
    expect(all.root).toBe(rootOfPeople(tenant, tenant.head));
    const some = verified(tenant, 'people', { from: keyOf(-3), to: keyOf(5) });
    expect(some.entries.map(({ key }) => bytesToHex(key))).toEqual(
      [-2, 0, 2, 4].map((id) => bytesToHex(keyOf(id))),
    );
    expect(verified(tenant, 'people', pointRange(keyOf(2))).entries).toHaveLength(1);
    expect(verified(tenant, 'people', pointRange(keyOf(3))).entries).toEqual([]);
    expect(verified(tenant, 'verity_tables', {}).entries).toHaveLength(1);
    expect(verified(tenant, 'verity_consents', {}).entries).toEqual([]);
    tenant.close();
  });

  it('is of the newest checkpoint record, whatever is written behind it, also after a crash', async () => {
    const { machine, tenant } = await newTenant();
    for (let id = 0; id < 30; id += 1) await execute(tenant, insert(id));
    tenant.checkpoint();
    const before = verified(tenant, 'people', {});
    await execute(tenant, 'DELETE FROM people WHERE id = 3');
    await execute(tenant, 'UPDATE people SET score = 0 WHERE id > 10');
    await execute(tenant, insert(3, 'another'));
    expect(verified(tenant, 'people', {})).toEqual(before);
    // Nothing is closed: the store is durable at the checkpoint record, and the log goes on.
    const again = openTenant(machine);
    expect(verified(again, 'people', {})).toEqual(before);
    again.checkpoint();
    const after = verified(again, 'people', {});
    expect(after.root).not.toBe(before.root);
    expect(after.root).toBe(rootOfPeople(again, again.head));
    again.close();
  });

  it('has the same root whatever was there before, and however the store came to be', async () => {
    const roots = new Set<string>();
    const step = fc.record({
      id: fc.integer({ min: 0, max: 9 }),
      score: fc.nat({ max: 3 }),
      kind: fc.constantFrom('write' as const, 'delete' as const, 'checkpoint' as const),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { machine, tenant } = await newTenant();
        for (const [at, { id, kind, score }] of steps.entries()) {
          // Over rows that are there, and over those to come.
          if (at === 7) await execute(tenant, 'CREATE INDEX by_score ON people (score)');
          if (kind === 'checkpoint') tenant.checkpoint();
          else if (kind === 'delete') {
            await execute(tenant, `DELETE FROM people WHERE id = ${id}`);
          } else {
            const { rows } = await execute(
              tenant,
              `UPDATE people SET score = ${score === 3 ? 'score' : score} WHERE id = ${id}`,
            );
            if (rows === 0) await execute(tenant, insert(id, `name ${score}`, score));
          }
        }
        if (steps.length <= 7) await execute(tenant, 'CREATE INDEX by_score ON people (score)');
        tenant.checkpoint();
        const { checkpoint, root } = verified(tenant, 'people', {});
        expect(root).toBe(rootOfPeople(tenant, checkpoint));
        const index = verified(tenant, 'people.by_score', {}).root;
        expect(index).toBe(rootOfPeople(tenant, checkpoint, scoreKey));
        roots.add(root);
        tenant.close();
        machine.disk.remove('store.vdb');
        const rebuilt = openTenant(machine);
        expect(verified(rebuilt, 'people', {}).root).toBe(root);
        expect(verified(rebuilt, 'people.by_score', {}).root).toBe(index);
        rebuilt.close();
        const opened = openTenant(machine);
        expect(verified(opened, 'people', {}).root).toBe(root);
        expect(verified(opened, 'people.by_score', {}).root).toBe(index);
        opened.close();
        const line = check(filesOf(machine.disk)).lines.find((one) => one.check === 'state-roots');
        expect(line).toMatchObject({ verdict: 'ok' });
      }),
      { numRuns: 12 },
    );
    expect(roots.size).toBeGreaterThan(1);
  });

  it('of an index has its entries in its order, as versions of their rows go on', async () => {
    const { tenant } = await newTenant();
    await execute(tenant, 'CREATE INDEX by_score ON people (score)');
    for (let id = 0; id < 8; id += 1) await execute(tenant, insert(id, `name ${id}`, 10 - id));
    await execute(tenant, "UPDATE people SET name = 'another' WHERE id = 4");
    await execute(tenant, 'UPDATE people SET score = 6 WHERE id = 0');
    tenant.checkpoint();
    const range = {
      from: encodeKey(['integer'], [5]),
      to: encodeKey(['integer'], [7]),
    };
    const { checkpoint, entries, root } = verified(tenant, 'people.by_score', range);
    expect(root).toBe(rootOfPeople(tenant, checkpoint, scoreKey));
    expect(entries.map(({ key }) => bytesToHex(key))).toEqual(
      [
        [5, 5],
        [6, 0],
        [6, 4],
      ].map((key) => bytesToHex(encodeKey(['integer', 'integer'], key))),
    );
    await execute(tenant, 'DROP INDEX by_score');
    tenant.checkpoint();
    expectCode(() => tenant.proveRange('people.by_score', {}), 'ERR_RUNTIME_NO_ROOT');
    tenant.close();
  });

  it('of rows that were erased is none: they leave the state with the record that asked for it', async () => {
    const { machine, tenant } = await newTenant();
    await execute(tenant, 'CREATE INDEX by_score ON people (score)');
    for (let id = 0; id < 10; id += 1) await execute(tenant, insert(id, `name ${id % 3}`));
    tenant.checkpoint();
    await tenant.erase('name 1', { legalBasis: 'GDPR Article 17(1)(b)', approvals: [] });
    // The newest checkpoint record still has them, and nobody has their keys any more.
    expectCode(() => tenant.proveRange('people', {}), 'ERR_RUNTIME_NO_ROOT');
    expect(verified(tenant, 'verity_tables', {}).entries).toHaveLength(1);
    await execute(tenant, insert(100, 'name 1'));
    tenant.checkpoint();
    const { checkpoint, entries, root } = verified(tenant, 'people', {});
    expect(entries).toHaveLength(8);
    expect(root).toBe(rootOfPeople(tenant, checkpoint));
    const index = verified(tenant, 'people.by_score', {}).root;
    expect(index).toBe(rootOfPeople(tenant, checkpoint, scoreKey));
    tenant.close();
    const result = check(filesOf(machine.disk));
    expect(failed(result)).toEqual([]);
    const line = result.lines.find((one) => one.check === 'state-roots');
    expect(line?.what).toMatch(/2 had rows that were erased since/);
  });

  it('is refused where there is no root', async () => {
    const { tenant } = await newTenant();
    expectCode(() => tenant.proveRange('people', {}), 'ERR_RUNTIME_NO_ROOT');
    tenant.checkpoint();
    expect(verified(tenant, 'people', {}).entries).toEqual([]);
    expectCode(() => tenant.proveRange('nobody', {}), 'ERR_RUNTIME_NO_ROOT');
    expectCode(
      () => tenant.proveRange('people', { to: keyOf(1), from: keyOf(1) }),
      'ERR_MERKLE_RANGE',
    );
    await execute(tenant, 'DROP TABLE people');
    expect(verified(tenant, 'people', {}).entries).toEqual([]);
    tenant.checkpoint();
    expectCode(() => tenant.proveRange('people', {}), 'ERR_RUNTIME_NO_ROOT');
    tenant.close();
    expectCode(() => tenant.proveRange('people', {}), 'ERR_RUNTIME_CLOSED');
  });
});

describe('fsck', () => {
  /** Appends a checkpoint record whose roots are not what the log leads to. */
  async function withRoots(
    change: (roots: readonly HiddenRoot[], people: Hash) => readonly HiddenRoot[],
  ) {
    const { machine, tenant } = await newTenant();
    await execute(tenant, insert(1));
    tenant.checkpoint();
    const { payload, salt } = tenant.proveRange('people', {});
    tenant.close();
    const { clock, disk, random } = machine;
    const log = Log.open({
      disk,
      crypto: nativeCrypto,
      tenant: TENANT,
      now: clock.now(),
      identity: () => random.bytes(16),
    });
    const decoded = decodeCheckpointPayload(payload);
    log.append([
      {
        kind: 'checkpoint',
        timestamp: monotonicTimestamp(clock.now(), log.lastTimestamp),
        idempotencyId: null,
        schemaVersion: log.read(toOffset(1)).header.schemaVersion,
        rowCount: 0,
        commitmentsRoot: nativeCrypto.sha256(new Uint8Array(0)),
        payload: {
          sealing: 'none',
          plaintext: encodeCheckpointPayload({
            chainHash: log.lastHash,
            recordCount: log.nextOffset,
            roots: change(decoded.roots, hideName(nativeCrypto, salt, 'people')),
            policies: decoded.policies,
          }),
        },
      },
    ]);
    log.close();
    return check(filesOf(disk));
  }

  it('derives every root again, and names the record that has another', async () => {
    expect(failed(await withRoots((roots) => roots))).toEqual([]);
    const false1 = toHash(new SimRandom(5).bytes(32));
    const forged = await withRoots((roots, people) =>
      roots.map(({ name, root }) => ({ name, root: bytesEqual(name, people) ? false1 : root })),
    );
    expect(failed(forged)).toEqual(['state-roots']);
    const line = forged.lines.find((one) => one.check === 'state-roots');
    expect(line?.faults).toMatchObject([{ file: 'log' }]);
    expect(failed(await withRoots((roots) => roots.slice(1)))).toEqual(['state-roots']);
    expect(failed(await withRoots((roots) => roots.toReversed()))).toEqual(['state-roots']);
    expect(failed(await withRoots(() => []))).toEqual(['state-roots']);
  });
});
