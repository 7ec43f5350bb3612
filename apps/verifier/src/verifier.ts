/**
 * The command: reads files, verifies, prints. It decides nothing: verdicts are the bundle package's.
 *
 * Exit codes: 0 all that is claimed holds, 1 something failed, 2 usage, 3 the bundle is unreadable.
 */

import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';

import {
  type ByteSource,
  type Dress,
  type Report,
  formatReport,
  formatReportJson,
  verifyBundle,
} from '@veritydb/bundle';
import { nativeCrypto } from '@veritydb/crypto/native';
import { bytesToHex } from '@veritydb/types';

import { withFileSource } from './file-source.ts';
import { runFork } from './fork.ts';
import { formatReportHtml } from './html-report.ts';
import { runReceipt } from './receipt.ts';
import { runSdJwt } from './sd-jwt.ts';
import {
  EXIT_FAILED,
  EXIT_HOLDS,
  EXIT_USAGE,
  type Terminal,
  UsageError,
  explain,
  keyOf,
  parseOptions,
  readText,
} from './usage.ts';

const USAGE = `usage: verity-verify BUNDLE --key VKEY | --key-file FILE
                     [--held-checkpoint FILE] [--witness-policy FILE]
                     [--time-stamp-roots FILE] [--json] [--html FILE]
       verity-verify fork A B --key VKEY | --key-file FILE
       verity-verify receipt FILE --leaf HEX --key VKEY | --key-file FILE
       verity-verify sd-jwt FILE --key VKEY | --key-file FILE

Checks an export bundle offline, with nothing but the bundle and the key of the log.

  --key VKEY               verifier key of the log: <name>+<hash>+<base64>
  --key-file FILE          the same, in a file
  --held-checkpoint FILE   a checkpoint of this log that you hold: shows that the log only grew
  --witness-policy FILE    the witnesses that must have cosigned (C2SP tlog-policy)
  --time-stamp-roots FILE  roots of the time-stamp authorities that you trust (PEM)
  --json                   the report as JSON
  --html FILE              the report as a page, too, to print or to file

Take the key from the operator by a way that you trust, never from a bundle.
Exit codes: 0 all that is claimed holds, 1 something failed, 2 usage, 3 unreadable.
`;

interface Request {
  readonly bundle: string;
  readonly verifierKey: string | null;
  readonly heldCheckpoint: string | null;
  readonly witnessPolicy: string | null;
  readonly timeStampRoots: string | null;
  readonly json: boolean;
  /** File for the report as a page. */
  readonly html: string | null;
}

/** Runs the command and returns its exit code. */
export function runVerifier(args: readonly string[], terminal: Terminal): number {
  if (args[0] === 'fork') return runFork(args.slice(1), terminal);
  if (args[0] === 'sd-jwt') return runSdJwt(args.slice(1), terminal);
  if (args[0] === 'receipt') return runReceipt(args.slice(1), terminal);
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
    if (request.html !== null) writePage(report, request, request.html);
  } catch (error) {
    if (!(error instanceof UsageError)) return explain(error, terminal);
    terminal.error(`verity-verify: ${error.message}\n`);
    return EXIT_USAGE;
  }
  terminal.out(
    request.json ? formatReportJson(report) : formatReport(report, terminal.color ? paint : plain),
  );
  return report.holds ? EXIT_HOLDS : EXIT_FAILED;
}

/** What was asked for, or null for help. */
function parseRequest(args: readonly string[]): Request | null {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (values.help === true) return null;
  const [bundle, ...others] = positionals;
  if (bundle === undefined) throw new UsageError('no bundle was named');
  if (others.length > 0) throw new UsageError('more than one bundle was named');
  return {
    bundle,
    verifierKey: keyOf(values.key, values['key-file']),
    heldCheckpoint: optional(values['held-checkpoint']),
    witnessPolicy: optional(values['witness-policy']),
    timeStampRoots: optional(values['time-stamp-roots']),
    json: values.json === true,
    html: values.html ?? null,
  };
}

function optional(path: string | undefined): string | null {
  return path === undefined ? null : readText(path);
}

const OPTIONS = {
  key: { type: 'string' },
  'key-file': { type: 'string' },
  'held-checkpoint': { type: 'string' },
  'witness-policy': { type: 'string' },
  'time-stamp-roots': { type: 'string' },
  json: { type: 'boolean' },
  html: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

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

/** Writes the report as a page into a new file. */
function writePage(report: Report, { bundle, verifierKey }: Request, path: string): void {
  const page = withFileSource(bundle, (source) =>
    formatReportHtml(report, {
      fileName: basename(bundle),
      size: source.size,
      sha256: sha256Of(source),
      verifierKey: verifierKey ?? 'none was given',
      checkedAt: new Date().toISOString(),
    }),
  );
  try {
    writeFileSync(path, page, { flag: 'wx' });
  } catch {
    throw new UsageError(`cannot write ${path}: name a file that does not exist yet`);
  }
}

const PIECE_SIZE = 1 << 20;

function sha256Of(source: ByteSource): string {
  const stream = nativeCrypto.sha256Stream();
  for (let at = 0; at < source.size; at += PIECE_SIZE) {
    stream.update(source.read(at, Math.min(at + PIECE_SIZE, source.size)));
  }
  return bytesToHex(stream.digest());
}

const COLORS = { proved: 32, attested: 33, 'not-claimed': 2, failed: 31 } as const;

const paint: Dress = (verdict, text) => `\u{1b}[${COLORS[verdict]}m${text}\u{1b}[0m`;
const plain: Dress = (_verdict, text) => text;
