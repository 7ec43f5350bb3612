import { describe, expect, test } from 'vitest';

import { loadConfig } from '../src/config.ts';
import type { ServerError } from '../src/error.ts';

interface Sources {
  readonly commandLine?: string[];
  readonly environment?: Record<string, string>;
  readonly file?: string;
}

function load({ commandLine = [], environment = {}, file }: Sources) {
  return loadConfig({ commandLine, environment, readFile: () => file ?? null });
}

test('defaults: this machine alone', () => {
  expect(load({})).toEqual({
    dataFolder: '.verity',
    host: '127.0.0.1',
    port: 7420,
    publicUrl: null,
    tls: null,
    limits: { connectionsMax: 1024, headersTimeoutMs: 10_000, requestTimeoutMs: 30_000 },
    authorization: 'off',
    drainSeconds: 0,
    witnessPolicy: null,
    syncPolicy: 'every-batch',
    history: 'all',
  });
});

test('a flag counts before a variable, that before the file', () => {
  const file = '{"format":"veritydb.dev/folder/v1","origin":"o","host":"::1","port":1}';
  const environment = { VERITYD_PORT: '2', VERITYD_DATA: 'd', PATH: 'x' };
  expect(load({ file })).toMatchObject({ host: '::1', port: 1 });
  expect(load({ file, environment })).toMatchObject({ host: '::1', port: 2, dataFolder: 'd' });
  expect(load({ environment: { VERITYD_SYNC: 'every-record' } }).syncPolicy).toBe('every-record');
  expect(load({ environment: { VERITYD_HISTORY: '90d' } }).history).toBe('90d');
  const commandLine = ['--port', '3', '--data=e=f'];
  expect(load({ file, environment, commandLine })).toMatchObject({ port: 3, dataFolder: 'e=f' });
  const policies = [{ witnessPolicy: 'a' }, { witnessPolicy: 'b' }, { witnessPolicy: 'c' }];
  const policyFile = '{"witness_policy":"a"}';
  const policyVariable = { VERITYD_WITNESS_POLICY: 'b' };
  expect([
    load({ file: policyFile }),
    load({ file: policyFile, environment: policyVariable }),
    load({ environment: policyVariable, commandLine: ['--witness-policy', 'c'] }),
  ]).toMatchObject(policies);
});

test('slow callers and many have limits, and programs a way in, that the operator sets', () => {
  const file = '{"connections_max":5,"headers_seconds":2,"authorization":"local"}';
  expect(load({ file, commandLine: ['--request-seconds', '3'] })).toMatchObject({
    limits: { connectionsMax: 5, headersTimeoutMs: 2000, requestTimeoutMs: 3000 },
    authorization: 'local',
  });
  const own = load({ commandLine: ['--authorization', 'https://login.example/realm'] });
  expect(own.authorization).toEqual(new URL('https://login.example/realm'));
  for (const commandLine of [
    ['--connections-max', '0'],
    ['--headers-seconds', '601'],
    ['--request-seconds', '1.5'],
    ['--authorization', 'on'],
    ['--authorization', 'http://login.example'],
    ['--authorization', 'https://login.example/?x'],
  ]) {
    expect(() => load({ commandLine })).toThrow(
      expect.objectContaining({ code: 'ERR_SERVER_CONFIG' }),
    );
  }
});

test('what was mistyped is told with what was meant', () => {
  const hintOf = (sources: Sources): string => {
    try {
      load(sources);
    } catch (error) {
      return (error as ServerError).hint ?? '';
    }
    return '';
  };
  expect(hintOf({ commandLine: ['--prot', '1'] })).toMatch(/^Did you mean --port\? Known are: /);
  expect(hintOf({ environment: { VERITYD_TLS_CRET: 'x' } })).toMatch(/mean VERITYD_TLS_CERT\?/);
  expect(hintOf({ file: '{"public-url":"x"}' })).toMatch(/mean public_url\?/);
});

test('a certificate, and a time to drain', () => {
  const commandLine = ['--tls-cert', 'c.pem', '--tls-key', 'k.pem'];
  expect(load({ commandLine, file: '{"drain_seconds":5}' })).toMatchObject({
    tls: { certificate: 'c.pem', key: 'k.pem' },
    drainSeconds: 5,
  });
});

test('the file is that of the data folder', () => {
  const read: string[] = [];
  loadConfig({
    commandLine: ['--data', '/srv/verity'],
    environment: {},
    readFile: (path) => {
      read.push(path);
      return null;
    },
  });
  expect(read).toEqual(['/srv/verity/verity.json']);
});

test('a public address lets others in', () => {
  const commandLine = ['--host', '0.0.0.0', '--public-url', 'https://verity.example.org'];
  expect(load({ commandLine })).toMatchObject({ publicUrl: 'https://verity.example.org' });
  const local = ['--host', '0.0.0.0', '--public-url', 'http://localhost:8080'];
  expect(load({ commandLine: local })).toMatchObject({ publicUrl: 'http://localhost:8080' });
});

describe('refused', () => {
  const rows: readonly [name: string, sources: Sources][] = [
    ['unknown flag', { commandLine: ['--prot', '1'] }],
    ['a word', { commandLine: ['serve'] }],
    ['no value', { commandLine: ['--port'] }],
    ['twice', { commandLine: ['--port', '1', '--port', '2'] }],
    ['unknown variable', { environment: { VERITYD_PROT: '1' } }],
    ['unknown member', { file: '{"prot":1}' }],
    ['member twice', { file: '{"port":1,"port":2}' }],
    ['not JSON', { file: 'port: 1' }],
    ['not an object', { file: '[]' }],
    ['a member of another type', { file: '{"port":true}' }],
    ['port above', { commandLine: ['--port', '65536'] }],
    ['port below', { commandLine: ['--port', '-1'] }],
    ['port in words', { commandLine: ['--port', '1e3'] }],
    ['host with a path', { commandLine: ['--host', 'a/b'] }],
    ['a certificate without its key', { commandLine: ['--tls-cert', 'c.pem'] }],
    ['a key without its certificate', { environment: { VERITYD_TLS_KEY: 'k.pem' } }],
    ['a time to drain above', { commandLine: ['--drain-seconds', '601'] }],
    ['a time to drain in words', { commandLine: ['--drain-seconds', '5s'] }],
    ['empty folder', { commandLine: ['--data='] }],
    ['others, and no public address', { commandLine: ['--host', '0.0.0.0'] }],
    ['public address in clear', { commandLine: ['--public-url', 'http://example.org'] }],
    ['public address with a path', { commandLine: ['--public-url', 'https://example.org/x'] }],
    ['public address that is none', { commandLine: ['--public-url', 'example.org'] }],
  ];

  test.each(rows)('%s', (_name, sources) => {
    expect(() => load(sources)).toThrow(
      expect.objectContaining({ code: 'ERR_SERVER_CONFIG', hint: expect.any(String) }),
    );
  });
});
