/** What an operator does by hand: checks, proofs, backups, restores, beside a server that runs. */

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { verifyLogReceipt } from '@veritydb/bundle';
import { nativeCrypto } from '@veritydb/crypto/native';
import { hexToBytes } from '@veritydb/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Run, runOn } from '../captured-terminal.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const FLAGS = ['--conditions=veritydb:source', '--import', 'tsx'];
const folder = mkdtempSync(join(tmpdir(), 'verity-operations-'));
const at = (name: string): string => join(folder, name);
const data = at('db');
const key = at('log.key');

const verity = (...args: readonly string[]): Promise<Run> =>
  runOn(args, { environment: { VERITYD_DATA: data } });

/** A run that must succeed; what it printed. */
async function good(...args: readonly string[]): Promise<string> {
  const { code, error, out } = await verity(...args);
  expect(code, error).toBe(0);
  return out;
}

async function refused(code: string, ...args: readonly string[]): Promise<void> {
  const run = await verity(...args, '--json');
  expect(run.code, run.out).toBe(1);
  expect(JSON.parse(run.error)).toMatchObject({ error: { code } });
}

async function startServer(): Promise<() => Promise<void>> {
  const child: ChildProcess = spawn(
    process.execPath,
    [...FLAGS, 'apps/server/src/main.ts', '--port', '0'],
    { cwd: ROOT, env: { ...process.env, VERITYD_DATA: data }, stdio: 'ignore' },
  );
  while (!existsSync(join(data, 'server.json'))) {
    if (child.exitCode !== null) throw new Error('the server ended');
    await sleep(50);
  }
  return async () => {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await ended;
  };
}

beforeAll(async () => {
  await good('init', data, '--origin', 'clinic.example/verity');
  await good(
    'sql',
    'CREATE TABLE people (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, DATA SUBJECT name)',
  );
  await good('sql', "INSERT INTO people VALUES (1, 'ann'), (2, 'bob')");
  writeFileSync(key, await good('log', 'key'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('fsck', () => {
  it('says that a database is sound, for people and for machines', async () => {
    expect(await good('fsck', data)).toContain('SOUND');
    const answer = JSON.parse(await good('fsck', data, '--json')) as Record<string, unknown>;
    expect(answer).toMatchObject({ sound: true, origin: 'clinic.example/verity' });
  });

  it('refuses a database that runs, and finds it sound by the other way', async () => {
    const stop = await startServer();
    try {
      await refused('ERR_CLI_RUNNING', 'fsck', data);
      await good('log', 'check');
    } finally {
      await stop();
    }
  });

  it('ends with 1 and names file, byte and record where a value was edited', async () => {
    const damaged = at('damaged');
    cpSync(data, damaged, { recursive: true });
    const segment = join(damaged, 'tenants/1/log/00000000000000000000.vlog');
    const bytes = readFileSync(segment);
    const end = bytes.findLastIndex((byte) => byte !== 0);
    // Within the payload of the last record.
    bytes[end - 20] = (bytes[end - 20] as number) ^ 1;
    writeFileSync(segment, bytes);
    const { code, out } = await verity('fsck', damaged);
    expect(code).toBe(1);
    expect(out).toMatch(/FAILED +checksums/);
    expect(out).toMatch(/log\/0{20}\.vlog, byte \d+, record \d+/);
    expect(out).not.toContain('SOUND');
  });

  it('is told its options together, or ends with 2', async () => {
    expect((await verity('fsck', data, '--key', key)).code).toBe(2);
  });
});

describe('proofs', () => {
  it('of a record are checked offline, and of another leaf refused', async () => {
    const answer = JSON.parse(await good('log', 'proof', '1', '--json')) as Record<string, string>;
    writeFileSync(at('record.proof'), answer['proof'] as string);
    const leaf = answer['leaf'] as string;
    const args = ['log', 'verify-proof', at('record.proof'), '--key', key];
    expect(await good(...args, '--leaf', leaf)).toContain('inclusion   ok');
    expect(await good(...args)).toContain('not checked');
    await refused(
      'ERR_MERKLE_ROOT',
      ...args,
      '--leaf',
      leaf.replace(/.$/, leaf.endsWith('0') ? '1' : '0'),
    );
    await refused('ERR_RUNTIME_POSITION', 'log', 'proof', '999');
  });

  it('of what a range of a table holds are checked offline, with nothing hidden', async () => {
    const prove = async (name: string, ...keys: readonly string[]): Promise<string> => {
      writeFileSync(at(name), await good('log', 'prove-state', 'people', ...keys));
      return at(name);
    };
    const there = await prove('there', '--at', '1');
    const args = ['--key', key];
    expect(await good('log', 'verify-state', there, ...args, '--at', 'integer:1')).toContain(
      '1 there',
    );
    await refused('ERR_CLI_PROOF', 'log', 'verify-state', there, ...args, '--at', 'integer:2');
    const none = await prove('none', '--at', '99');
    expect(await good('log', 'verify-state', none, ...args)).toContain('nothing is there');
    const all = await prove('all');
    await good('sql', 'DELETE FROM people WHERE id = 2');
    const less = await prove('less');
    await good('sql', "INSERT INTO people VALUES (2, 'ben')");
    const [whole, hidden] = [all, less].map(
      (path) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>,
    );
    writeFileSync(all, JSON.stringify({ ...whole, proof: hidden?.['proof'] }));
    await refused('ERR_MERKLE_ROOT', 'log', 'verify-state', all, ...args);
  });

  it('of a record, as a COSE receipt, are checked offline', async () => {
    const path = at('record.cose');
    const leaf = (await good('log', 'receipt', '1', '--out', path)).split('\n')[0] as string;
    const again = ['log', 'receipt', '1', '--size', '2', '--out'];
    const answer = JSON.parse(await good(...again, at('second.cose'), '--json')) as object;
    expect(answer).toMatchObject({ file: at('second.cose'), leaf });
    const check = (file: string): unknown => {
      const given = { leaf: hexToBytes(leaf), receipt: new Uint8Array(readFileSync(file)) };
      const verifierKey = readFileSync(key, 'utf8').trim();
      const { header, origin, size } = verifyLogReceipt(nativeCrypto, given, verifierKey);
      return [origin, header.offset, size];
    };
    const size = Number((await good('log', 'checkpoint')).split('\n')[1]);
    expect(check(path)).toEqual(['clinic.example/verity', 1, size]);
    expect(check(at('second.cose'))).toEqual(['clinic.example/verity', 1, 2]);
    await refused('ERR_CLI_FILE', 'log', 'receipt', '1', '--out', path);
    await refused('ERR_RUNTIME_POSITION', 'log', 'receipt', '999', '--out', at('none.cose'));
    // RFC 9942 has no receipt of a tree of one leaf.
    const one = ['log', 'receipt', '0', '--size', '1', '--out', at('none.cose')];
    await refused('ERR_RUNTIME_POSITION', ...one);
  });

  it('that the log has only grown are checked offline', async () => {
    writeFileSync(at('held'), await good('log', 'checkpoint'));
    await good('sql', "INSERT INTO people VALUES (3, 'cid')");
    writeFileSync(at('grown'), await good('log', 'consistency', '--from', at('held')));
    const args = ['--from', at('held'), '--key', key];
    const out = await good('log', 'verify-consistency', at('grown'), ...args);
    expect(out).toContain('consistency  ok');
    writeFileSync(at('other'), await good('log', 'consistency', '1'));
    await refused('ERR_CLI_PROOF', 'log', 'verify-consistency', at('other'), ...args);
    expect((await verity('log', 'consistency')).code).toBe(2);
  });
});

describe('backup and restore', () => {
  it('of a running database, put back, and denounced by who holds a newer checkpoint', async () => {
    const stop = await startServer();
    try {
      await good('backup', data, at('monday.tar'));
      await refused('ERR_CLI_FILE', 'backup', data, at('monday.tar'));
      await refused('ERR_CLI_FILE', 'backup', data, at('no-folder/monday.tar'));
      await good('sql', "INSERT INTO people VALUES (4, 'dan')");
      writeFileSync(at('newer'), await good('log', 'checkpoint'));
      writeFileSync(at('tombstones'), await good('backup', 'tombstones'));
    } finally {
      await stop();
    }
    await good('backup', 'verify', at('monday.tar'), '--key', key);
    const restored = at('restored');
    const args = ['restore', at('monday.tar'), restored, '--key', key];
    await refused('ERR_CLI_TOMBSTONES', ...args);
    await good(...args, '--tombstones', at('tombstones'));
    await refused('ERR_VERITY_FOLDER_EXISTS', ...args, '--no-tombstones');
    expect(existsSync(join(restored, 'master.key'))).toBe(false);
    // Without the master key everything but the rows is checked.
    expect(await good('fsck', restored)).toContain('no keys can be had');
    cpSync(join(data, 'master.key'), join(restored, 'master.key'));
    expect(await good('fsck', restored)).toContain('manual-intervention');
    const rows = await good('sql', 'SELECT name FROM people ORDER BY id', '--data', restored);
    expect(rows).toContain('cid');
    expect(rows).not.toContain('dan');
    const held = await verity('fsck', restored, '--checkpoint', at('newer'), '--key', key);
    expect(held.code).toBe(1);
    expect(held.out).toMatch(/FAILED +signed-checkpoint/);
    // The same, of a log that runs: no proof leads from the held checkpoint to it.
    const size = readFileSync(at('newer'), 'utf8').split('\n')[1] as string;
    for (let id = 100; Number(size) > (await sizeOf(restored)); id += 1) {
      await good('sql', `INSERT INTO people VALUES (${id}, 'eve')`, '--data', restored);
    }
    const text = await good('log', 'consistency', '--from', at('newer'), '--data', restored);
    writeFileSync(at('grown'), text);
    const proof = ['log', 'verify-consistency', at('grown'), '--from', at('newer'), '--key', key];
    await refused('ERR_MERKLE_ROOT', ...proof);
  });

  it('takes tombstones out of a later backup', async () => {
    await good('backup', data, at('tuesday.tar'));
    const text = await good('backup', 'tombstones', at('tuesday.tar'));
    expect(text).toMatch(/^veritydb\.dev\/tombstones\/v1\nclinic\.example\/verity\n1\n/);
    writeFileSync(at('later'), text);
    const args = ['restore', at('monday.tar'), at('again'), '--key', key];
    await good(...args, '--tombstones', at('later'));
  });
});

async function sizeOf(path: string): Promise<number> {
  const text = await good('log', 'checkpoint', '--data', path);
  return Number(text.split('\n')[1]);
}
