import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { nativeCrypto } from '@veritydb/crypto/native';
import type { Disk } from '@veritydb/log';
import { formatVerifierKey, signNote, verifyCheckpoint } from '@veritydb/merkle';
import { NonceWatch, SimClock, SimDisk, SimRandom } from '@veritydb/sim';
import { codeOf, expectCode } from '@veritydb/testkit';
import {
  VerityError,
  bytesEqual,
  bytesToHex,
  canonicalJson,
  concatBytes,
  toKeyId,
} from '@veritydb/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { verifyManifest } from '../src/backup/manifest.ts';
import { readTarEntries } from '../src/backup/tar.ts';
import { destroyKeys, formatTombstones } from '../src/backup/tombstones.ts';
import {
  type Tenant,
  type Tombstones,
  type VerifiedBackup,
  readTombstones,
  restoreBackup,
  verifyBackup,
  verifyTombstones,
} from '../src/index.ts';
import { check, failed, filesOf } from './check-house.ts';
import {
  type Machine,
  PEOPLE,
  execute,
  machineOf,
  openTenant,
  peopleAt,
  proveLog,
} from './tenant-house.ts';

const ARCHIVE = 'a.tar';

function keyOf(tenant: Tenant): string {
  return formatVerifierKey(nativeCrypto, tenant.origin, tenant.publicKey);
}

function archiveOf(tenant: Tenant): Uint8Array {
  return concatBytes(...tenant.backup());
}

function fileOf(bytes: Uint8Array): ReturnType<Disk['open']> {
  const disk = new SimDisk();
  const file = disk.open(ARCHIVE, 'create');
  file.writeAt(bytes, 0);
  return file;
}

function verify(bytes: Uint8Array, key: string): VerifiedBackup {
  return verifyBackup(nativeCrypto, fileOf(bytes), key);
}

interface House {
  readonly machine: Machine;
  readonly disk: SimDisk;
  readonly tenant: Tenant;
  readonly key: string;
}

async function house(watch = new NonceWatch(nativeCrypto)): Promise<House> {
  const disk = new SimDisk();
  const machine = machineOf(disk, watch.crypto);
  const tenant = openTenant(machine);
  await execute(tenant, PEOPLE);
  await execute(tenant, "INSERT INTO people (id, name, score) VALUES (1, 'ann', 7), (2, 'bob', 8)");
  return { machine, disk, tenant, key: keyOf(tenant) };
}

function restore(
  bytes: Uint8Array,
  key: string,
  { seed = 9, tombstones = [] }: { seed?: number; tombstones?: readonly Tombstones[] } = {},
): { readonly disk: SimDisk; readonly restored: ReturnType<typeof restoreBackup> } {
  const disk = new SimDisk();
  const random = new SimRandom(seed);
  const ports = { disk, crypto: nativeCrypto, clock: new SimClock(), random };
  return { disk, restored: restoreBackup(verify(bytes, key), tombstones, ports) };
}

describe('a backup', () => {
  it('verifies with the key of the log alone, taken from a database that goes on', async () => {
    const { key, tenant } = await house();
    const chunks = tenant.backup()[Symbol.iterator]();
    const parts: Uint8Array[] = [];
    for (let step = chunks.next(); step.done !== true; step = chunks.next()) {
      parts.push(step.value);
      // Between any two parts the database writes.
      await execute(tenant, `INSERT INTO people (id, name) VALUES (${100 + parts.length}, 'cid')`);
    }
    const { manifest, tombstones } = verify(concatBytes(...parts), key);
    expect(manifest).toMatchObject({ origin: tenant.origin, tenant: 7, size: 3, generation: 1 });
    expect(tombstones.erased).toEqual([]);
    tenant.close();
  });

  it('is what any tar reads', async () => {
    const { key, tenant } = await house();
    const bytes = archiveOf(tenant);
    tenant.close();
    const folder = mkdtempSync(join(tmpdir(), 'verity-tar-'));
    try {
      writeFileSync(join(folder, ARCHIVE), bytes);
      const { error, status } = spawnSync('tar', ['-xf', ARCHIVE], { cwd: folder });
      if ((error as { readonly code?: string } | undefined)?.code === 'ENOENT') {
        console.info('skipped: there is no tar on this machine');
        return;
      }
      expect(status).toBe(0);
      for (const { name, sha256 } of verify(bytes, key).manifest.files) {
        const read = readFileSync(join(folder, name));
        expect(createHash('sha256').update(read).digest('hex'), name).toBe(sha256);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('of several segments holds all of them', async () => {
    const { key, machine, tenant } = await house();
    const long = 'x'.repeat(3_000_000);
    for (let id = 10; id < 17; id += 1) {
      await execute(tenant, `INSERT INTO people (id, name) VALUES (${id}, ?)`, [long]);
    }
    const bytes = archiveOf(tenant);
    tenant.close();
    const { disk } = restore(bytes, key);
    // Those of the backup, and one that the restore begins.
    expect(disk.list('log').length).toBeGreaterThan(2);
    const again = openTenant({ ...machine, disk });
    expect(peopleAt(again).length).toBe(9);
    again.close();
  });

  it('with any byte changed, or cut anywhere, is refused', async () => {
    const { key, tenant } = await house();
    const bytes = archiveOf(tenant);
    tenant.close();
    const refused = (changed: Uint8Array): void => {
      expect(codeOf(() => verify(changed, key))).toMatch(
        /^ERR_(RUNTIME_(BACKUP|TOMBSTONES|KEYS_CORRUPT)|MERKLE_\w+)$/,
      );
    };
    for (let position = 0; position < bytes.length; position += 3) {
      const changed = bytes.slice();
      changed[position] = (changed[position] as number) ^ (1 << (position % 8));
      refused(changed);
    }
    for (let size = 0; size < bytes.length; size += 127) refused(bytes.slice(0, size));
    refused(concatBytes(bytes, new Uint8Array(512)));
  });

  it('under the key of another log is refused', async () => {
    const { tenant } = await house();
    const other = openTenant({ ...machineOf(new SimDisk()), random: new SimRandom(77) });
    expectCode(() => verify(archiveOf(tenant), keyOf(other)), 'ERR_MERKLE_SIGNATURE');
    other.close();
    tenant.close();
  });
});

describe('restored', () => {
  it('has every row, says so in the log, and goes on', async () => {
    const { key, machine, tenant } = await house();
    const bytes = archiveOf(tenant);
    tenant.close();
    const { disk, restored } = restore(bytes, key);
    const { generation, knownCommitted, reason } = restored.recovery;
    expect({ knownCommitted, reason }).toEqual({
      knownCommitted: 2,
      reason: 'manual-intervention',
    });
    expect(generation).toBeGreaterThan(2 ** 20);
    expect(check(filesOf(disk)).isSound).toBe(true);
    const again = openTenant({ ...machine, disk });
    expect(peopleAt(again)).toEqual(['1 ann 7', '2 bob 8']);
    await execute(again, "INSERT INTO people (id, name) VALUES (3, 'ann')");
    proveLog(again);
    again.close();
    const { isSound, recoveries } = check(filesOf(disk));
    expect(isSound).toBe(true);
    // S107: a person did it, and the log says so.
    expect(recoveries).toMatchObject([{ offset: 3, reason: 'manual-intervention', generation }]);
  });

  it('never seals under a key and nonce that the original, or another restore, seals under', async () => {
    const watch = new NonceWatch(nativeCrypto);
    const { disk, key, machine, tenant } = await house(watch);
    const bytes = archiveOf(tenant);
    const copies = [1, 2, 3].map((seed) => restore(bytes, key, { seed }).disk);
    await execute(tenant, "INSERT INTO people (id, name) VALUES (3, 'ann')");
    tenant.close();
    // The original crashes and recovers, in generation after generation, at the same offsets.
    for (const each of [disk, disk, ...copies]) {
      const opened = openTenant({ ...machine, disk: each });
      await execute(opened, `INSERT INTO people (id, name) VALUES (${20 + watch.count}, 'bob')`);
    }
    expect(watch.count).toBeGreaterThan(10);
  });

  it('the watch is alive: a copy that goes on in the old generation is found', async () => {
    const { disk, machine, tenant } = await house();
    tenant.close();
    const copy = new SimDisk();
    copy.restore(disk.snapshot());
    const [one, two] = [openTenant(machine), openTenant({ ...machine, disk: copy })];
    await execute(one, "INSERT INTO people (id, name) VALUES (3, 'ann')");
    await expect(execute(two, "INSERT INTO people (id, name) VALUES (4, 'ann')")).rejects.toThrow();
  });

  it('twice takes two generations', async () => {
    const { key, tenant } = await house();
    const bytes = archiveOf(tenant);
    const generations = [1, 2, 3].map(
      (seed) => restore(bytes, key, { seed }).restored.recovery.generation,
    );
    expect(new Set(generations).size).toBe(3);
    tenant.close();
  });

  it('can be backed up and restored again', async () => {
    const { key, machine, tenant } = await house();
    const first = restore(archiveOf(tenant), key);
    tenant.close();
    const again = openTenant({ ...machine, disk: first.disk });
    const second = restore(archiveOf(again), key);
    expect(second.restored.recovery.generation).toBeGreaterThan(
      first.restored.recovery.generation + 2 ** 20,
    );
    expect(check(filesOf(second.disk)).isSound).toBe(true);
    again.close();
  });
});

describe('what a restore loses', () => {
  it.each([1, 2, 5])('%d records later, a held checkpoint shows it', async (records) => {
    const { key, machine, tenant } = await house();
    const bytes = archiveOf(tenant);
    const before = verifyCheckpoint(nativeCrypto, tenant.signedCheckpoint(), key);
    for (let id = 10; id < 10 + records; id += 1) {
      await execute(tenant, `INSERT INTO people (id, name) VALUES (${id}, 'ann')`);
    }
    const held = verifyCheckpoint(nativeCrypto, tenant.signedCheckpoint(), key);
    tenant.close();
    const { disk } = restore(bytes, key);
    expect(failed(check(filesOf(disk), { checkpoint: held }))).toEqual(['signed-checkpoint']);
    expect(check(filesOf(disk), { checkpoint: before }).isSound).toBe(true);
    // It shows it still when the copy has grown past what was signed.
    const opened = openTenant({ ...machine, disk });
    for (let id = 50; id < 60; id += 1) {
      await execute(opened, `INSERT INTO people (id, name) VALUES (${id}, 'ann')`);
    }
    opened.close();
    expect(failed(check(filesOf(disk), { checkpoint: held }))).toEqual(['signed-checkpoint']);
  });
});

/** Key ids that a log's records were sealed under, and are of people. */
function subjectKeys(disk: SimDisk): readonly number[] {
  const ids = new Set<number>();
  const bytes = disk.bytesOf('keys.vks');
  for (let id = 1; (id + 1) * 128 <= bytes.length; id += 1) {
    if (bytes[id * 128 + 2] === 3) ids.add(id);
  }
  return [...ids];
}

describe('tombstones', () => {
  /** Backs up, then destroys the key of one person, as an erasure does. */
  async function erased(): Promise<{
    readonly bytes: Uint8Array;
    readonly key: string;
    readonly id: number;
    readonly wrapped: Uint8Array;
    readonly notes: readonly string[];
  }> {
    const { disk, key, machine, tenant } = await house();
    const bytes = archiveOf(tenant);
    tenant.close();
    const [id = 0] = subjectKeys(disk);
    const keys = disk.bytesOf('keys.vks').slice();
    const wrapped = keys.slice(id * 128 + 48, id * 128 + 88);
    const subjectMac = bytesToHex(keys.subarray(id * 128 + 16, id * 128 + 48));
    disk.put('keys.vks', destroyKeys(keys, [{ keyId: toKeyId(id), subjectMac }]));
    const later = openTenant(machine);
    const notes = [later.tombstones(), readTombstones(fileOf(archiveOf(later)))];
    later.close();
    return { bytes, key, id, wrapped, notes };
  }

  it('from the database or from a later backup name what was destroyed', async () => {
    const { id, key, notes } = await erased();
    for (const note of notes) {
      const { erased: keys } = verifyTombstones(nativeCrypto, note, key);
      expect(keys.map(({ keyId }) => keyId)).toEqual([id]);
    }
  });

  it('keep the key out: no byte of it reaches the disk', async () => {
    const { bytes, key, notes, wrapped } = await erased();
    const tombstones = notes.map((note) => verifyTombstones(nativeCrypto, note, key));
    const without = restore(bytes, key);
    const { disk, restored } = restore(bytes, key, { tombstones });
    expect(restored.keysDestroyed).toBe(1);
    expect(holds(without.disk, wrapped)).toBe(true);
    expect(holds(disk, wrapped)).toBe(false);
    const result = check(filesOf(disk));
    expect(result.isSound).toBe(true);
    expect(result.lines.find((line) => line.check === 'seals')?.what).toMatch(
      /[1-9] rows are erased/,
    );
  });

  it('with any byte changed are refused', async () => {
    const { key, notes } = await erased();
    const text = notes[0] as string;
    for (let at = 0; at < text.length; at += 1) {
      const changed = `${text.slice(0, at)}${text[at] === '1' ? '2' : '1'}${text.slice(at + 1)}`;
      if (changed === text) continue;
      expect(codeOf(() => verifyTombstones(nativeCrypto, changed, key))).toMatch(
        /^ERR_(MERKLE|RUNTIME_TOMBSTONES)/,
      );
    }
  });

  it('destroy no key that another history gave the same id', async () => {
    const { bytes, key, id, notes } = await erased();
    const [note = ''] = notes;
    const [tombstones] = [verifyTombstones(nativeCrypto, note, key)];
    const somebody = { keyId: toKeyId(id), subjectMac: 'ab'.repeat(32) };
    const other = { ...tombstones, erased: [somebody] };
    expect(restore(bytes, key, { tombstones: [other] }).restored.keysDestroyed).toBe(0);
    expect(restore(bytes, key, { tombstones: [tombstones] }).restored.keysDestroyed).toBe(1);
  });

  it('name as many data subjects as there are, beyond what a note holds', () => {
    const signer = { name: 'test.example/verity', seed: new Uint8Array(32).fill(5) };
    const publicKey = nativeCrypto.ed25519PublicKey(signer.seed);
    const key = formatVerifierKey(nativeCrypto, signer.name, publicKey);
    const many = Array.from({ length: 20_000 }, (_, index) => {
      return { keyId: toKeyId(index + 10), subjectMac: 'cd'.repeat(32) };
    });
    const sign = (text: string): string => signNote(nativeCrypto, text, signer);
    for (const list of [[], many.slice(0, 1), many]) {
      const stones = {
        origin: signer.name,
        tenant: 1,
        log: '00'.repeat(16),
        size: 9,
        erased: list,
      };
      const file = formatTombstones(nativeCrypto, stones, sign);
      expect(verifyTombstones(nativeCrypto, file, key)).toEqual(stones);
      // A line less, a line more, or none.
      for (const changed of [file.slice(0, -67), `${file}99999 ${'cd'.repeat(32)}\n`]) {
        expect(() => verifyTombstones(nativeCrypto, changed, key)).toThrow(VerityError);
      }
    }
  });

  it('of another log, or older than the backup, are refused before anything is written', async () => {
    const { key, tenant } = await house();
    const mine = verifyTombstones(nativeCrypto, tenant.tombstones(), key);
    await execute(tenant, "INSERT INTO people (id, name) VALUES (3, 'ann')");
    const bytes = archiveOf(tenant);
    tenant.close();
    const foreign = { ...mine, log: '00'.repeat(16), size: 99 };
    for (const tombstones of [[foreign], [mine]]) {
      expectCode(() => restore(bytes, key, { tombstones }), 'ERR_RUNTIME_TOMBSTONES');
    }
  });
});

function holds(disk: SimDisk, part: Uint8Array): boolean {
  return [...filesOf(disk).values()].some((bytes) =>
    bytes.some((_, at) => bytesEqual(bytes.subarray(at, at + part.length), part)),
  );
}

describe('parsers of foreign bytes', () => {
  const coded = (work: () => unknown): void => {
    try {
      work();
    } catch (error) {
      expect(error).toBeInstanceOf(VerityError);
      expect((error as VerityError).kind).not.toBe('assertion');
    }
  };

  it('of archives throw our codes and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
        coded(() => readTarEntries(fileOf(bytes)));
      }),
    );
  });

  it('of archives throw nothing else on what is nearly one', async () => {
    const { key, tenant } = await house();
    const bytes = archiveOf(tenant);
    tenant.close();
    const cut = fc.tuple(fc.nat(bytes.length), fc.nat(2000), fc.uint8Array({ maxLength: 600 }));
    fc.assert(
      fc.property(cut, ([from, count, put]) => {
        const changed = concatBytes(bytes.slice(0, from), put, bytes.slice(from + count));
        coded(() => verify(changed, key));
      }),
    );
  });

  it('of tombstones and manifests throw our codes, though they are signed', () => {
    const signer = { name: 'test.example/verity', seed: new Uint8Array(32).fill(5) };
    const publicKey = nativeCrypto.ed25519PublicKey(signer.seed);
    const key = formatVerifierKey(nativeCrypto, signer.name, publicKey);
    const line = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });
    const none = bytesToHex(nativeCrypto.sha256(new Uint8Array(0)));
    const heads = [
      'veritydb.dev/tombstones/v1',
      signer.name,
      '1',
      '00'.repeat(16),
      '9',
      `0 ${none}`,
    ];
    const lines = fc.tuple(fc.nat(6), fc.array(line, { maxLength: 6 }));
    fc.assert(
      fc.property(lines, ([count, rest]) => {
        const text = `${[...heads.slice(0, count), ...rest].join('\n')}\n`;
        const note = signNote(nativeCrypto, text, signer);
        coded(() => verifyTombstones(nativeCrypto, note, key));
        coded(() => verifyTombstones(nativeCrypto, `${note}\n${text}`, key));
        coded(() => verifyManifest(nativeCrypto, signNote(nativeCrypto, text, signer), key));
      }),
    );
    const members = fc.dictionary(
      fc.constantFrom('origin', 'tenant', 'log', 'size', 'files', 'checkpoint', 'more'),
      fc.jsonValue({ maxDepth: 2 }),
    );
    fc.assert(
      fc.property(members, (json) => {
        const text = `${canonicalJson({ format: 'veritydb.dev/backup/v1', ...json })}\n`;
        const note = signNote(nativeCrypto, text, signer);
        expectCode(() => verifyManifest(nativeCrypto, note, key), 'ERR_RUNTIME_BACKUP');
      }),
    );
  });
});
