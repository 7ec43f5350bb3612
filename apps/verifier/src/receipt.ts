/** `verity-verify receipt`: whether a COSE receipt (RFC 9942) shows that a record stands in the log. */

import { BundleError, verifyLogReceipt } from '@veritydb/bundle';
import { nativeCrypto } from '@veritydb/crypto/native';
import { TypesError, formatTimestamp, hexToBytes } from '@veritydb/types';

import { withFileSource } from './file-source.ts';
import {
  EXIT_FAILED,
  EXIT_HOLDS,
  EXIT_USAGE,
  type Terminal,
  UsageError,
  explain,
  keyOf,
  parseOptions,
} from './usage.ts';

const USAGE = `usage: verity-verify receipt FILE --leaf HEX --key VKEY | --key-file FILE

Says whether a COSE receipt (RFC 9942) shows that a record stands in the log. The leaf is the record's
header, in lower-case hexadecimal; of an export it stands in proofs/export.json, in base64.

Exit codes: 0 it does, 1 it does not, 2 usage, 3 the file cannot be read.
`;

const OPTIONS = {
  leaf: { type: 'string' },
  key: { type: 'string' },
  'key-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Bytes; larger than any receipt. */
const RECEIPT_SIZE_MAX = 1 << 16;

export function runReceipt(args: readonly string[], terminal: Terminal): number {
  try {
    const { positionals, values } = parseOptions(args, OPTIONS);
    if (values.help === true) {
      terminal.out(USAGE);
      return EXIT_HOLDS;
    }
    const [path, ...others] = positionals;
    if (path === undefined || others.length > 0) throw new UsageError('name one file');
    if (values.leaf === undefined) throw new UsageError('give the leaf of the record');
    const key = keyOf(values.key, values['key-file']);
    if (key === null) throw new UsageError('give the key of the log');
    const leaf = parseLeaf(values.leaf);
    const receipt = withFileSource(path, (source) =>
      source.read(0, Math.min(source.size, RECEIPT_SIZE_MAX)),
    );
    const { header, origin, size } = verifyLogReceipt(nativeCrypto, { leaf, receipt }, key);
    terminal.out(
      `proved: ${origin} holds record ${header.offset} in a tree of ${size}.\n` +
        `The operator's clock said ${formatTimestamp(header.timestamp / 1000n)}.\n`,
    );
    return EXIT_HOLDS;
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.error(`verity-verify: ${error.message}\n\n${USAGE}`);
      return EXIT_USAGE;
    }
    const code = explain(error, terminal);
    const isRefused = error instanceof BundleError && code !== EXIT_USAGE;
    return isRefused ? EXIT_FAILED : code;
  }
}

function parseLeaf(text: string): Uint8Array {
  try {
    return hexToBytes(text);
  } catch (error) {
    if (!(error instanceof TypesError)) throw error;
    throw new UsageError('the leaf is not in lower-case hexadecimal');
  }
}
