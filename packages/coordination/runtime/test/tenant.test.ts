/** A tenant against its slow twin: a map of rows for every position that ever was. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { nativeCrypto } from '@veritydb/crypto/native';
import { NonceWatch, SimDisk } from '@veritydb/sim';
import { expectCode, expectCodeAsync } from '@veritydb/testkit';
import { bytesEqual, toOffset } from '@veritydb/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { type Tenant, openNodeDisk } from '../src/index.ts';
import {
  type Machine,
  PEOPLE,
  checkStoreFile,
  execute,
  machineOf,
  openTenant,
  peopleAt,
  proveLog,
  textOf,
} from './tenant-house.ts';

const ID_MAX = 6;
const STORE = 'store.vdb';

type Step =
  | { readonly kind: 'insert'; readonly id: number; readonly name: string }
  | { readonly kind: 'update' | 'delete'; readonly id: number; readonly score: number }
  | { readonly kind: 'raise' | 'reopen' | 'lose the store' | 'damage the store' };

const id = fc.nat(ID_MAX);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.record({
      kind: fc.constant('insert' as const),
      id,
      name: fc.constantFrom('ann', 'bob'),
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom('update' as const, 'delete' as const),
      id,
      score: fc.nat(9),
    }),
    weight: 6,
  },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'raise' as const,
        'reopen' as const,
        'lose the store' as const,
        'damage the store' as const,
      ),
    }),
    weight: 2,
  },
);

/** The tenant with the rows that it must have, at each position. */
class Twin {
  readonly machine: Machine;
  tenant: Tenant;
  readonly #rows = new Map<number, string>();
  readonly #past: (readonly string[])[] = [];

  constructor(machine: Machine) {
    this.machine = machine;
    this.tenant = openTenant(machine);
    this.#past[this.tenant.head] = ['no table'];
  }

  async run(next: Step): Promise<void> {
    const { tenant } = this;
    switch (next.kind) {
      case 'insert': {
        const insert = () =>
          execute(tenant, 'INSERT INTO people VALUES ($1, $2, 0)', [next.id, next.name]);
        if (this.#rows.has(next.id)) await expectCodeAsync(insert, 'ERR_KERNEL_KEY_EXISTS');
        else await insert();
        if (!this.#rows.has(next.id)) this.#rows.set(next.id, `${next.id} ${next.name} 0`);
        break;
      }
      case 'update':
        await execute(tenant, 'UPDATE people SET score = $2 WHERE id = $1', [next.id, next.score]);
        this.#rescore((key) => (key === next.id ? next.score : undefined));
        break;
      case 'raise':
        await execute(tenant, 'UPDATE people SET score = score + 1 WHERE id <= 3');
        this.#rescore((key, score) => (key <= 3 ? score + 1 : undefined));
        break;
      case 'delete':
        await execute(tenant, 'DELETE FROM people WHERE id = $1', [next.id]);
        this.#rows.delete(next.id);
        break;
      case 'reopen':
      case 'lose the store':
      case 'damage the store':
        this.reopen(next.kind);
        break;
    }
    this.remember();
  }

  #rescore(scoreOf: (id: number, score: number) => number | undefined): void {
    for (const [key, row] of this.#rows) {
      const [, name, score] = row.split(' ');
      const next = scoreOf(key, Number(score));
      if (next !== undefined) this.#rows.set(key, `${key} ${name} ${next}`);
    }
  }

  reopen(how: 'reopen' | 'lose the store' | 'damage the store'): void {
    const { disk } = this.machine;
    this.tenant.close();
    const stored = checkStoreFile(this.machine);
    if (how === 'lose the store') disk.remove(STORE);
    if (how === 'damage the store') {
      // All copies of the superblock, or what is there of them.
      const file = disk.open(STORE, 'existing');
      file.writeAt(new Uint8Array(file.size()).fill(0x5a), 0);
      file.close();
    }
    this.tenant = openTenant(this.machine);
    // Built again or opened as it was, it holds the same.
    this.tenant.close();
    expect(checkStoreFile(this.machine)).toEqual(stored);
    this.tenant = openTenant(this.machine);
    expect(stored.position).toBe(this.tenant.head);
  }

  /** The rows at the newest position; whatever came between changed none. */
  remember(): void {
    const rows = [...this.#rows].toSorted(([a], [b]) => a - b).map(([, row]) => row);
    while (this.#past.length < this.tenant.head) this.#past.push(this.#past.at(-1) ?? []);
    this.#past[this.tenant.head] = rows;
  }

  compare(): void {
    expect(this.#past.length).toBe(this.tenant.head + 1);
    for (const [position, rows] of this.#past.entries()) {
      expect(peopleAt(this.tenant, position)).toEqual(rows);
    }
    expect(peopleAt(this.tenant)).toEqual(this.#past.at(-1));
    proveLog(this.tenant);
  }
}

async function runSteps(machine: Machine, steps: readonly Step[]): Promise<void> {
  const twin = new Twin(machine);
  await execute(twin.tenant, PEOPLE);
  twin.remember();
  for (const each of steps) await twin.run(each);
  twin.compare();
  twin.reopen('reopen');
  twin.tenant.close();
}

describe('a tenant', () => {
  // S010, S056: log, kernel and store under one roof; the twin is a list of rows.
  it('answers at every position like its twin, on a simulated disk', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) =>
        runSteps(machineOf(new SimDisk(), new NonceWatch(nativeCrypto).crypto), steps),
      ),
      { numRuns: 25 },
    );
  });

  it('answers at every position like its twin, in a folder', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 15 }), async (steps) => {
        const folder = mkdtempSync(join(tmpdir(), 'verity-tenant-'));
        try {
          const disk = openNodeDisk(join(folder, 'a/b'));
          await runSteps(machineOf(disk, new NonceWatch(nativeCrypto).crypto), steps);
        } finally {
          rmSync(folder, { recursive: true });
        }
      }),
      { numRuns: 3 },
    );
  });

  it('writes nothing where nothing is new', () => {
    const machine = machineOf(new SimDisk());
    openTenant(machine).close();
    const tenant = openTenant(machine);
    expect(tenant.head).toBe(0);
    tenant.close();
    expect(openTenant(machine).head).toBe(0);
  });

  it('refuses positions that are not in the log', async () => {
    const tenant = openTenant(machineOf(new SimDisk()));
    await execute(tenant, PEOPLE);
    expect(peopleAt(tenant, 0)).toEqual(['no table']);
    expect(peopleAt(tenant, 1)).toEqual([]);
    for (const position of [-1, 2, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      expectCode(() => tenant.snapshot(position), 'ERR_RUNTIME_POSITION');
    }
  });

  it('keeps the past of a table that was dropped, and of its name', async () => {
    const machine = machineOf(new SimDisk());
    let tenant = openTenant(machine);
    await execute(tenant, PEOPLE);
    const { offset } = await execute(tenant, "INSERT INTO people VALUES (1, 'ann', 0)");
    await execute(tenant, 'DROP TABLE people');
    await execute(tenant, PEOPLE);
    for (let round = 0; round < 2; round += 1) {
      expect(peopleAt(tenant)).toEqual([]);
      expect(peopleAt(tenant, offset)).toEqual(['1 ann 0']);
      expect(peopleAt(tenant, offset + 1)).toEqual(['no table']);
      expect(tenant.state.schemaVersion).toBe(3);
      tenant.close();
      tenant = openTenant(machine);
    }
  });

  it('opens records to what their headers commit to', async () => {
    const tenant = openTenant(machineOf(new SimDisk()));
    await execute(tenant, PEOPLE);
    const { offset } = await execute(
      tenant,
      "INSERT INTO people VALUES (1, 'ann', 0), (2, 'bob', 5), (3, 'ann', 7)",
    );
    const opened = tenant.openRecord(offset);
    expect(opened.event.changes.map(({ values }) => textOf(values ?? []))).toEqual([
      '1 ann 0',
      '2 bob 5',
      '3 ann 7',
    ]);
    for (const [row, commitment] of opened.commitments.entries()) {
      const opening = opened.openRow(row);
      expect(bytesEqual(opening.commitment, commitment)).toBe(true);
      expect(opening.fields.map(({ column }) => column)).toEqual(['id', 'name', 'score']);
    }
    expect(bytesEqual(opened.chainHash, tenant.tree.leafHash(offset))).toBe(true);
    expect(opened.timestamp).toBe(tenant.timestampOf(offset));
    expectCode(() => tenant.openRecord(toOffset(99)), 'ERR_LOG_OFFSET');
  });

  // S067
  it('seals each segment of the log under a key of its own', async () => {
    const machine = machineOf(new SimDisk());
    const tenant = openTenant(machine);
    await execute(tenant, PEOPLE);
    const keyIds = (): readonly number[] => {
      const ids = proveLog(tenant).map(({ header }) => header.keyId);
      return [...new Set(ids.filter((each) => each > 0))];
    };
    const wide = 'x'.repeat(1_000_000);
    const fill = async (from: number): Promise<void> => {
      for (let row = from; row < from + 20; row += 1) {
        await execute(tenant, 'INSERT INTO people VALUES ($1, $2, 0)', [row, `${row}${wide}`]);
      }
    };
    expect(keyIds()).toHaveLength(1);
    await fill(0);
    tenant.checkpoint();
    await execute(tenant, "INSERT INTO people VALUES (100, 'ann', 0)");
    expect(keyIds()).toHaveLength(2);
    tenant.checkpoint();
    await execute(tenant, "INSERT INTO people VALUES (101, 'bob', 0)");
    expect(keyIds()).toHaveLength(2);
    tenant.close();
    const again = openTenant(machine);
    await execute(again, "INSERT INTO people VALUES (102, 'cid', 0)");
    const ids = proveLog(again).map(({ header }) => header.keyId);
    expect(ids.at(-1)).toBe(Math.max(...ids));
    expect(peopleAt(again).slice(-3)).toEqual(['100 ann 0', '101 bob 0', '102 cid 0']);
  });

  it('once closed refuses what comes', async () => {
    const tenant = openTenant(machineOf(new SimDisk()));
    const waiting = execute(tenant, PEOPLE);
    tenant.close();
    await expectCodeAsync(async () => waiting, 'ERR_RUNTIME_CLOSED');
    await expectCodeAsync(
      async () => tenant.submit({ kind: 'drop-table', name: 'people' }),
      'ERR_RUNTIME_CLOSED',
    );
    expectCode(() => tenant.snapshot(), 'ERR_RUNTIME_CLOSED');
  });

  // The seed is cleared with the other keys: a checkpoint signed with it would be of nobody's key.
  it('once closed signs nothing, and its key is still its own', () => {
    const tenant = openTenant(machineOf(new SimDisk()));
    const key = Uint8Array.from(tenant.publicKey);
    tenant.close();
    expectCode(() => tenant.signedCheckpoint(), 'ERR_RUNTIME_CLOSED');
    expectCode(() => tenant.signedCheckpoint(0), 'ERR_RUNTIME_CLOSED');
    expect(tenant.publicKey).toEqual(key);
  });
});
