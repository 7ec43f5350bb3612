/**
 * Witnesses and a server as processes, over sockets: a quorum is collected, a witness that is killed
 * forgets nothing, and a log that was put back to an older copy and written on finds nobody who signs it.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { nativeCrypto } from '@veritydb/crypto/native';
import {
  MerkleTree,
  TiledTree,
  type TlogPolicy,
  decodeEntryBundle,
  encodeTile,
  formatAddCheckpoint,
  formatTilePath,
  formatVerifierKey,
  leafHash,
  parseTlogPolicy,
  parseVerifierKey,
  signCheckpoint,
  tilesOf,
  verifyNote,
  verifyUnderPolicy,
} from '@veritydb/merkle';
import { decodeRecordHeader, utf8Encode } from '@veritydb/types';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const CLI = resolve(import.meta.dirname, '../../apps/cli/src/main.ts');
const SERVER = resolve(import.meta.dirname, '../../apps/server/src/main.ts');
const FLAGS = ['--conditions=veritydb:source', '--import', 'tsx'];

let folder: string;
let children: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verity-witness-'));
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

interface Running {
  readonly url: string;
  readonly text: () => string;
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts a process and waits until it says where it listens. */
async function start(program: string, args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [...FLAGS, program, ...args]);
  children.push(child);
  const ended = new Promise<number | null>((done) => {
    child.on('close', done);
  });
  let text = '';
  const url = await new Promise<string>((found, failed) => {
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const match = /(http:\/\/127\.0\.0\.1:[0-9]+)(?:\/mcp|\n)/.exec(text);
      if (match?.[1] !== undefined) found(match[1]);
    });
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.once('close', () => {
      failed(new Error(`it ended: ${text}`));
    });
  });
  return {
    url,
    text: () => text,
    end: async (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

async function runCli(...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [...FLAGS, CLI, ...args]);
  children.push(child);
  let [out, error] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
  const code = await new Promise<number | null>((done) => {
    child.on('close', done);
  });
  if (code !== 0) throw new Error(`${code}: ${error}`);
  return out.trim();
}

async function initWitness(name: string): Promise<string> {
  return runCli('witness', 'init', join(folder, name), '--name', `witness.example/${name}`);
}

async function startWitness(
  name: string,
  logFile: string,
  listen = '127.0.0.1:0',
): Promise<Running> {
  const args = ['witness', 'start', join(folder, name), '--log', logFile, '--listen', listen];
  return start(CLI, args);
}

async function addCheckpoint(witness: Running, body: string) {
  const response = await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body });
  return { status: response.status, body: await response.text() };
}

describe('a witness process', () => {
  const signer = { name: 'log.example/a', seed: new Uint8Array(32).fill(3) };
  const [honest, fork] = ['a', 'b'].map((branch) => {
    const tree = new MerkleTree(nativeCrypto);
    for (let index = 0; index < 30; index += 1) {
      tree.append(leafHash(nativeCrypto, utf8Encode(`${index < 8 ? '' : branch}${index}`)));
    }
    return tree;
  }) as [MerkleTree, MerkleTree];
  const key = formatVerifierKey(
    nativeCrypto,
    signer.name,
    nativeCrypto.ed25519PublicKey(signer.seed),
  );
  const request = (tree: MerkleTree, oldSize: number, size: number): string =>
    formatAddCheckpoint({
      oldSize,
      proof: oldSize === 0 ? [] : tree.consistencyProof(oldSize, size),
      checkpoint: signCheckpoint(
        nativeCrypto,
        { origin: signer.name, size, root: tree.root(size) },
        signer,
      ),
    });

  test('killed between requests, it cosigns no smaller tree and no other root', async () => {
    const logFile = join(folder, 'log.key');
    await writeFile(logFile, `${key}\n`);
    const witnessKey = await initWitness('w1');
    expect((await stat(join(folder, 'w1', 'witness.key'))).mode & 0o077).toBe(0);
    let witness = await startWitness('w1', logFile);
    expect(witness.text()).toContain(witnessKey);
    // Two trees of one size at once: one of them at most.
    const answers = await Promise.all([
      addCheckpoint(witness, request(honest, 0, 20)),
      addCheckpoint(witness, request(fork, 0, 20)),
    ]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
    const [kept, other] = answers[0].status === 200 ? [honest, fork] : [fork, honest];

    await witness.end('SIGKILL');
    witness = await startWitness('w1', logFile);
    expect(witness.text()).toContain(`${signer.name}, size 20`);
    const conflict = { status: 409, body: '20\n' };
    expect(await addCheckpoint(witness, request(other, 0, 20))).toEqual(conflict);
    expect(await addCheckpoint(witness, request(other, 20, 20))).toEqual(conflict);
    expect(await addCheckpoint(witness, request(kept, 0, 15))).toEqual(conflict);
    expect((await addCheckpoint(witness, request(other, 20, 30))).status).toBe(422);
    const grown = await addCheckpoint(witness, request(kept, 20, 30));
    expect(grown.status).toBe(200);
    const [, note = ''] = request(kept, 0, 30).split(/\n\n(.*)/s);
    const keys = [key, witnessKey].map((one) => parseVerifierKey(nativeCrypto, one));
    expect(verifyNote(nativeCrypto, note + grown.body, keys).signers).toEqual(keys);
    // One process a folder, and a signal ends it in order.
    await expect(startWitness('w1', logFile)).rejects.toThrow('ERR_RUNTIME_LOCKED');
    expect(await witness.end('SIGTERM')).toBe(0);
    await (await startWitness('w1', logFile)).end('SIGTERM');
  });
});

describe('a server with witnesses', () => {
  let data: string;
  let logFile: string;
  let policyFile: string;
  let policy: TlogPolicy;

  async function startServer(): Promise<Running> {
    return start(SERVER, ['--data', data, '--port', '0', '--witness-policy', policyFile]);
  }

  async function operator(server: Running, path: string, body?: unknown): Promise<Response> {
    const secret = (await readFile(join(data, 'operator.secret'), 'utf8')).trim();
    return fetch(`${server.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  async function insert(server: Running, id: number): Promise<number> {
    const sql = `INSERT INTO notes (id, note) VALUES (${id}, 'n')`;
    const response = await operator(server, '/admin/v1/sql', { sql, purpose: 'test' });
    expect(response.status).toBe(200);
    return ((await response.json()) as { position: number }).position;
  }

  /** Waits until what is published covers a position; returns it as the policy verifies it. */
  async function published(server: Running, position: number) {
    for (;;) {
      const response = await fetch(`${server.url}/checkpoint`);
      if (response.status === 200) {
        const note = await response.text();
        const verified = verifyUnderPolicy(nativeCrypto, note, policy);
        if (verified.checkpoint.size > position) return { note, ...verified };
      }
      await sleep(50);
    }
  }

  async function sizeOf(server: Running): Promise<number> {
    const note = await (await fetch(`${server.url}/checkpoint`)).text();
    return verifyUnderPolicy(nativeCrypto, note, policy).checkpoint.size;
  }

  test('publishes at a quorum, serves the tiles of it, and is caught when it goes back', async () => {
    data = join(folder, 'clinic');
    logFile = join(folder, 'log.key');
    policyFile = join(folder, 'policy');
    await runCli('init', data, '--origin', 'clinic.example/verity');
    const logKey = await runCli('--data', data, 'log', 'key');
    await writeFile(logFile, `${logKey}\n`);
    const keys = [await initWitness('w1'), await initWitness('w2'), await initWitness('w3')];
    const w1 = await startWitness('w1', logFile);
    const w2 = await startWitness('w2', logFile);
    // The third is down: a quorum of two of three does without.
    const urls = [w1.url, w2.url, 'http://127.0.0.1:10'];
    const lines = keys.map((key, index) => `witness w${index + 1} ${key} ${urls[index]}\n`);
    const text = `log ${logKey}\n${lines.join('')}group all-of-them 2 w1 w2 w3\nquorum all-of-them\n`;
    await writeFile(policyFile, text);
    policy = parseTlogPolicy(nativeCrypto, text);

    let server = await startServer();
    const table = 'CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY, note TEXT NOT NULL)';
    await operator(server, '/admin/v1/sql', { sql: table, purpose: 'test' });
    const first = await published(server, await insert(server, 1));
    expect(first.cosigners.map(({ name }) => name)).toEqual(
      ['w1', 'w2'].map((name) => `witness.example/${name}`),
    );
    await checkTiles(server, first.checkpoint.size, first.checkpoint.root);
    const printed = await runCli('--data', data, 'log', 'checkpoint', '--published');
    expect(verifyUnderPolicy(nativeCrypto, `${printed}\n`, policy).checkpoint.size).toBe(
      await sizeOf(server),
    );
    const fourth = await insert(server, 4);
    const demanded = await runCli('--data', data, 'log', 'publish');
    expect(
      verifyUnderPolicy(nativeCrypto, `${demanded}\n`, policy).checkpoint.size,
    ).toBeGreaterThan(fourth);

    // A witness more fails: writes go on, what is published stays.
    const reached = await sizeOf(server);
    expect(await w2.end('SIGKILL')).toBeNull();
    await insert(server, 2);
    await sleep(2500);
    expect(await sizeOf(server)).toBe(reached);
    expect(server.text()).toContain('witness w2');
    await expect(runCli('--data', data, 'log', 'publish')).rejects.toThrow('ERR_HTTP_PUBLISHING');
    expect(await sizeOf(server)).toBe(reached);
    expect(await server.end('SIGTERM')).toBe(0);

    // A copy is kept; the log goes on; the copy is put back and written on.
    await cp(data, join(folder, 'copy'), { recursive: true });
    const again = await startWitness('w2', logFile, w2.url.replace('http://', ''));
    server = await startServer();
    expect(await sizeOf(server)).toBeGreaterThanOrEqual(reached);
    const newest = await published(server, await insert(server, 3));
    expect(await server.end('SIGTERM')).toBe(0);
    await rm(data, { recursive: true });
    await cp(join(folder, 'copy'), data, { recursive: true });
    server = await startServer();
    for (let id = 100; id < 130; id += 1) await insert(server, id);
    while (!/witness w1: it answered 422/.test(server.text())) await sleep(50);
    expect(await sizeOf(server)).toBe(reached);
    expect(newest.checkpoint.size).toBeGreaterThan(reached);
    await server.end('SIGTERM');
    await again.end('SIGTERM');
    await w1.end('SIGTERM');
  });

  /** Everything that the size has, from tiles alone: the root, and headers that hash to the leaves. */
  async function checkTiles(server: Running, size: number, root: Uint8Array): Promise<void> {
    const files = new Map<string, Uint8Array>();
    for (const tile of tilesOf(size)) {
      const response = await fetch(`${server.url}/${formatTilePath(tile)}`);
      files.set(formatTilePath(tile), new Uint8Array(await response.arrayBuffer()));
    }
    const read = (tile: Parameters<typeof formatTilePath>[0]): Uint8Array =>
      files.get(formatTilePath(tile)) ?? new Uint8Array(0);
    expect(new TiledTree(nativeCrypto, size, read).root()).toEqual(root);
    const path = `/${formatTilePath({ level: 'entries', index: 0, width: size })}`;
    expect((await fetch(`${server.url}${path}`)).status).toBe(401);
    const response = await operator(server, path);
    const entries = decodeEntryBundle(new Uint8Array(await response.arrayBuffer()), size);
    const tree = new MerkleTree(nativeCrypto);
    for (const [index, entry] of entries.entries()) {
      expect(decodeRecordHeader(entry).offset).toBe(index);
      tree.append(leafHash(nativeCrypto, entry));
    }
    expect(encodeTile(tree, { level: 0, index: 0, width: size })).toEqual(
      read({ level: 0, index: 0, width: size }),
    );
  }
});
