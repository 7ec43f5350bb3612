/** The lock of a folder: held by one, taken over from the dead. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expectCode } from '@veritydb/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { lockFolder } from '../src/index.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verity-lock-'));
  path = join(folder, 'lock');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** The id of a process that has ended. */
function endedProcess(): number {
  return spawnSync(process.execPath, ['--version']).pid;
}

describe('a folder’s lock', () => {
  it('is held until it is released, and can be taken again', () => {
    for (let round = 0; round < 2; round += 1) {
      const release = lockFolder(path);
      expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
      release();
      expect(existsSync(path)).toBe(false);
    }
  });

  it('is refused to the same process, however it spells the path', () => {
    const release = lockFolder(path);
    for (const spelling of [
      path,
      join(folder, '..', folder.split('/').at(-1) ?? '', 'lock'),
      `${folder}/./lock`,
    ]) {
      expectCode(() => lockFolder(spelling), 'ERR_RUNTIME_LOCKED');
    }
    release();
  });

  it('is refused while another process holds it', () => {
    writeFileSync(path, `${process.ppid}\n`);
    const refused = expectCode(() => lockFolder(path), 'ERR_RUNTIME_LOCKED');
    expect(refused.kind).toBe('unavailable');
    // Process 1 lives, and belongs to somebody else.
    writeFileSync(path, '1\n');
    expectCode(() => lockFolder(path), 'ERR_RUNTIME_LOCKED');
    expect(existsSync(path)).toBe(true);
  });

  it.each([
    ['a process that is gone', () => `${endedProcess()}\n`],
    ['this process’s id, from a life before', () => `${process.pid}\n`],
    ['nothing, cut off when it was made', () => ''],
    ['no number', () => 'x\n'],
    ['no process', () => '-1\n'],
  ])('is taken over from %s', (_, content) => {
    writeFileSync(path, content());
    const release = lockFolder(path);
    expect(readFileSync(path, 'utf8')).toBe(`${process.pid}\n`);
    release();
  });
});
