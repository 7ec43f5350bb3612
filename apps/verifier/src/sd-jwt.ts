/** `verity-verify sd-jwt`: what of an exported row an SD-JWT (RFC 9901) shows, and that the log's key signed it. */

import { BundleError, type RowStatement, verifyRow } from '@veritydb/bundle';
import { nativeCrypto } from '@veritydb/crypto/native';
import { canonicalJson, formatTimestamp } from '@veritydb/types';

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

const USAGE = `usage: verity-verify sd-jwt FILE --key VKEY | --key-file FILE

Says what an SD-JWT (RFC 9901) of an exported row shows, and whether the log's key signed it. What was
taken out of it is not shown, and not missed: only the bundle holds the whole row, and proves it.

Exit codes: 0 it is signed, 1 it is not, 2 usage.
`;

const OPTIONS = {
  key: { type: 'string' },
  'key-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export function runSdJwt(args: readonly string[], terminal: Terminal): number {
  try {
    const { positionals, values } = parseOptions(args, OPTIONS);
    if (values.help === true) {
      terminal.out(USAGE);
      return EXIT_HOLDS;
    }
    const [path, ...others] = positionals;
    if (path === undefined || others.length > 0) throw new UsageError('name one file');
    const key = keyOf(values.key, values['key-file']);
    if (key === null) throw new UsageError('give the key of the log');
    terminal.out(describe(verifyRow(nativeCrypto, readText(path).trim(), key)));
    return EXIT_HOLDS;
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.error(`verity-verify: ${error.message}\n\n${USAGE}`);
      return EXIT_USAGE;
    }
    const code = explain(error, terminal);
    return error instanceof BundleError && code !== EXIT_USAGE ? EXIT_FAILED : code;
  }
}

function describe({
  exportId,
  issuedAt,
  line,
  manifestSha256,
  origin,
  row,
  table,
}: RowStatement): string {
  return [
    `signed by the log ${origin}, at ${formatTimestamp(BigInt(issuedAt) * 1_000_000n)} by its clock`,
    `line ${line} of ${table}, export ${exportId}, manifest ${manifestSha256}`,
    canonicalJson(row),
    '',
  ].join('\n');
}
