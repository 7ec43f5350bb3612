/**
 * Verifies a bundle with nothing but the bundle and the key of the log: no network, no server, no trust
 * in what the bundle says of itself. Checks are separate, and one that fails does not hide the others;
 * but nothing counts as proved that hangs on something that failed.
 */

import type { Crypto } from '@veritydb/crypto';
import { AssertionError, type RecordHeader, bytesToHex, formatTimestamp } from '@veritydb/types';

import type { ByteSource } from './byte-source.ts';
import { checkConsent } from './checks/consent.ts';
import { checkConsistency } from './checks/consistency.ts';
import { checkExportRecord } from './checks/export-record.ts';
import { checkInclusion } from './checks/inclusion.ts';
import { checkIntegrity } from './checks/integrity.ts';
import { checkPolicy } from './checks/policy.ts';
import { RecordMatch, readRows } from './checks/rows.ts';
import { checkSignature } from './checks/signature.ts';
import { type SourceLeaves, readSourceLeaves } from './checks/source-leaves.ts';
import { checkTimeStamp } from './checks/time-stamp.ts';
import { checkWitnesses } from './checks/witnesses.ts';
import { TIME_STAMP } from './entry-name.ts';
import { BundleError } from './error.ts';
import type { Evidence } from './evidence.ts';
import { checkExportReceipt } from './log-receipt.ts';
import { parseBundle } from './parse.ts';
import {
  type CheckName,
  type CheckResult,
  FailureLog,
  type Report,
  type TableReport,
  type Verdict,
} from './report.ts';
import { checkStatement } from './statement.ts';
import { checkKey } from './verifier-key.ts';
import { ZIP_LIMITS, type ZipLimits } from './zip.ts';

export interface VerifyOptions {
  /** C2SP verifier key of the log, from a source that is trusted. Without one no signature is. */
  readonly verifierKey: string | null;
  /** Signed note of a checkpoint of the log that the recipient holds. */
  readonly heldCheckpoint?: string;
  /** C2SP tlog-policy: which witnesses, and how many of them, must have cosigned the checkpoint. */
  readonly witnessPolicy?: string;
  /** PEM: roots of the time-stamp authorities that are trusted. */
  readonly timeStampRoots?: string;
  readonly limits?: ZipLimits;
}

/**
 * The verdicts on a bundle. Only a bundle that cannot be read, or a key that is none, throws.
 *
 * @throws {BundleError} ERR_BUNDLE_KEY, and the codes of {@link parseBundle}
 */
export function verifyBundle(
  crypto: Crypto,
  bytes: Uint8Array | ByteSource,
  options: VerifyOptions,
): Report {
  if (options.verifierKey !== null) checkKey(crypto, options.verifierKey);
  const evidence: Evidence = { crypto, ...parseBundle(bytes, options.limits ?? ZIP_LIMITS) };
  const { checkpoint, manifest } = evidence;
  const { results, tables } = runChecks(evidence, options);
  const checks = withhold(results);
  const rowsHold = checks.some(({ check, verdict }) => check === 'rows' && isHeld(verdict));
  const { exportId, legalBasis, origin, policy, position, purpose, recipient, tenant } = manifest;
  return {
    holds: checks.every(({ verdict }) => verdict !== 'failed'),
    bundle: { exportId, legalBasis, origin, policy, position, purpose, recipient, tenant },
    checkpoint: {
      origin: checkpoint.origin,
      size: checkpoint.size,
      root: bytesToHex(checkpoint.root),
    },
    checks,
    tables: rowsHold ? tables : tables.map(withoutProof),
    notProved: manifest.notProved,
  };
}

interface Findings {
  /** In the order of the names of checks. */
  readonly results: readonly CheckResult[];
  readonly tables: readonly TableReport[];
}

function runChecks(evidence: Evidence, options: VerifyOptions): Findings {
  const { heldCheckpoint, timeStampRoots, verifierKey, witnessPolicy } = options;
  let exported: RecordHeader | null = null;
  let signedBy: string | null = null;
  const rows = runRows(evidence);
  const results = [
    run('signature', () => {
      const shown = checkSignature(evidence, verifierKey);
      signedBy = verifierKey;
      return proved(shown);
    }),
    run('export record', () => {
      exported = checkExportRecord(evidence);
      if (signedBy !== null) {
        checkStatement(evidence, signedBy);
        checkExportReceipt(evidence, exported, signedBy);
      }
      return proved(`record ${exported.offset}, the last one, holds the digest of the manifest`);
    }),
    run('integrity', (failures) => proved(checkIntegrity(evidence, failures))),
    run('inclusion', () => describeInclusion(checkInclusion(evidence, rows.leaves()))),
    rows.result,
    run('policy', () => proved(checkPolicy(evidence))),
    run('consistency', () => {
      const held =
        heldCheckpoint === undefined ? null : { checkpoint: heldCheckpoint, verifierKey };
      const shown = checkConsistency(evidence, held);
      return shown === null ? notClaimed('no checkpoint that you hold was given') : proved(shown);
    }),
    run('completeness', () => notClaimed('other rows may answer the statement')),
    run('witnesses', () =>
      witnessPolicy === undefined
        ? notClaimed('no policy of witnesses was given to check against')
        : proved(checkWitnesses(evidence, witnessPolicy)),
    ),
    run('time', () =>
      timeStampRoots === undefined
        ? describeTime(exported, evidence.entries.has(TIME_STAMP))
        : proved(checkTimeStamp(evidence, timeStampRoots)),
    ),
    run('consent', () => {
      const permitted = checkConsent(evidence);
      return permitted === null
        ? notClaimed('no consent decision is in the bundle')
        : { verdict: 'attested', detail: permitted };
    }),
  ];
  return { results, tables: rows.tables };
}

interface RowFindings {
  readonly result: CheckResult;
  readonly tables: readonly TableReport[];
  /** The leaves that were read with the rows; throws what kept them from being read. */
  readonly leaves: () => SourceLeaves;
}

/** Rows and source records are read once, together. */
function runRows(evidence: Evidence): RowFindings {
  let tables: readonly TableReport[] = [];
  let leaves: () => SourceLeaves = unread;
  const result = run('rows', (failures) => {
    const read = readRows(evidence, failures);
    tables = read.tables;
    const match = new RecordMatch(evidence, read, failures);
    try {
      const found = readSourceLeaves(evidence, (leaf) => {
        match.visit(leaf);
      });
      leaves = () => found;
    } catch (error) {
      leaves = () => {
        throw error;
      };
      throw error;
    }
    match.end();
    return describeRows(tables);
  });
  return { result, tables, leaves };
}

function unread(): never {
  throw new AssertionError('source records are read with the rows');
}

interface Finding {
  readonly verdict: Verdict;
  readonly detail: string;
}

function proved(detail: string): Finding {
  return { verdict: 'proved', detail };
}

function notClaimed(detail: string): Finding {
  return { verdict: 'not-claimed', detail };
}

/** Runs a check: what it throws or logs is its failure, and nobody else's. */
function run(check: CheckName, step: (failures: FailureLog) => Finding): CheckResult {
  const failures = new FailureLog();
  let finding: Finding | null = null;
  try {
    finding = step(failures);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    failures.add(error);
  }
  const { count, first } = failures;
  if (finding !== null && count === 0) return { check, ...finding, failures: [], failureCount: 0 };
  const detail = count === 1 ? 'one thing is wrong' : `${count} things are wrong`;
  return { check, verdict: 'failed', detail, failures: first, failureCount: count };
}

function describeInclusion(records: number): Finding {
  if (records === 0) return notClaimed('the answer has no rows, and so no source records');
  return proved(`${records} source records are in the log`);
}

function describeRows(tables: readonly TableReport[]): Finding {
  const columns = tables.flatMap((table) => table.columns);
  const provedCount = columns.reduce((sum, column) => sum + column.proved, 0);
  const attestedCount = columns.reduce((sum, column) => sum + column.attested, 0);
  if (provedCount + attestedCount === 0) return notClaimed('the answer has no rows');
  const detail = `${provedCount} values proved, ${attestedCount} only attested`;
  return { verdict: provedCount === 0 ? 'attested' : 'proved', detail };
}

function describeTime(exported: RecordHeader | null, isStamped: boolean): Finding {
  if (exported === null) return notClaimed('no export record shows a time');
  const time = formatTimestamp(exported.timestamp / 1000n);
  const stamp = isStamped ? '; give the roots that you trust, and the time stamp is checked' : '';
  return { verdict: 'attested', detail: `${time} by the clock of the operator${stamp}` };
}

/** What a verdict hangs on. */
const FOUNDATIONS: Readonly<Partial<Record<CheckName, readonly CheckName[]>>> = {
  'export record': ['signature'],
  integrity: ['export record'],
  inclusion: ['signature'],
  rows: ['integrity', 'inclusion'],
  policy: ['signature', 'export record'],
  consistency: ['signature'],
  witnesses: ['signature'],
  time: ['signature', 'export record'],
  consent: ['integrity'],
};

function isHeld(verdict: Verdict): boolean {
  return verdict === 'proved' || verdict === 'attested';
}

/** Takes back what hangs on a check that failed: it may hold, but it proves nothing. */
function withhold(results: readonly CheckResult[]): readonly CheckResult[] {
  const verdicts = new Map(results.map(({ check, verdict }) => [check, verdict]));
  const lost = (check: CheckName): CheckName | undefined =>
    FOUNDATIONS[check]?.find((base) => verdicts.get(base) === 'failed' || lost(base) !== undefined);
  return results.map((result) => {
    const base = lost(result.check);
    if (base === undefined || !isHeld(result.verdict)) return result;
    const detail = `as far as it can be checked, but it hangs on ${base}: ${result.detail}`;
    return { ...result, verdict: 'not-claimed', detail };
  });
}

function withoutProof(table: TableReport): TableReport {
  const columns = table.columns.map((column) => ({ ...column, proved: 0, attested: 0 }));
  return { ...table, columns };
}
