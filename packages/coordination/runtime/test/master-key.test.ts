/** The master key's file: made once, read strictly, its owner's alone. */

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SimRandom } from '@veritydb/sim';
import { expectCode } from '@veritydb/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createMasterKeyFile, masterKeyFile, masterKeyText } from '../src/index.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'verity-key-'));
  path = join(folder, 'master.key');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a master key’s file', () => {
  it('gives what was made, each time as a copy', () => {
    createMasterKeyFile(path, new SimRandom(1));
    expect(statSync(path).mode & 0o077).toBe(0);
    const provider = masterKeyFile(path);
    const key = provider.masterKey();
    expect(key).toEqual(new SimRandom(1).bytes(32));
    key.fill(0);
    expect(provider.masterKey()).toEqual(new SimRandom(1).bytes(32));
  });

  it('is never written over', () => {
    createMasterKeyFile(path, new SimRandom(1));
    const before = readFileSync(path, 'utf8');
    expect(() => {
      createMasterKeyFile(path, new SimRandom(2));
    }).toThrow('EEXIST');
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it.each(['', 'ab', 'A'.repeat(64), 'a'.repeat(63), 'a'.repeat(65), `${'a'.repeat(62)}gg`])(
    'that holds %j is refused, and not shown',
    (text) => {
      writeFileSync(path, text);
      const refused = expectCode(() => masterKeyFile(path).masterKey(), 'ERR_RUNTIME_MASTER_KEY');
      if (text !== '') expect(refused.message).not.toContain(text);
    },
  );

  it('that is missing is named', () => {
    const refused = expectCode(() => masterKeyFile(path).masterKey(), 'ERR_RUNTIME_MASTER_KEY');
    expect(refused.kind).toBe('unavailable');
    expect(refused.hint).toContain(path);
  });
});

describe('a master key’s text (S071)', () => {
  it('gives the key, each time as a copy', () => {
    const provider = masterKeyText('0123456789abcdef'.repeat(4));
    const key = provider.masterKey();
    expect(key).toHaveLength(32);
    expect(key.slice(0, 4)).toEqual(Uint8Array.of(0x01, 0x23, 0x45, 0x67));
    const copy = key.slice();
    key.fill(0);
    expect(provider.masterKey()).toEqual(copy);
  });

  it.each(['', 'ab', 'A'.repeat(64), 'a'.repeat(63), `${'a'.repeat(64)}\n`, ` ${'a'.repeat(64)}`])(
    'that is %j is refused, and not shown',
    (text) => {
      const refused = expectCode(() => masterKeyText(text).masterKey(), 'ERR_RUNTIME_MASTER_KEY');
      if (text !== '') expect(`${refused.message} ${refused.hint}`).not.toContain(text);
    },
  );
});
