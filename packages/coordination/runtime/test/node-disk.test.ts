/** The real disk keeps the port's promises; files and folders are their owner's alone. */

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Disk } from '@veritydb/log';
import { SimDisk } from '@veritydb/sim';
import { expectCode } from '@veritydb/testkit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openNodeDisk } from '../src/index.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verity-disk-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

type Call =
  | {
      readonly kind: 'write';
      readonly name: string;
      readonly position: number;
      readonly size: number;
    }
  | { readonly kind: 'truncate'; readonly name: string; readonly size: number }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'sync'; readonly name: string }
  | { readonly kind: 'rename'; readonly name: string; readonly to: string };

const name = fc.constantFrom('a', 'b', 'log/a', 'log/b');
const size = fc.nat(5000);
const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), name, position: size, size }),
  fc.record({ kind: fc.constant('truncate' as const), name, size }),
  fc.record({ kind: fc.constant('remove' as const), name }),
  fc.record({ kind: fc.constant('sync' as const), name }),
  fc.record({ kind: fc.constant('rename' as const), name, to: name }),
);

function perform(disk: Disk, each: Call): void {
  if (each.kind === 'remove') {
    if (disk.exists(each.name)) disk.remove(each.name);
    return;
  }
  if (each.kind === 'rename') {
    if (disk.exists(each.name)) disk.rename(each.name, each.to);
    return;
  }
  const file = disk.open(each.name, 'create');
  if (each.kind === 'write') {
    file.writeAt(new Uint8Array(each.size).fill(each.position & 0xff), each.position);
  } else if (each.kind === 'truncate') file.truncate(each.size);
  else file.sync();
  file.close();
}

/** Every file with its bytes; a read that goes beyond the end gives what is there. */
function describeDisk(disk: Disk): readonly unknown[] {
  return ['', 'log', 'none'].flatMap((place) =>
    disk
      .list(place)
      .filter((each) => each !== 'log')
      .map((each) => {
        const file = disk.open(place === '' ? each : `${place}/${each}`, 'existing');
        const bytes = new Uint8Array(file.size() + 10);
        const count = file.readAt(bytes, 0);
        const rest = file.readAt(new Uint8Array(10), file.size() + 100);
        file.close();
        return [place, each, count, rest, bytes.join()];
      }),
  );
}

describe('the disk of a folder', () => {
  // S144: a second backend stands behind the same port, and does the same.
  it('is what the simulated one is', () => {
    let round = 0;
    fc.assert(
      fc.property(fc.array(call, { maxLength: 20 }), (calls) => {
        const real = openNodeDisk(join(folder, String((round += 1))));
        const simulated = new SimDisk();
        for (const each of calls) {
          perform(real, each);
          perform(simulated, each);
        }
        expect(describeDisk(real)).toEqual(describeDisk(simulated));
      }),
      { numRuns: 30 },
    );
  });

  it('makes folders and files for their owner alone', () => {
    const disk = openNodeDisk(join(folder, 'x/y'));
    disk.open('log/a', 'create').close();
    for (const path of ['x', 'x/y', 'x/y/log', 'x/y/log/a']) {
      expect(statSync(join(folder, path)).mode & 0o077).toBe(0);
    }
  });

  it('stays below its folder', () => {
    const disk = openNodeDisk(folder);
    for (const outside of ['/etc/passwd', '../x', 'log/../../x']) {
      expectCode(() => disk.open(outside, 'create'), 'ERR_ASSERTION');
      expectCode(() => disk.exists(outside), 'ERR_ASSERTION');
    }
    expectCode(() => disk.open('missing', 'existing'), 'ERR_ASSERTION');
  });
});
