import { describe, expect, it } from 'vitest';

import { CHECK_NAMES, formatReport, formatReportJson } from '../src/report.ts';
import { exportPatients, verifyWith } from './export-fixture.ts';

const report = verifyWith(exportPatients());

describe('a report', () => {
  it('has a line for each check, with its mark and its word', () => {
    const lines = formatReport(report).split('\n');
    for (const check of CHECK_NAMES) {
      expect(lines.filter((line) => line.slice(2).startsWith(`${check} `))).toHaveLength(1);
    }
    expect(lines).toContain('All that is claimed holds.');
  });

  it('dresses lines by their verdict', () => {
    const dressed = formatReport(report, (verdict, text) => `<${verdict}>${text}`);
    expect(dressed).toContain('<proved>✓ signature');
    expect(dressed).toContain('<not-claimed>– consent');
  });

  it('lets no text of the bundle move a cursor or reorder a line', () => {
    const bundle = {
      ...report.bundle,
      recipient: 'a\u{1b}[2Jb\u{202e}c\u{9b}d\u{200b}\n✓ all is well',
    };
    const [first, second] = formatReport({ ...report, bundle }).split('\n');
    expect(first).toContain('a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}\u{fffd}✓');
    expect(second?.startsWith('Log ')).toBe(true);
  });

  it('is whole as JSON', () => {
    expect(JSON.parse(formatReportJson(report))).toEqual(report);
  });
});
