/** A server that listens with a certificate of its own making, and the command line that trusts it. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';

import { requireOpenssl } from '@veritydb/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runProgram } from '../../scripts/program.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const NAME = 'verity.example.org';

let folder: string;
let server: ChildProcess;
let said = '';

const at = (name: string): string => join(folder, name);

/** A self-signed certificate for NAME, written over the one that was there. */
function makeCertificate(): void {
  const subject = ['-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`];
  const files = ['-keyout', at('key.pem'), '-out', at('cert.pem')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...key, '-days', '2', ...subject, ...files], {
    stdio: 'ignore',
  });
}

async function saying(text: string): Promise<void> {
  while (!said.includes(text)) {
    if (server.exitCode !== null) throw new Error(`the server ended: ${said}`);
    await sleep(50);
  }
}

const verity = async (...args: string[]) => runProgram('cli', ['--data', at('data'), ...args]);

describe.runIf(requireOpenssl('TLS'))('a server with a certificate', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'verity-tls-'));
    makeCertificate();
    const flags = ['--conditions=veritydb:source', '--import', 'tsx', 'apps/server/src/main.ts'];
    const settings = ['--data', at('data'), '--port', '0', '--public-url', `https://${NAME}`];
    const files = ['--tls-cert', at('cert.pem'), '--tls-key', at('key.pem')];
    server = spawn(process.execPath, [...flags, ...settings, ...files], { cwd: ROOT });
    for (const stream of [server.stdout, server.stderr]) {
      stream?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    }
    await saying('"msg":"started"');
  });

  afterAll(() => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('is reached by whoever names the authority, under the name of the certificate', async () => {
    const told = await verity('--ca', at('cert.pem'), 'status', '--json');
    expect(told, said).toMatchObject({ code: 0 });
    expect(JSON.parse(told.stdout)).toMatchObject({ tenant: 1 });
    const table = 'CREATE TABLE t (id INTEGER NOT NULL, PRIMARY KEY (id))';
    expect(await verity('--ca', at('cert.pem'), 'sql', table)).toMatchObject({ code: 0 });
  });

  it('is refused by whoever does not, and told what to do', async () => {
    const told = await verity('status');
    expect(told.code).toBe(1);
    expect(told.stderr).toContain('ERR_CLI_CONNECTION');
    expect(told.stderr).toContain('--ca');
  });

  it('takes TLS 1.2 and 1.3, and nothing older', async () => {
    const { url } = JSON.parse(readFileSync(at('data/server.json'), 'utf8')) as { url: string };
    const { port } = new URL(url);
    const handshake = async (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
      new Promise<string | null>((resolve) => {
        const socket = connect(
          {
            host: '127.0.0.1',
            port: Number(port),
            servername: NAME,
            ca: readFileSync(at('cert.pem')),
            minVersion: version,
            maxVersion: version,
            // Else OpenSSL itself would not even offer the old version.
            ciphers: 'DEFAULT@SECLEVEL=0',
          },
          () => {
            resolve(socket.getProtocol());
            socket.destroy();
          },
        );
        socket.once('error', () => {
          resolve(null);
        });
      });
    expect(await handshake('TLSv1.2')).toBe('TLSv1.2');
    expect(await handshake('TLSv1.3')).toBe('TLSv1.3');
    expect(await handshake('TLSv1.1')).toBeNull();
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow(TypeError);
  });

  it('shows a new certificate after SIGHUP, and keeps the old one where the new is broken', async () => {
    const before = readFileSync(at('cert.pem'), 'utf8');
    makeCertificate();
    server.kill('SIGHUP');
    await saying('"msg":"certificate"');
    expect(await verity('--ca', at('cert.pem'), 'status')).toMatchObject({ code: 0 });
    rmSync(at('key.pem'));
    server.kill('SIGHUP');
    await saying('the certificate in use stays');
    expect(await verity('--ca', at('cert.pem'), 'status')).toMatchObject({ code: 0 });
    expect(readFileSync(at('cert.pem'), 'utf8')).not.toBe(before);
  });
});
