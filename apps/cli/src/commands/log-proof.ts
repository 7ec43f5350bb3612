/**
 * `verity log proof`, `consistency`, and what checks them offline: C2SP texts, with nothing of any row.
 * `verity log receipt`, the same of a record for tools that read COSE.
 */

import { base64ToBytes } from '@veritydb/types';
import type { Command } from 'commander';

import { textOf } from '../answer.ts';
import { parseOffset } from '../arguments.ts';
import type { CommandContext } from '../context.ts';
import { CliError } from '../error.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { writeNew } from '../new-file.ts';
import { readTextFile } from '../text-file.ts';

export function addLogProofCommands(log: Command, context: CommandContext): void {
  addProof(log, context);
  addReceipt(log, context);
  addConsistency(log, context);
  addVerifyProof(log, context);
  addVerifyConsistency(log, context);
}

function addProof(log: Command, context: CommandContext): void {
  addExamples(
    log
      .command('proof')
      .argument('<offset>', 'place of the record: 0, 1, …', parseOffset)
      .option('--size <n>', 'size of the tree to prove it in (default: the newest)', parseOffset)
      .description('Prove that a record stands in the log (C2SP tlog-proof)'),
    ['verity log proof 42 > record.tlog-proof'],
  ).action(async (offset: number, { size }: { readonly size?: number }) => {
    const query = size === undefined ? '' : `&size=${size}`;
    await context.connect(async (connection) => {
      const path = `/admin/v1/log/proof?offset=${offset}${query}`;
      const answer = await connection.json({ method: 'GET', path });
      context.show(answer, () => textOf(answer, 'proof').trimEnd());
      context.say(
        `The leaf that it proves, for --leaf:\n${escapeControls(textOf(answer, 'leaf'))}`,
      );
    });
  });
}

function addReceipt(log: Command, context: CommandContext): void {
  addExamples(
    log
      .command('receipt')
      .argument('<offset>', 'place of the record: 0, 1, …', parseOffset)
      .option('--size <n>', 'size of the tree to prove it in (default: the newest)', parseOffset)
      .requiredOption('--out <file>', 'new file for the receipt')
      .description('Prove that a record stands in the log, as a COSE receipt (RFC 9942)'),
    ['verity log receipt 42 --out record.cose'],
  ).action(async (offset: number, { out, size }: ReceiptOptions) => {
    const query = size === undefined ? '' : `&size=${size}`;
    await context.connect(async (connection) => {
      const path = `/admin/v1/log/receipt?offset=${offset}${query}`;
      const answer = await connection.json({ method: 'GET', path });
      const receipt = base64ToBytes(textOf(answer, 'receipt'));
      await writeNew(out, receipt);
      context.show({ file: out, size: receipt.length, leaf: textOf(answer, 'leaf') }, () =>
        escapeControls(textOf(answer, 'leaf')),
      );
      context.say(`${out}: ${receipt.length} bytes. The line above is the leaf that it proves.`);
    });
  });
}

interface ReceiptOptions {
  readonly out: string;
  readonly size?: number;
}

function addConsistency(log: Command, context: CommandContext): void {
  addExamples(
    log
      .command('consistency')
      .argument('[oldsize]', 'size of the tree that the log must begin with', parseOffset)
      .argument('[newsize]', 'size of the later tree (default: the newest)', parseOffset)
      .option('--from <file>', 'checkpoint that you hold, instead of its size')
      .description('Prove that the log has only grown since a size or a held checkpoint'),
    [
      'verity log consistency --from held.checkpoint > grown.proof',
      'verity log consistency 100 200',
    ],
  ).action(
    async (
      oldSize: number | undefined,
      newSize: number | undefined,
      { from }: { readonly from?: string },
      command: Command,
    ) => {
      if ((oldSize === undefined) === (from === undefined)) {
        command.error('error: give either <oldsize> or --from <file>');
      }
      const old = from === undefined ? oldSize : await heldSize(from);
      const query = newSize === undefined ? '' : `&new=${newSize}`;
      await context.connect(async (connection) => {
        const path = `/admin/v1/log/consistency?old=${old}${query}`;
        const text = await connection.text({ method: 'GET', path });
        context.show({ consistency: text }, () => text.trimEnd());
      });
    },
  );
}

async function heldSize(path: string): Promise<number> {
  const { parseCheckpoint, parseNote } = await import('@veritydb/merkle');
  return parseCheckpoint(parseNote(await readTextFile(path)).text).size;
}

function addVerifyProof(log: Command, context: CommandContext): void {
  addExamples(
    log
      .command('verify-proof')
      .argument('<file>', 'proof that `verity log proof` printed')
      .requiredOption('--key <file>', "the log's public key, from a source that you trust")
      .option('--leaf <hex>', 'the record’s leaf: without it only the checkpoint is checked')
      .description('Check the proof of a record offline'),
    ['verity log verify-proof record.tlog-proof --key log.key --leaf 0100…'],
  ).action(
    async (path: string, { key, leaf }: { readonly key: string; readonly leaf?: string }) => {
      const { leafHash, parseTlogProof, verifyCheckpoint, verifyInclusion } =
        await import('@veritydb/merkle');
      const { nativeCrypto: crypto } = await import('@veritydb/crypto/native');
      const { checkpoint, index, proof } = parseTlogProof(await readTextFile(path));
      const { origin, root, size } = verifyCheckpoint(crypto, checkpoint, await readKey(key));
      const facts = { origin, size, index };
      const signed = `signature   ok, ${escapeControls(origin)}, ${size} records`;
      if (leaf === undefined) {
        context.show({ ...facts, signature: 'ok', inclusion: 'not-checked' }, () =>
          [signed, 'inclusion   not checked: give --leaf'].join('\n'),
        );
        return;
      }
      const hash = leafHash(crypto, parseHex(leaf));
      verifyInclusion(crypto, { index, size, leafHash: hash, proof, root });
      context.show({ ...facts, signature: 'ok', inclusion: 'ok' }, () =>
        [signed, `inclusion   ok, the leaf is record ${index}`].join('\n'),
      );
    },
  );
}

function addVerifyConsistency(log: Command, context: CommandContext): void {
  addExamples(
    log
      .command('verify-consistency')
      .argument('<file>', 'proof that `verity log consistency` printed')
      .requiredOption('--from <file>', 'checkpoint that you hold')
      .requiredOption('--key <file>', "the log's public key, from a source that you trust")
      .description('Check offline that a log has only grown since a held checkpoint'),
    ['verity log verify-consistency grown.proof --from held.checkpoint --key log.key'],
  ).action(async (path: string, { from, key }: { readonly from: string; readonly key: string }) => {
    const { parseAddCheckpoint, verifyCheckpoint, verifyConsistency } =
      await import('@veritydb/merkle');
    const { nativeCrypto: crypto } = await import('@veritydb/crypto/native');
    const verifierKey = await readKey(key);
    const held = verifyCheckpoint(crypto, await readTextFile(from), verifierKey);
    const { checkpoint, oldSize, proof } = parseAddCheckpoint(await readTextFile(path));
    const newer = verifyCheckpoint(crypto, checkpoint, verifierKey);
    if (oldSize !== held.size) {
      throw new CliError(
        'expectation',
        'ERR_CLI_PROOF',
        `the proof is from ${oldSize} records, the checkpoint of ${held.size}`,
        { hint: `Ask for another: verity log consistency --from ${from}` },
      );
    }
    const { root: newRoot, size: newSize } = newer;
    verifyConsistency(crypto, { oldSize, oldRoot: held.root, newSize, newRoot, proof });
    const { origin } = newer;
    context.show({ origin, old_size: oldSize, new_size: newSize, consistency: 'ok' }, () =>
      [
        `signatures   ok, ${escapeControls(origin)}`,
        `consistency  ok, ${newSize} records begin with the ${oldSize} of the held checkpoint`,
      ].join('\n'),
    );
  });
}

async function readKey(path: string): Promise<string> {
  return (await readTextFile(path)).trim();
}

function parseHex(text: string): Uint8Array {
  if (/^([0-9a-f]{2})+$/.test(text)) return new Uint8Array(Buffer.from(text, 'hex'));
  throw new CliError('format', 'ERR_CLI_PROOF', 'the leaf is not hexadecimal', {
    hint: 'Give it in lower-case digits, as `verity log proof` tells it.',
  });
}
