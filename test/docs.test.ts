/**
 * The documents say what is so: commands run, links lead somewhere, files and functions that are named
 * exist, worked examples come out.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import {
  MerkleTree,
  buildStateRoot,
  decodeCheckpointPayload,
  encodeCheckpointPayload,
  cosignText,
  formatTlogProof,
  formatVerifierKey,
  leafHash,
  parseCertificates,
  parseVerifierKey,
  parseTlogProof,
  pointRange,
  signCheckpoint,
  verifyCheckpoint,
  verifyInclusion,
  verifyNote,
  verifyRangeProof,
  verifyTimeStamp,
} from '@veritydb/merkle';
import { StateTrie, encodeKey } from '@veritydb/store';
import { codeOf, requireOpenssl } from '@veritydb/testkit';
import {
  type ColumnType,
  base64ToBytes,
  bytesToHex,
  formatTimestamp,
  hexToBytes,
  parseValue,
  toHash,
  utf8Encode,
} from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { ROOT, filesUnder, readText, workspacePackages } from './tree.ts';

const pages = filesUnder('.').filter((path) => path.endsWith('.md'));

interface Fence {
  readonly language: string;
  readonly text: string;
}

function fencesOf(page: string): readonly Fence[] {
  return [...readText(page).matchAll(/^```([^\n]*)\n(.*?)^```$/gms)].map((match) => ({
    language: match[1] ?? '',
    text: match[2] ?? '',
  }));
}

function fence(page: string, language: string): string {
  const found = fencesOf(page).filter((one) => one.language === language);
  expect(found, `${page} has one fence of ${language}`).toHaveLength(1);
  return found[0]?.text ?? '';
}

/** Without fences, and without code between backticks where that is asked for. */
function proseOf(page: string): string {
  return readText(page).replaceAll(/^```.*?^```$/gms, '');
}

describe('commands', () => {
  /** Commands that are not run here, by their exact text, and what runs them. */
  const ELSEWHERE: ReadonlyMap<string, string> = new Map([
    ['npm ci\nnpm run demo\n', 'the first step of every build; scripts/demo.ts asserts each step'],
    ['npm ci\n', 'the first step of every build'],
    [
      'npm install --prefix bench/peers   # once: compiles better-sqlite3, which takes minutes\nnpm run bench                      # 7 rounds of each, about a minute\nnpm run bench -- --slow            # 21 rounds\nnpm run bench -- --only point-get  # one\nnpm run bench -- --json FILE       # every round, with commit, Node, machine and sync policy\nnpm run bench -- --check           # fails where a ratio fell by more than 15 % against bench/baseline.json\nnpm run bench -- --write-baseline  # makes this run the baseline\nnpm run profile -- --only point-get  # the same under the sampling profiler: profile/*.cpuprofile\n',
      'minutes of both cores: bench/run.ts is type-checked, and run by hand',
    ],
    ['npm start\n', 'apps/server/test/run.test.ts; and here, on any free port'],
  ]);

  const shellPages = pages.filter((page) =>
    /^(README|CONTRIBUTING|SECURITY|CHANGELOG|docs\/[^/]+)\.md$/.test(page),
  );
  const scripts = shellPages.flatMap((page) => {
    const fences = fencesOf(page).filter(({ language }) => language === 'sh');
    const text = fences.filter((one) => !ELSEWHERE.has(one.text)).map((one) => one.text);
    return text.length === 0 ? [] : [{ page, script: text.join('\n') }];
  });

  // S128, S129, S130: the designs of docs/DATA_SHARING.md, whose commands are among these.
  // S053: what an administrator does on the command line, as the pages say it.
  it.each(scripts)(
    'of $page run, against a server',
    async ({ script }) => {
      const folder = mkdtempSync(join(tmpdir(), 'verity-docs-'));
      try {
        const data = join(folder, 'data');
        const server = await startServer(data);
        try {
          const { code, output } = await runShell(script, {
            VERITYD_DATA: data,
            TMPDIR: folder,
            WITNESS_PORT: String(await freePort()),
          });
          expect(code, output).toBe(0);
        } finally {
          await server.stop();
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    180_000,
  );

  it('that are run elsewhere are still in the pages', () => {
    const texts = new Set(shellPages.flatMap(fencesOf).map(({ text }) => text));
    for (const text of ELSEWHERE.keys()) expect(texts).toContain(text);
  });

  // S154: the commands for profiles and benchmarks are there.
  it('that are named in a table or a sentence are scripts of the repository', () => {
    const { scripts: known } = JSON.parse(readText('package.json')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    for (const page of pages) {
      for (const [, name = ''] of readText(page).matchAll(/\bnpm run (?:-s )?([a-z][a-z:]*)/g)) {
        expect(Object.keys(known), page).toContain(name);
      }
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The environment without settings of whoever runs the tests. */
function bareEnvironment(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env);
  return Object.fromEntries(entries.filter(([name]) => !name.startsWith('VERITY')));
}

async function runShell(
  script: string,
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: ROOT,
    env: { ...bareEnvironment(), ...variables, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const code = await ended(child);
  return { code, output: output() };
}

async function startServer(data: string): Promise<{ stop(): Promise<void> }> {
  const flags = ['--conditions=veritydb:source', '--import', 'tsx', 'apps/server/src/main.ts'];
  const child = spawn(process.execPath, [...flags, '--port', '0'], {
    cwd: ROOT,
    env: { ...bareEnvironment(), VERITYD_DATA: data },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = collect(child);
  const stopped = ended(child);
  while (!existsSync(join(data, 'server.json'))) {
    if (child.exitCode !== null) throw new Error(`the server ended: ${output()}`);
    await sleep(50);
  }
  return {
    async stop() {
      child.kill('SIGTERM');
      expect(await stopped, output()).toBe(0);
    },
  };
}

function collect(child: ChildProcess): () => string {
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  }
  return () => chunks.join('');
}

async function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}

// S060, S061: pages and decisions are all in their index, and nothing in them leads nowhere.
describe('pages', () => {
  it.each(pages)('%s has one heading of the first level, at its beginning', (page) => {
    expect(proseOf(page).match(/^# .+$/gm)).toHaveLength(1);
    expect(readText(page)).toMatch(/^# /);
  });

  it.each(pages)('%s links to what is there', (page) => {
    for (const [, target = ''] of proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      expect(existsSync(join(ROOT, file)), `${page} links to ${target}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(file), target).toContain(anchor);
    }
  });

  it('of docs/ are all in its index, those of decisions/ in theirs', () => {
    const docs = filesUnder('docs').filter((path) => path.endsWith('.md'));
    for (const path of docs.filter((one) => !one.endsWith('README.md'))) {
      const index = path.startsWith('docs/decisions/') ? 'docs/decisions' : 'docs';
      expect(readText(`${index}/README.md`), path).toContain(`(${path.slice(index.length + 1)})`);
    }
  });
});

function anchorsOf(page: string): readonly string[] {
  return [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(/\s/g, '-'),
  );
}

describe('names', () => {
  const named = pages.filter((page) => page.startsWith('docs/') || !page.includes('/'));

  it.each(named)('of files in %s exist', (page) => {
    for (const [, name = ''] of proseOf(page).matchAll(/`([^`\n]+)`/g)) {
      if (!/^(packages|apps|examples|policies|test|docs|scripts|bench)\/[\w./-]+$/.test(name))
        continue;
      expect(existsSync(join(ROOT, name)), `${page} names ${name}`).toBe(true);
    }
  });

  it.each(named)('of functions in %s are in the file that is named with them', (page) => {
    const pairs = proseOf(page).matchAll(
      /`(\w+(?:\.\w+)?)` in `((?:packages|apps)\/[\w./-]+\.ts)`/g,
    );
    for (const [, name = '', path = ''] of pairs) {
      const text = readText(path);
      for (const part of name.split('.')) {
        const declared = new RegExp(
          `(function\\*?|class|const|interface|type) ${part}\\b|^ +(async )?\\*?${part}[<(]`,
          'm',
        );
        expect(text, `${page}: ${name} in ${path}`).toMatch(declared);
      }
    }
  });

  it('of rooms in the architecture are those that there are', () => {
    const table = readText('docs/ARCHITECTURE.md').split('## Ports')[0] ?? '';
    const rooms = [...table.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, name = '']) => name);
    expect(rooms.toSorted()).toEqual(
      workspacePackages()
        .map(({ folder }) => folder)
        .toSorted(),
    );
  });

  it('of libraries in the decision are those that are declared', () => {
    const page = readText('docs/decisions/0011-libraries.md');
    const rows = [...page.matchAll(/^\| (`[^|]+) \| (`[^|]+) \|/gm)];
    const told = rows.flatMap(([, libraries = '', rooms = '']) =>
      wordsOf(rooms).flatMap((room) => wordsOf(libraries).map((name) => `${room} ${name}`)),
    );
    const declared = workspacePackages().flatMap(({ folder, dependencies }) =>
      dependencies
        .filter((name) => !name.startsWith('@veritydb/'))
        .map((name) => `${folder} ${name}`),
    );
    expect(told.toSorted()).toEqual(declared.toSorted());
  });
});

function wordsOf(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
}

/** Pages that the plan asks for by name. */
const PLANNED = [
  ['ARCHITECTURE.md', 'S309'],
  ['VERITASERUM.md', 'S293, S310'],
  ['COMPLIANCE.md', 'S312'],
  ['PERFORMANCE.md', 'S313'],
  ['OPERATIONS.md', 'S314'],
  ['DATA_SHARING.md', 'S315'],
  ['BUG_BOUNTY.md', 'S284, S316'],
] as const;

it.each(PLANNED)('docs/%s is there, and found from docs/README.md (%s)', (page) => {
  expect(readText(`docs/${page}`).length).toBeGreaterThan(1000);
  expect(readText('docs/README.md')).toContain(`(${page})`);
});

// S073
describe('docs/COMPLIANCE.md', () => {
  it('has a place for every member of the interface to cryptography, and for no other', () => {
    const rows = readText('docs/COMPLIANCE.md').matchAll(/^\| (`[^|]+) \|[^|]*\|[^|]+\|[^|]*\|$/gm);
    const told = [...rows].flatMap(([, members = '']) => wordsOf(members));
    expect(told.toSorted()).toEqual(Object.keys(nativeCrypto).toSorted());
    expect(Object.keys(portableCrypto).toSorted()).toEqual(Object.keys(nativeCrypto).toSorted());
  });
});

describe('docs/formats/checkpoint.md', () => {
  const PAGE = 'docs/formats/checkpoint.md';
  const name = 'clinic.example/verity';

  it('shows a checkpoint record’s payload as it is written', () => {
    const bytes = hexToBytes(fence(PAGE, 'checkpoint-payload').replaceAll('\n', ''));
    const payload = {
      chainHash: toHash(new Uint8Array(32).fill(0x11)),
      recordCount: 1000,
      roots: [
        {
          name: toHash(new Uint8Array(32).fill(0x33)),
          root: toHash(new Uint8Array(32).fill(0x44)),
        },
      ],
      policies: toHash(new Uint8Array(32).fill(0x22)),
    };
    expect(bytesToHex(encodeCheckpointPayload(payload))).toBe(bytesToHex(bytes));
    expect(decodeCheckpointPayload(bytes)).toEqual(payload);
  });

  it('shows a key and a proof that come out, and verify', () => {
    const seed = hexToBytes(fence(PAGE, 'seed').trim());
    const verifierKey = fence(PAGE, 'verifier-key').trim();
    const text = fence(PAGE, 'tlog-proof');
    const tree = new MerkleTree(nativeCrypto);
    for (const leaf of ['one', 'two', 'three']) {
      tree.append(leafHash(nativeCrypto, utf8Encode(leaf)));
    }
    const root = tree.root();
    const checkpoint = signCheckpoint(
      nativeCrypto,
      { origin: name, size: 3, root },
      { name, seed },
    );
    const publicKey = nativeCrypto.ed25519PublicKey(seed);
    expect(formatVerifierKey(nativeCrypto, name, publicKey)).toBe(verifierKey);
    expect(formatTlogProof({ index: 1, proof: tree.inclusionProof(1, 3), checkpoint })).toBe(text);

    const { index, proof, checkpoint: note } = parseTlogProof(text);
    const signed = verifyCheckpoint(nativeCrypto, note, verifierKey);
    verifyInclusion(nativeCrypto, {
      index,
      size: signed.size,
      leafHash: leafHash(nativeCrypto, utf8Encode('two')),
      proof,
      root: signed.root,
    });
    expect(signed).toEqual({ origin: name, size: 3, root });
  });

  it('shows a cosigned checkpoint that comes out, and verifies', () => {
    const note = fence(PAGE, 'cosigned-checkpoint');
    const keys = ['verifier-key', 'witness-key'].map((language) =>
      parseVerifierKey(nativeCrypto, fence(PAGE, language).trim()),
    );
    expect(verifyNote(nativeCrypto, note, keys).signers).toEqual(keys);
    // RFC 8032 §7.1, test 2.
    const seed = hexToBytes('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
    const text = note.slice(0, note.indexOf('\n\n') + 1);
    const witness = { name: 'witness.example/w1', seed };
    const line = cosignText(nativeCrypto, text, witness, 1_679_315_147);
    expect(note.endsWith(`=\n${line}`)).toBe(true);
  });
  /** The stamp of the page, and the checkpoint that it is of. */
  function timeStamp(): { stamped: Uint8Array; response: Uint8Array; root: string } {
    const { checkpoint } = parseTlogProof(fence(PAGE, 'tlog-proof'));
    return {
      stamped: utf8Encode(checkpoint),
      response: base64ToBytes(fence(PAGE, 'time-stamp-response').replaceAll('\n', '')),
      root: fence(PAGE, 'time-stamp-root'),
    };
  }
  const STAMPED_AT = '2026-11-23T16:31:40Z';

  it('shows a time stamp that verifies, and is of nothing else', () => {
    const { response, root, stamped } = timeStamp();
    const request = { stamped, response, nonce: hexToBytes('8f14e45fceea167a') };
    const roots = parseCertificates(root);
    const stamp = verifyTimeStamp(nativeCrypto, request, roots);
    expect(formatTimestamp(stamp.time / 1000n)).toBe(STAMPED_AT);
    expect(stamp).toMatchObject({ authority: 'CN=Stamps,O=Test', policy: '1.2.3.4.1' });
    const other = { ...request, stamped: stamped.slice(1) };
    const verify = (): unknown => verifyTimeStamp(nativeCrypto, other, roots);
    expect(codeOf(verify)).toBe('ERR_MERKLE_TIME_STAMP_IMPRINT');
  });

  it.runIf(requireOpenssl('openssl commands of docs/formats/checkpoint.md'))(
    'shows commands by which openssl checks it',
    async () => {
      const { response, root, stamped } = timeStamp();
      const folder = mkdtempSync(join(tmpdir(), 'verity-docs-'));
      try {
        writeFileSync(join(folder, 'example.checkpoint'), stamped);
        writeFileSync(join(folder, 'example.checkpoint.tsr'), response);
        writeFileSync(join(folder, 'roots.pem'), root);
        const seconds = String(Date.parse(STAMPED_AT) / 1000);
        const script = fence(PAGE, 'sh').replace('TIME', seconds);
        const { code, output } = await runShell(`cd ${folder}\n${script}`, {});
        expect(code, output).toBe(0);
        expect(output).toContain('Verification: OK');
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});

describe('docs/formats/state.md', () => {
  const PAGE = 'docs/formats/state.md';
  const hexOf = (language: string): string => fence(PAGE, language).replaceAll(/\s/g, '');
  const integer = (value: number): Uint8Array => encodeKey(['integer'], [value]);
  const entries = fence(PAGE, 'state-entries')
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(hexToBytes))
    .map(([key, commitment]) => ({
      key: key as Uint8Array,
      commitment: toHash(commitment as Uint8Array),
    }));
  const nodes = new Map(
    [...fence(PAGE, 'state-nodes').matchAll(/^(.+?) +SHA-256\((.*?)\) +([0-9a-f]{64})$/gm)].map(
      ([, name = '', preimage = '', hash = '']) => [name, { preimage, hash }] as const,
    ),
  );

  it('shows keys as the store makes them', () => {
    const lines = [...fence(PAGE, 'state-keys').matchAll(/^(\w+) +(".*") +([0-9a-f]+)$/gm)];
    expect(new Set(lines.map(([, type]) => type)).size).toBe(8);
    for (const [, type, text, hex] of lines) {
      const value = parseValue(type as ColumnType, JSON.parse(text as string) as string);
      expect(bytesToHex(encodeKey([type as ColumnType], [value])), text).toBe(hex);
    }
  });

  it('shows a trie whose nodes come out as they are written', () => {
    expect(entries.map(({ key }) => bytesToHex(key))).toEqual(
      [1, 2, 5].map((value) => bytesToHex(integer(value))),
    );
    expect([...nodes.keys()]).toEqual(['leaf 1', 'leaf 2', 'leaf 5', 'inner 70', 'root']);
    for (const [name, { hash, preimage }] of nodes) {
      const hex = preimage
        .replaceAll(/leaf \d|inner \d+/g, (one) => nodes.get(one)?.hash ?? one)
        .replaceAll(/(\w\w)…/g, (_, byte: string) => byte.repeat(32))
        .replaceAll(' ', '');
      expect(bytesToHex(nativeCrypto.sha256(hexToBytes(hex))), name).toBe(hash);
    }
    expect(bytesToHex(buildStateRoot(nativeCrypto, entries))).toBe(nodes.get('root')?.hash);
  });

  it('shows proofs that come out, and verify', () => {
    const trie = new StateTrie(nativeCrypto);
    for (const { key, commitment } of entries) trie.set(key, commitment);
    const root = trie.root();
    const ranges = [
      ['state-proof', { from: integer(2), to: integer(5) }, 1],
      ['state-absence', pointRange(integer(4)), 0],
    ] as const;
    for (const [language, range, count] of ranges) {
      const proof = hexToBytes(hexOf(language));
      expect(bytesToHex(trie.prove(range))).toBe(bytesToHex(proof));
      const found = verifyRangeProof(nativeCrypto, { root, range, proof });
      expect(found).toEqual(entries.slice(1, 1 + count));
    }
  });
});
