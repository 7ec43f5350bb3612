/** `verity log timestamp` against a real authority: a small HTTP server in front of `openssl ts`. */

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { nativeCrypto } from '@veritydb/crypto/native';
import { emptyRoot, signCheckpoint } from '@veritydb/merkle';
import {
  type TimeStampAuthority,
  createTimeStampAuthority,
  requireOpenssl,
} from '@veritydb/testkit';
import { hexToBytes, utf8Encode } from '@veritydb/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type Run, runOn } from '../captured-terminal.ts';
import { type RecordingServer, startRecordingServer } from '../recording-server.ts';

/** RFC 8032 §7.1, test 1. */
const seed = hexToBytes('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
const origin = 'clinic.example/verity';
const note = signCheckpoint(
  nativeCrypto,
  { origin, size: 42, root: emptyRoot(nativeCrypto) },
  { name: origin, seed },
);

const P256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

let server: RecordingServer;
beforeEach(async () => {
  server = await startRecordingServer();
  server.answer = ({ path }) =>
    path === '/v1/checkpoint'
      ? { body: utf8Encode(note) }
      : { status: 404, body: { code: 'ERR_TEST', detail: 'nothing is here' } };
});
afterEach(async () => {
  await server.close();
});

const run = (...args: string[]): Promise<Run> =>
  runOn(['--data', server.folder, 'log', 'timestamp', ...args]);
const place = (name: string): string => join(server.folder, name);

describe('how it is called', () => {
  it.each([
    ['nothing', []],
    ['no roots', ['--verify', 'a', 'b']],
    ['one file', ['--verify', 'a', '--roots', 'r']],
    ['both ways', ['--verify', 'a', 'b', '--roots', 'r', '--tsa', 'https://tsa.example/']],
    ['files to stamp', ['a', 'b', '--tsa', 'https://tsa.example/']],
    ['no address', ['--tsa', 'tsa']],
    ['an address with a password', ['--tsa', 'https://me:pass@tsa.example/']],
    ['a file as an address', ['--tsa', 'file:///etc/passwd']],
  ])('%s is no command', async (_, args) => {
    expect(await run(...args)).toMatchObject({ code: 2, out: '' });
    expect(server.requests).toEqual([]);
  });
});

describe.runIf(requireOpenssl('verity log timestamp against openssl'))('an authority', () => {
  let authority: TimeStampAuthority;
  let http: Server;
  let url: string;
  let asked: (string | undefined)[];
  /** What becomes of the authority's answer on its way. */
  let change: (reply: Uint8Array) => Uint8Array;
  let type: string;
  let status: number;

  beforeEach(async () => {
    await mkdir(place('tsa'));
    authority = createTimeStampAuthority(place('tsa'), P256);
    asked = [];
    change = (reply) => reply;
    type = 'application/timestamp-reply';
    status = 200;
    http = createServer((incoming, outgoing) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const query = Buffer.concat(chunks);
        asked.push(incoming.headers['content-type']);
        outgoing.writeHead(status, { 'content-type': type, location: '/elsewhere' });
        outgoing.end(change(authority.reply(query)));
      });
    });
    await new Promise<void>((resolve) => {
      http.listen(0, '127.0.0.1', resolve);
    });
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/tsa`;
  });
  afterEach(async () => {
    http.closeAllConnections();
    await new Promise((resolve) => {
      http.close(resolve);
    });
  });

  const verify = (...more: string[]): Promise<Run> =>
    run('--verify', place('c'), place('c.tsr'), '--roots', authority.rootFile, ...more);

  it('stamps the newest checkpoint, and both files lie beside each other', async () => {
    const { code, out } = await run('--tsa', url, '--out', place('c'));
    expect(code).toBe(0);
    expect(out).toMatch(/^checkpoint {2}clinic\.example\/verity, 42 records\ntime {8}20/);
    expect(asked).toEqual(['application/timestamp-query']);
    expect(await readFile(place('c'), 'utf8')).toBe(note);
    const answer = await verify('--json');
    expect(answer).toMatchObject({ code: 0, error: '' });
    expect(JSON.parse(answer.out)).toMatchObject({
      origin,
      size: 42,
      accuracy_seconds: 1.5,
      authority: 'CN=Stamps,O=Test',
      policy: '1.2.3.4.1',
      ordering: true,
    });
    const checked = ['-in', place('c.tsr'), '-data', place('c'), '-CAfile', authority.rootFile];
    expect(authority.run('ts', '-verify', ...checked)).toMatchObject({ ok: true });
  });

  it('writes over nothing', async () => {
    expect(await run('--tsa', url, '--out', place('c'))).toMatchObject({ code: 0 });
    for (const keep of ['c', 'c.tsr']) {
      const { code, error } = await run('--tsa', url, '--out', place('c'));
      expect(code).toBe(1);
      expect(error).toMatch(/^error ERR_CLI_FILE: /);
      await rm(place(keep));
    }
    expect(asked.length).toBe(1);
  });

  it('writes nothing where the answer is not of this request', async () => {
    let kept: Uint8Array | undefined;
    change = (reply) => (kept ??= reply);
    expect(await run('--tsa', url, '--out', place('c'))).toMatchObject({ code: 0 });
    const { code, error } = await run('--tsa', url, '--out', place('d'));
    expect(code).toBe(1);
    expect(error).toMatch(/^error ERR_MERKLE_TIME_STAMP_NONCE: /);
    await expect(readFile(place('d'))).rejects.toThrow('ENOENT');
    await expect(readFile(place('d.tsr'))).rejects.toThrow('ENOENT');
  });

  it.each<[string, () => void]>([
    ['an error', () => (status = 500)],
    ['another place', () => (status = 302)],
    ['a web page', () => (type = 'text/html')],
    ['without end', () => (change = () => new Uint8Array((1 << 20) + 1))],
    [
      'nothing, for nobody listens',
      () => {
        http.closeAllConnections();
        http.close();
      },
    ],
  ])('that answers with %s is told', async (_, prepare) => {
    prepare();
    const { code, error } = await run('--tsa', url, '--out', place('c'));
    expect(code).toBe(1);
    expect(error).toMatch(/^error ERR_CLI_TIME_STAMP: /);
    await expect(readFile(place('c'))).rejects.toThrow('ENOENT');
  });

  it('a stamp does not fit another checkpoint, other roots, or a file that is not there', async () => {
    expect(await run('--tsa', url, '--out', place('c'))).toMatchObject({ code: 0 });
    await mkdir(place('other'));
    const other = createTimeStampAuthority(place('other'), P256);
    const files = [place('c'), place('c.tsr')];
    const codes = [
      await run('--verify', ...files, '--roots', other.rootFile),
      await run('--verify', ...files, '--roots', place('c')),
      await run('--verify', ...files, '--roots', place('missing')),
    ].map(({ code, error }) => `${code} ${/ERR_[A-Z_]+/.exec(error)?.[0]}`);
    await writeFile(place('c'), note.replace('42', '43'));
    const { code, error } = await verify();
    codes.push(`${code} ${/ERR_[A-Z_]+/.exec(error)?.[0]}`);
    expect(codes).toEqual([
      '1 ERR_MERKLE_CERTIFICATE_PATH',
      '1 ERR_MERKLE_CERTIFICATE',
      '1 ERR_CLI_FILE',
      '1 ERR_MERKLE_TIME_STAMP_IMPRINT',
    ]);
  });
});
