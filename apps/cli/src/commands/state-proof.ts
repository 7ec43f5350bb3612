/** `verity log prove-state`, and what checks it offline: what a range of a table's keys holds, and that it is all. */

import {
  COLUMN_TYPES,
  type ColumnType,
  bytesEqual,
  bytesToHex,
  formatTimestamp,
} from '@veritydb/types';
import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { CliError } from '../error.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { readTextFile } from '../text-file.ts';

interface Keys {
  readonly at?: readonly string[];
  readonly from?: readonly string[];
  readonly to?: readonly string[];
}

export function addStateProofCommands(log: Command, context: CommandContext): void {
  addExamples(
    log
      .command('prove-state')
      .argument('<name>', 'a table, or an index as table.index')
      .option('--at <value...>', 'the keys with these values in the first columns, or in all')
      .option('--from <value...>', 'the keys from these values on')
      .option('--to <value...>', 'the keys before these values')
      .description(
        'Prove what a range of a table holds now: what is there, and that nothing else is',
      ),
    [
      'verity log prove-state patients --at p-17 > there.proof',
      'verity log prove-state visits.by_day --from 2024-01-01 --to 2024-02-01 > january.proof',
    ],
  ).action(async (name: string, { at, from, to }: Keys) => {
    await context.connect(async (connection) => {
      const body = {
        name,
        ...(at === undefined ? {} : { at }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      };
      const path = '/admin/v1/log/state-proof';
      const text = await connection.text({ method: 'POST', path, body });
      context.show({ proof: text }, () => text.trimEnd());
    });
  });
  addVerify(log, context);
}

function addVerify(log: Command, context: CommandContext): void {
  addExamples(
    log
      .command('verify-state')
      .argument('<file>', 'what `verity log prove-state` printed')
      .requiredOption('--key <file>', "the log's public key, from a source that you trust")
      .option(
        '--at <type:value...>',
        'the key that it must be about, such as integer:42 or text:p-17',
      )
      .description('Check offline what a range held at a checkpoint record'),
    ['verity log verify-state there.proof --key log.key --at text:p-17'],
  ).action(async (path: string, { at, key }: { readonly at?: string[]; readonly key: string }) => {
    const { verifyStateProof } = await import('@veritydb/transparency');
    const { nativeCrypto: crypto } = await import('@veritydb/crypto/native');
    const verifierKey = (await readTextFile(key)).trim();
    const proved = verifyStateProof(crypto, await readTextFile(path), verifierKey);
    const { entries, name, offset, origin, range, timestamp } = proved;
    if (at !== undefined) await requireRange(range, at);
    const time = formatTimestamp(timestamp / 1000n);
    const rows = entries.map(({ commitment, key: bytes }) => ({
      key: bytesToHex(bytes),
      commitment: bytesToHex(commitment),
    }));
    context.show({ origin, name, checkpoint: offset, time, entries: rows }, () =>
      [
        `signature  ok, ${escapeControls(origin)}`,
        `state      ok, ${escapeControls(name)} at record ${offset}, ${time} by the operator's clock`,
        `range      ${rangeText(range)}: ${rows.length === 0 ? 'nothing is there' : `${rows.length} there, and nothing else`}`,
        ...rows.map((row) => `  ${row.key}  ${row.commitment}`),
      ].join('\n'),
    );
  });
}

interface Bounds {
  readonly from?: Uint8Array;
  readonly to?: Uint8Array;
}

function rangeText({ from, to }: Bounds): string {
  if (from === undefined && to === undefined) return 'all keys';
  const lower = from === undefined ? '' : `from ${bytesToHex(from)} `;
  return `${lower}${to === undefined ? 'on' : `before ${bytesToHex(to)}`}`;
}

/** Refuses a proof of another range than that of the key that is asked for. */
async function requireRange(range: Bounds, at: readonly string[]): Promise<void> {
  const { rangeOfKeys } = await import('@veritydb/runtime');
  const parts = at.map((text) => {
    const split = text.indexOf(':');
    const type = text.slice(0, Math.max(0, split));
    if (split > 0 && COLUMN_TYPES.includes(type as ColumnType)) {
      return { type: type as ColumnType, value: text.slice(split + 1) };
    }
    throw new CliError('format', 'ERR_CLI_PROOF', 'a value of --at has no type', {
      hint: `Write TYPE:VALUE with a type of ${COLUMN_TYPES.join(', ')}.`,
    });
  });
  const types = parts.map(({ type }) => type);
  const wanted = rangeOfKeys(types, { at: parts.map(({ value }) => value) });
  if (isSame(range.from, wanted.from) && isSame(range.to, wanted.to)) return;
  throw new CliError('expectation', 'ERR_CLI_PROOF', 'the proof is about other keys', {
    hint: 'Ask for another: verity log prove-state NAME --at VALUE.',
  });
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : bytesEqual(a, b);
}
