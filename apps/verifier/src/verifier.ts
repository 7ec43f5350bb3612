/**
 * The command: reads files, verifies, prints. It decides nothing: verdicts are the bundle package's.
 *
 * Exit codes: 0 all that is claimed holds, 1 something failed, 2 usage, 3 the bundle is unreadable.
 */

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import {
  BundleError,
  type Dress,
  type Report,
  formatReport,
  formatReportJson,
  verifyBundle,
} from '@veritydb/bundle';
import { nativeCrypto } from '@veritydb/crypto/native';

import { withFileSource } from './file-source.ts';

const EXIT_HOLDS = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_UNREADABLE = 3;

const USAGE = `usage: verity-verify BUNDLE --key VKEY | --key-file FILE
                     [--held-checkpoint FILE] [--witness-policy FILE]
                     [--time-stamp-roots FILE] [--json]

Checks an export bundle offline, with nothing but the bundle and the key of the log.

  --key VKEY               verifier key of the log: <name>+<hash>+<base64>
  --key-file FILE          the same, in a file
  --held-checkpoint FILE   a checkpoint of this log that you hold: shows that the log only grew
  --witness-policy FILE    the witnesses that must have cosigned (C2SP tlog-policy)
  --time-stamp-roots FILE  roots of the time-stamp authorities that you trust (PEM)
  --json                   the report as JSON

Take the key from the operator by a way that you trust, never from a bundle.
Exit codes: 0 all that is claimed holds, 1 something failed, 2 usage, 3 unreadable.
`;

/** Where the command writes. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  readonly color: boolean;
}

class UsageError extends Error {}

interface Request {
  readonly bundle: string;
  readonly verifierKey: string | null;
  readonly heldCheckpoint: string | null;
  readonly witnessPolicy: string | null;
  readonly timeStampRoots: string | null;
  readonly json: boolean;
}

/** Runs the command and returns its exit code. */
export function runVerifier(args: readonly string[], terminal: Terminal): number {
  let request: Request | null;
  try {
    request = parseRequest(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.error(`verity-verify: ${error.message}\n\n${USAGE}`);
    return EXIT_USAGE;
  }
  if (request === null) {
    terminal.out(USAGE);
    return EXIT_HOLDS;
  }
  let report: Report;
  try {
    report = verify(request);
  } catch (error) {
    return explain(error, terminal);
  }
  terminal.out(
    request.json ? formatReportJson(report) : formatReport(report, terminal.color ? paint : plain),
  );
  return report.holds ? EXIT_HOLDS : EXIT_FAILED;
}

/** What was asked for, or null for help. */
function parseRequest(args: readonly string[]): Request | null {
  const { values, positionals } = parseOptions(args);
  if (values.help === true) return null;
  const [bundle, ...others] = positionals;
  if (bundle === undefined) throw new UsageError('no bundle was named');
  if (others.length > 0) throw new UsageError('more than one bundle was named');
  if (values.key !== undefined && values['key-file'] !== undefined) {
    throw new UsageError('give --key or --key-file, not both');
  }
  const keyFile = values['key-file'];
  const optional = (path: string | undefined): string | null =>
    path === undefined ? null : readText(path);
  return {
    bundle,
    verifierKey: keyFile === undefined ? (values.key ?? null) : readText(keyFile).trim(),
    heldCheckpoint: optional(values['held-checkpoint']),
    witnessPolicy: optional(values['witness-policy']),
    timeStampRoots: optional(values['time-stamp-roots']),
    json: values.json === true,
  };
}

const OPTIONS = {
  key: { type: 'string' },
  'key-file': { type: 'string' },
  'held-checkpoint': { type: 'string' },
  'witness-policy': { type: 'string' },
  'time-stamp-roots': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parseOptions(
  args: readonly string[],
): ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(`cannot read ${path}`);
  }
}

function verify(request: Request): Report {
  const { bundle, heldCheckpoint, timeStampRoots, verifierKey, witnessPolicy } = request;
  return withFileSource(bundle, (source) =>
    verifyBundle(nativeCrypto, source, {
      verifierKey,
      ...(heldCheckpoint === null ? {} : { heldCheckpoint }),
      ...(witnessPolicy === null ? {} : { witnessPolicy }),
      ...(timeStampRoots === null ? {} : { timeStampRoots }),
    }),
  );
}

/** Says why there is no report. */
function explain(error: unknown, terminal: Terminal): number {
  if (error instanceof BundleError) {
    const hint = error.hint === undefined ? '' : `\n  ${error.hint}`;
    terminal.error(`verity-verify: ${error.message} (${error.code})${hint}\n`);
    return error.code === 'ERR_BUNDLE_KEY' ? EXIT_USAGE : EXIT_UNREADABLE;
  }
  if (error instanceof Error && 'syscall' in error) {
    terminal.error(`verity-verify: cannot read the bundle: ${error.message}\n`);
    return EXIT_UNREADABLE;
  }
  throw error;
}

const COLORS = { proved: 32, attested: 33, 'not-claimed': 2, failed: 31 } as const;

const paint: Dress = (verdict, text) => `\u{1b}[${COLORS[verdict]}m${text}\u{1b}[0m`;
const plain: Dress = (_verdict, text) => text;
