/** The report as a page: what it says, that no text of a bundle becomes markup, and how it prints. */

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { verifyBundle } from '@veritydb/bundle';
import { nativeCrypto } from '@veritydb/crypto/native';
import * as fc from 'fast-check';
import { chromium } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';

import { exportPatients } from '../../../packages/sharing/bundle/test/export-fixture.ts';
import { formatReportHtml } from '../src/html-report.ts';
import { runVerifier } from '../src/verifier.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  (path) => existsSync(path),
);
const folder = mkdtempSync(join(tmpdir(), 'verity-html-'));
const at = (name: string): string => join(folder, name);
const exported = exportPatients();
const key = exported.log.verifierKey;
writeFileSync(at('bundle.zip'), exported.bytes);
const changed = exported.bytes.slice();
const place = Buffer.from(changed).indexOf('"70.00"') + 1;
changed[place] = (changed[place] as number) ^ 1;
writeFileSync(at('changed.zip'), changed);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const run = (...args: readonly string[]): number =>
  runVerifier(args, { out: () => undefined, error: () => undefined, color: false });

const CIRCUMSTANCES = { fileName: 'a', size: 1, sha256: 'b', verifierKey: 'c', checkedAt: 'd' };

describe('--html', () => {
  it('says what the report says, and what is not proved', () => {
    expect(run(at('bundle.zip'), '--key', key, '--html', at('good.html'))).toBe(0);
    const page = readFileSync(at('good.html'), 'utf8');
    const report = verifyBundle(nativeCrypto, exported.bytes, { verifierKey: key });
    expect(page).toContain('All that is claimed holds');
    for (const { check } of report.checks) expect(page).toContain(`<td>${check}</td>`);
    for (const line of report.notProved) expect(page).toContain(`<li>${line}</li>`);
    expect(page).toContain('<li>Does not show that the people concerned agreed.</li>');
    const sha256 = Buffer.from(nativeCrypto.sha256(exported.bytes)).toString('hex');
    expect(page).toContain(`<dd>${sha256}</dd>`);
  });

  it('names what failed, and never overwrites a file', () => {
    expect(run(at('changed.zip'), '--key', key, '--html', at('bad.html'))).toBe(1);
    const page = readFileSync(at('bad.html'), 'utf8');
    expect(page).toContain('not to be relied on');
    expect(page).toContain('line 3');
    expect(run(at('bundle.zip'), '--key', key, '--html', at('bad.html'))).toBe(2);
    expect(readFileSync(at('bad.html'), 'utf8')).toBe(page);
  });

  it('makes no markup of what a bundle says', () => {
    const report = verifyBundle(nativeCrypto, exported.bytes, { verifierKey: key });
    const tagsOf = (page: string): readonly string[] => page.match(/<[^>]*>/g) ?? [];
    const honest = tagsOf(formatReportHtml(report, CIRCUMSTANCES));
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('<', '>', '"', '&', "'", '/', 'a', '=', '\u202e', '\n'),
        }),
        (said) => {
          const checks = report.checks.map((check) => ({ ...check, detail: said }));
          const bundle = { ...report.bundle, recipient: said, purpose: said };
          const tables = report.tables.map((table) => ({ ...table, name: said }));
          const notProved = report.notProved.map(() => said);
          const told = { ...report, bundle, checks, tables, notProved };
          const page = formatReportHtml(told, { ...CIRCUMSTANCES, fileName: said });
          expect(tagsOf(page)).toEqual(honest);
        },
      ),
    );
  });

  it.skipIf(CHROMIUM === undefined)('prints, and loads nothing', async () => {
    const browser = await chromium.launch({ executablePath: CHROMIUM as string });
    try {
      const page = await browser.newPage();
      const asked: string[] = [];
      const wrong: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      page.on('console', (message) => wrong.push(message.text()));
      const url = pathToFileURL(at('good.html')).href;
      await page.goto(url);
      expect(await page.evaluate('getComputedStyle(document.querySelector(".holds")).color')).toBe(
        'rgb(20, 105, 47)',
      );
      await page.pdf({ path: at('good.pdf'), format: 'A4' });
      await page.screenshot({ path: at('good.png'), fullPage: true });
      expect(statSync(at('good.pdf')).size).toBeGreaterThan(10_000);
      expect([asked, wrong]).toEqual([[url], []]);
    } finally {
      await browser.close();
    }
  });
});
