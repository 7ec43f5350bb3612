/** The verifier in files that stand alone: run with nothing beside them, and no network. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Report } from '@veritydb/bundle';
import { type Browser, type Page, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { exportPatients } from '../../../packages/sharing/bundle/test/export-fixture.ts';
import { buildStandaloneVerifiers } from '../../../scripts/standalone-verifier.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => existsSync(path),
);
const folder = mkdtempSync(join(tmpdir(), 'verity-standalone-'));
const at = (name: string): string => join(folder, name);
const exported = exportPatients({ heldTreeSize: 3 });
const key = exported.log.verifierKey;
let files: ReadonlyMap<string, string>;

beforeAll(async () => {
  files = await buildStandaloneVerifiers();
  for (const [name, text] of files) writeFileSync(at(name), text);
  writeFileSync(at('bundle.zip'), exported.bytes);
  writeFileSync(at('log.key'), `${key}\n`);
  writeFileSync(at('held'), exported.log.checkpoint(3));
  const damaged = Buffer.from(exported.bytes);
  const place = damaged.indexOf('"70.00"') + 1;
  damaged[place] = (damaged[place] as number) ^ 1;
  writeFileSync(at('damaged.zip'), damaged);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the files', () => {
  it('are the same bytes when made again, and say no path of the machine', async () => {
    expect(await buildStandaloneVerifiers()).toEqual(files);
    for (const text of files.values()) expect(text).not.toContain(process.cwd());
  });

  it('are those of SHA256SUMS', () => {
    const { status } = spawnSync('sha256sum', ['--check', '--strict', 'SHA256SUMS'], {
      cwd: folder,
    });
    expect(status).toBe(0);
  });
});

describe('verity-verify.mjs', () => {
  const run = (...args: readonly string[]): { status: number | null; stdout: string } =>
    spawnSync(process.execPath, [at('verity-verify.mjs'), ...args], {
      cwd: folder,
      env: {},
      encoding: 'utf8',
    });

  it('verifies with nothing beside it', () => {
    const { status, stdout } = run('bundle.zip', '--key-file', 'log.key', '--json');
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as Report).holds).toBe(true);
    expect(run('damaged.zip', '--key-file', 'log.key').status).toBe(1);
    expect(run('log.key', '--key-file', 'log.key').status).toBe(3);
    expect(run().status).toBe(2);
  });
});

if (CHROMIUM === undefined)
  process.stdout.write('skipped: verify.html, no Chromium is installed\n');

describe.skipIf(CHROMIUM === undefined)('verify.html', () => {
  let browser: Browser;
  let page: Page;
  const requests: string[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: CHROMIUM as string,
      args: ['--no-sandbox'],
    });
    const context = await browser.newContext({ offline: true });
    page = await context.newPage();
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(pathToFileURL(at('verify.html')).href);
  });

  afterAll(async () => {
    await browser.close();
  });

  const verdicts = async (): Promise<Record<string, string>> => {
    const rows = await page.locator('#report table').first().locator('tbody tr').all();
    const pairs = rows.map(async (row) => {
      const cells = await row.locator('td').allTextContents();
      return [cells[0] as string, (cells[1] as string).slice(2)] as const;
    });
    return Object.fromEntries(await Promise.all(pairs));
  };
  const heading = async (): Promise<string | null> =>
    page.locator('#report .verdict h2').textContent();

  /** Shows the page to whoever wants to look: `SCREENSHOTS=FOLDER`. */
  const shoot = async (name: string): Promise<void> => {
    const target = process.env['SCREENSHOTS'];
    if (target === undefined) return;
    await page.screenshot({ path: join(target, `${name}.png`), fullPage: true });
  };

  it('asks for a key before it says anything of a bundle', async () => {
    await shoot('empty');
    await page.setInputFiles('#bundle', at('bundle.zip'));
    await expect.poll(heading).toBe('Give the key of the log');
  });

  it('gives the verdicts of the command, and says what is not proved', async () => {
    await page.fill('#key', key);
    await page.setInputFiles('#held', at('held'));
    await expect.poll(heading).toBe('All that is claimed holds');
    await expect.poll(async () => (await verdicts())['consistency']).toBe('proved');
    const { stdout } = spawnSync(
      process.execPath,
      [
        at('verity-verify.mjs'),
        at('bundle.zip'),
        '--key',
        key,
        '--held-checkpoint',
        at('held'),
        '--json',
      ],
      { encoding: 'utf8' },
    );
    const report = JSON.parse(stdout) as Report;
    const expected = report.checks.map(({ check, verdict }) => [check, verdict.replace('-', ' ')]);
    expect(await verdicts()).toEqual(Object.fromEntries(expected));
    expect(await page.locator('.not-proved li').allTextContents()).toEqual(report.notProved);
    await shoot('holds');
  });

  it('checks witnesses under a policy that is given, and no longer when it is taken back', async () => {
    writeFileSync(at('policy'), `log ${key}\nquorum none\n`);
    await page.setInputFiles('#policy', at('policy'));
    await expect.poll(async () => (await verdicts())['witnesses']).toBe('failed');
    await page.setInputFiles('#policy', []);
    await expect.poll(async () => (await verdicts())['witnesses']).toBe('not claimed');
  });

  it('names what is wrong in a damaged bundle that is dropped on it', async () => {
    const content = JSON.stringify([...readFileSync(at('damaged.zip'))]);
    await page.evaluate(`
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(${content})], 'damaged.zip'));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true }));
    `);
    await expect.poll(heading).toBe('This bundle is not to be relied on');
    expect(await page.locator('.failures').allTextContents()).toContainEqual(
      expect.stringContaining('data/patients.ndjson, line 3'),
    );
    await shoot('fails');
  });

  it('takes the key from a file, and says so of what is no bundle and what is no key', async () => {
    await page.setInputFiles('#bundle', at('log.key'));
    await page.setInputFiles('#key-file', at('log.key'));
    await expect.poll(heading).toBe('The bundle cannot be read');
    await page.fill('#key', 'nonsense');
    await expect.poll(heading).toBe('This is no key');
  });

  it('prints a report without the form', async () => {
    await page.fill('#key', key);
    await page.setInputFiles('#bundle', at('bundle.zip'));
    await expect.poll(heading).toBe('All that is claimed holds');
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('#given').isVisible()).toBe(false);
    expect(await page.locator('.not-proved').isVisible()).toBe(true);
    await shoot('print');
  });

  it('asked for nothing but itself, and could not have', async () => {
    expect(requests).toEqual([pathToFileURL(at('verify.html')).href]);
    expect(complaints).toEqual([]);
    const refused = await page.evaluate(
      `fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => String(error))`,
    );
    expect(refused).toContain('TypeError');
    expect(complaints.join(' ')).toContain('Content Security Policy');
  });
});
