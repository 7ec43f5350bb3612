/** A small tenant on a disk in memory, closed, with its bytes in hand; and a check of it. */

import { nativeCrypto } from '@veritydb/crypto/native';
import type { Disk } from '@veritydb/log';
import type { Checkpoint } from '@veritydb/merkle';
import { SimClock, SimDisk, SimRandom } from '@veritydb/sim';
import { bytesEqual } from '@veritydb/types';

import { type TenantCheck, checkTenant } from '../src/index.ts';
import { MASTER_KEY, PEOPLE, TENANT, execute, machineOf, openTenant } from './tenant-house.ts';

export type Files = ReadonlyMap<string, Uint8Array>;

const NAMES = ['superblock', 'keys.vks', 'store.vdb'];

/** All files of a disk. */
export function filesOf(disk: Disk): Files {
  const segments = disk.list('log').map((name) => `log/${name}`);
  return new Map(
    [...NAMES, ...segments]
      .filter((name) => disk.exists(name))
      .map((name) => [name, read(disk, name)]),
  );
}

function read(disk: Disk, name: string): Uint8Array {
  const file = disk.open(name, 'existing');
  const bytes = new Uint8Array(file.size());
  file.readAt(bytes, 0);
  file.close();
  return bytes;
}

export function diskOf(files: Files): SimDisk {
  const disk = new SimDisk();
  for (const [name, bytes] of files) {
    const file = disk.open(name, 'create');
    file.writeAt(bytes, 0);
    file.sync();
    file.close();
  }
  return disk;
}

/** Files with one of them changed. */
export function withFile(files: Files, name: string, bytes: Uint8Array | undefined): Files {
  const changed = new Map(files);
  if (bytes === undefined) changed.delete(name);
  else changed.set(name, bytes);
  return changed;
}

export interface CheckExtras {
  readonly checkpoint?: Checkpoint;
  readonly masterKey?: Uint8Array;
}

/** A check; fails where it has written to the folder, or a key to the scratch disk. */
export function check(
  files: Files,
  { checkpoint, masterKey = MASTER_KEY }: CheckExtras = {},
): TenantCheck {
  const disk = diskOf(files);
  const scratch = new SimDisk();
  const result = checkTenant({
    tenant: TENANT,
    disk,
    scratch,
    crypto: nativeCrypto,
    clock: new SimClock(),
    random: new SimRandom(3),
    masterKey: { masterKey: () => masterKey.slice() },
    ...(checkpoint === undefined ? {} : { checkpoint }),
  });
  if (scratch.exists('keys.vks')) throw new Error('keys were written to the scratch disk');
  for (const [name, bytes] of filesOf(disk)) {
    if (!bytesEqual(bytes, files.get(name) as Uint8Array)) throw new Error(`${name} was written`);
  }
  return result;
}

/** Checks that failed. */
export function failed(result: TenantCheck): readonly string[] {
  return result.lines.filter(({ verdict }) => verdict === 'failed').map((line) => line.check);
}

/** Files that a check names as damaged, harmless damage with it. */
export function filesNamed(result: TenantCheck): ReadonlySet<string> {
  return new Set(result.lines.flatMap(({ faults }) => faults.map(({ file }) => file)));
}

/**
 * A closed tenant of a few records, one of them of two people, its store built in one go so that every
 * page of it is in use.
 */
export async function smallTenant(): Promise<Files> {
  const machine = machineOf(new SimDisk());
  const tenant = openTenant(machine);
  await execute(tenant, PEOPLE);
  await execute(tenant, "INSERT INTO people (id, name, score) VALUES (1, 'ann', 7), (2, 'bob', 8)");
  await execute(tenant, 'UPDATE people SET score = 9 WHERE id = 1');
  tenant.close();
  machine.disk.remove('store.vdb');
  openTenant(machine).close();
  const files = filesOf(machine.disk);
  return new Map(
    [...files].map(([name, bytes]) => [name, name.startsWith('log/') ? trimmed(bytes) : bytes]),
  );
}

/** A segment without most of its zeros, which make a check slow. */
function trimmed(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (bytes[end - 1] === 0) end -= 1;
  return bytes.slice(0, end + 16);
}
