/**
 * One process a data folder. The lock is a file with the holder's process id, made exclusively; one
 * whose process is gone (a crash, a kill) is taken over.
 */

import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';

import { RuntimeError } from './error.ts';

/** Locks of this process: a process id alone does not tell, because a container hands out the same again. */
const held = new Set<string>();

/**
 * Takes the lock of a folder and returns what releases it.
 *
 * @throws {RuntimeError} ERR_RUNTIME_LOCKED
 */
export function lockFolder(file: string): () => void {
  const path = resolve(file);
  for (;;) {
    try {
      const descriptor = openSync(path, 'wx', 0o600);
      writeSync(descriptor, `${process.pid}\n`);
      closeSync(descriptor);
      held.add(path);
      return () => {
        held.delete(path);
        unlinkSync(path);
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number(readFileSync(path, 'utf8').trim());
    if (held.has(path) || isAlive(holder)) {
      throw new RuntimeError(
        'unavailable',
        'ERR_RUNTIME_LOCKED',
        `the data folder is in use by process ${holder}`,
        { hint: 'use the running server, or stop it first' },
      );
    }
    unlinkSync(path);
  }
}

function isAlive(processId: number): boolean {
  if (!Number.isSafeInteger(processId) || processId <= 0) return false;
  if (processId === process.pid) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
