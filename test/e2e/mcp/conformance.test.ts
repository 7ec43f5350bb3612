/**
 * The protocol's own conformance suites against the real database, gate and adapters. They know of no
 * tokens: a proxy puts one on each request that has none, and leaves the rest as it was sent.
 */

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { allowedPlaces } from '@veritydb/http';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Loopback, serveLoopback } from '../../../packages/protocol/http/test/loopback.ts';
import { type McpHandler, buildGate } from '../../../packages/protocol/mcp/src/handler.ts';
import { PackedDoor } from './conformance-pack.ts';
import { EXPECTED_2025, EXPECTED_2026 } from './expected-failures.ts';
import { type RealHouse, openRealHouse } from './real-house.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const NODE_20 = join(import.meta.dirname, 'node-20.mjs');

let house: RealHouse;
let loopback: Loopback;
let refused = 0;

beforeAll(async () => {
  house = await openRealHouse();
  const token = await house.token();
  let handler: McpHandler | undefined;
  loopback = await serveLoopback(async (request) => {
    if (!request.headers.has('authorization')) {
      refused += (await handler?.(request.clone()))?.status === 401 ? 1 : 0;
      request.headers.set('authorization', `Bearer ${token}`);
    }
    return handler?.(request) ?? new Response(null, { status: 503 });
  });
  const options = {
    gateway: house.database.gateway,
    publicUrl: loopback.url,
    allowed: allowedPlaces(new URL(loopback.url), loopback.port),
    version: '1.2.3',
    randomId: () => randomBytes(16).toString('hex'),
    nowMs: () => performance.now(),
    // A suite asks faster than a model may.
    rateLimit: { perMinute: 60_000, burst: 1000 },
    onInternalError: (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
    },
  };
  handler = buildGate(options, (door, admission) => new PackedDoor(door, admission));
});

afterAll(async () => {
  await loopback.close();
  await house.close();
});

interface Outcome {
  /** `scenario check` of each scored check that failed. */
  readonly failed: readonly string[];
  readonly passedCount: number;
}

interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
}

async function runSuite(suite: string, args: readonly string[]): Promise<Outcome> {
  const out = mkdtempSync(join(tmpdir(), 'verity-conformance-'));
  try {
    const program = join(ROOT, 'node_modules', suite, 'dist/index.js');
    const given = ['server', '--url', `${loopback.url}/mcp`, '-o', out, ...args];
    const child = spawn(process.execPath, ['--import', NODE_20, program, ...given]);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await new Promise((done) => child.once('close', done));
    expect(text).toContain('=== SUMMARY ===');
    const [, unscoredText = ''] = text.split('Not scored for');
    const unscored = new Set(
      [...unscoredText.matchAll(/^ {2}[✓✗] (\S+) \(/gmu)].map(([, name]) => name),
    );
    const checks = readdirSync(out).flatMap((folder) => {
      const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT[\dZ-]+$/.exec(folder)?.[1] ?? folder;
      if (unscored.has(scenario)) return [];
      const found = JSON.parse(readFileSync(join(out, folder, 'checks.json'), 'utf8')) as Check[];
      return found.map(({ id, status }) => ({ name: `${scenario} ${id}`, status }));
    });
    const failed = checks.filter(({ status }) => status === 'FAILURE').map(({ name }) => name);
    return { failed, passedCount: checks.filter(({ status }) => status === 'SUCCESS').length };
  } finally {
    rmSync(out, { recursive: true });
  }
}

// S260
test.each([
  {
    title: 'conformance 0.1.16, whole suite',
    suite: '@modelcontextprotocol/conformance',
    args: ['--suite', 'all'],
    expected: EXPECTED_2025,
    passed: 25,
  },
  {
    title: 'conformance 0.2.0-alpha.12, what 2025-11-25 requires',
    suite: 'mcp-conformance-next',
    args: ['--requirements', '2025-11-25'],
    expected: EXPECTED_2025,
    passed: 50,
  },
  {
    title: 'conformance 0.2.0-alpha.12, what 2026-07-28 requires',
    suite: 'mcp-conformance-next',
    args: ['--requirements', '2026-07-28'],
    expected: EXPECTED_2026,
    passed: 80,
  },
])('$title: fails in nothing but what is refused on purpose', async (row) => {
  const before = refused;
  const { failed, passedCount } = await runSuite(row.suite, row.args);
  expect(failed.toSorted()).toEqual(Object.keys(row.expected).toSorted());
  expect(passedCount).toBeGreaterThanOrEqual(row.passed);
  // The gate is there: without the proxy's token nothing would have been answered.
  expect(refused).toBeGreaterThan(before + 20);
});
