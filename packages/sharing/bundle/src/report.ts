/** What a verification found: separate verdicts, and how to read them as text. */

import { type BundleError, type BundleErrorCode } from './error.ts';
import type { Manifest, ProofClass } from './manifest.ts';

/**
 * - `proved`: follows from the bundle and the given key.
 * - `attested`: the operator says so, and has signed that it does.
 * - `not-claimed`: the bundle says nothing about it, or what it says hangs on something that failed.
 * - `failed`: claimed, and not so.
 */
export type Verdict = 'proved' | 'attested' | 'not-claimed' | 'failed';

export const CHECK_NAMES = [
  'signature',
  'export record',
  'integrity',
  'inclusion',
  'rows',
  'policy',
  'consistency',
  'completeness',
  'witnesses',
  'time',
  'consent',
] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

export interface Failure {
  readonly code: BundleErrorCode;
  readonly file: string | null;
  /** `line 3` or `offset 12`. */
  readonly record: string | null;
  readonly reason: string;
}

export interface CheckResult {
  readonly check: CheckName;
  readonly verdict: Verdict;
  /** One sentence. */
  readonly detail: string;
  /** The first of them: see {@link CheckResult.failureCount}. */
  readonly failures: readonly Failure[];
  readonly failureCount: number;
}

export interface ColumnReport {
  readonly name: string;
  readonly proof: ProofClass;
  readonly transform: string;
  /** Column and level of the source table that public values are, as far as rows show it. */
  readonly source: { readonly column: string; readonly level: number } | null;
  /** Values that the log's commitments prove. */
  readonly proved: number;
  /** Values that only the operator answers for. */
  readonly attested: number;
}

export interface TableReport {
  readonly name: string;
  readonly rows: number;
  readonly truncated: boolean;
  readonly columns: readonly ColumnReport[];
}

export interface Report {
  /** Whether nothing that is claimed failed. */
  readonly holds: boolean;
  /** What the manifest says; as true as `signature`, `export record` and `integrity` are. */
  readonly bundle: Pick<
    Manifest,
    | 'exportId'
    | 'legalBasis'
    | 'origin'
    | 'policy'
    | 'position'
    | 'purpose'
    | 'recipient'
    | 'tenant'
  >;
  readonly checkpoint: { readonly origin: string; readonly size: number; readonly root: string };
  readonly checks: readonly CheckResult[];
  readonly tables: readonly TableReport[];
  readonly notProved: readonly string[];
}

/** Collects what failed in one check: the first failures in full, of the others their number. */
export class FailureLog {
  readonly first: Failure[] = [];
  count = 0;

  add(error: BundleError): void {
    this.count += 1;
    if (this.first.length >= FAILURES_COUNT_MAX) return;
    this.first.push({
      code: error.code,
      file: error.file,
      record: error.record,
      reason: error.message,
    });
  }
}

const FAILURES_COUNT_MAX = 20;

const MARKS: Readonly<Record<Verdict, string>> = {
  proved: '✓',
  attested: '~',
  'not-claimed': '–',
  failed: '✗',
};

/** How a line of a verdict is dressed for a terminal; the text itself for a file. */
export type Dress = (verdict: Verdict, text: string) => string;

/** The report for people. */
export function formatReport(report: Report, dress: Dress = (_verdict, text) => text): string {
  const { bundle, checkpoint } = report;
  const lines = [
    `Export ${plain(bundle.exportId)} for ${plain(bundle.recipient)}, purpose ${plain(bundle.purpose)}`,
    `Log ${plain(checkpoint.origin)}, ${checkpoint.size} records, root ${checkpoint.root}`,
    `Policy ${plain(bundle.policy.name)} version ${bundle.policy.version}`,
    '',
  ];
  for (const { check, verdict, detail, failures, failureCount } of report.checks) {
    const word = verdict.replace('-', ' ');
    lines.push(
      dress(verdict, `${MARKS[verdict]} ${check.padEnd(14)}${word.padEnd(13)}${plain(detail)}`),
    );
    for (const { code, file, record, reason } of failures) {
      const place = [file, record].filter((part) => part !== null).join(', ');
      lines.push(`    ${plain(place === '' ? reason : `${place}: ${reason}`)} (${code})`);
    }
    if (failureCount > failures.length)
      lines.push(`    … and ${failureCount - failures.length} more`);
  }
  for (const table of report.tables) lines.push('', ...formatTable(table));
  lines.push('', 'Not proved:', ...report.notProved.map((line) => `  - ${plain(line)}`), '');
  const verdict = report.holds
    ? 'All that is claimed holds.'
    : 'This bundle is not to be relied on.';
  lines.push(dress(report.holds ? 'proved' : 'failed', verdict), '');
  return lines.join('\n');
}

function formatTable({ name, rows, truncated, columns }: TableReport): readonly string[] {
  const width = Math.max(...columns.map((column) => column.name.length));
  return [
    `${plain(name)}: ${rows} rows${truncated ? ', cut at a limit' : ''}`,
    ...columns.map((column) => {
      const { source } = column;
      const from = source === null ? '' : `, is ${source.column}${levelText(source.level)}`;
      const counts = `${column.proved} proved, ${column.attested} attested`;
      return `  ${plain(`${column.name.padEnd(width)}  ${counts}; ${column.transform}${from}`)}`;
    }),
  ];
}

function levelText(level: number): string {
  return level === 0 ? '' : ` generalised to level ${level}`;
}

/** Attacker-controlled: text of a bundle, which must not move a cursor, hide or reorder what it says. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
}

/** The report for machines. */
export function formatReportJson(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
