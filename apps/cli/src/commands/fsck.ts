/** `verity fsck`: a database that is not running, checked from its bytes; nothing is repaired. */

import type { JsonObject } from '@veritydb/types';
import type { FolderCheck } from '@veritydb/verity';
import type { Command } from 'commander';
import picocolors from 'picocolors';

import type { CommandContext } from '../context.ts';
import { CliError } from '../error.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { ProgressBar } from '../progress.ts';
import { readTextFile } from '../text-file.ts';

interface FsckOptions {
  readonly checkpoint?: string;
  readonly key?: string;
}

type TenantCheck = FolderCheck['tenants'][number];
type CheckLine = TenantCheck['lines'][number];
type Verdict = CheckLine['verdict'];

const WORDS: Readonly<Record<Verdict, string>> = {
  ok: 'ok',
  harmless: 'harmless',
  failed: 'FAILED',
  'not-checked': 'not checked',
};

export function addFsckCommand(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('fsck')
      .argument('[dir]', 'data folder of a stopped database (default: that of --data)')
      .option('--checkpoint <file>', 'signed checkpoint that you hold: the log must begin with it')
      .option('--key <file>', "the log's public key, for --checkpoint")
      .description('Check a stopped database from its bytes alone; nothing is written or repaired'),
    ['verity fsck .verity', 'verity fsck .verity --checkpoint held.checkpoint --key log.key'],
  ).action(async (folder: string | undefined, options: FsckOptions, command: Command) => {
    if ((options.checkpoint === undefined) !== (options.key === undefined)) {
      command.error('error: --checkpoint and --key are given together');
    }
    const check = await runCheck(context, folder ?? context.folder, options);
    context.show(toJson(check), () => format(context, check));
    context.exitCode = check.isSound ? 0 : 1;
  });
}

async function runCheck(
  context: CommandContext,
  folder: string,
  { checkpoint, key }: FsckOptions,
): Promise<FolderCheck> {
  const { checkFolder } = await import('@veritydb/verity');
  const held =
    checkpoint === undefined || key === undefined
      ? undefined
      : { checkpoint: await readTextFile(checkpoint), verifierKey: await readTextFile(key) };
  let bar: ProgressBar | undefined;
  try {
    return checkFolder(folder, {
      environment: context.terminal.environment,
      ...(held === undefined ? {} : { held }),
      onProgress: (done, total) => {
        bar ??= new ProgressBar(context.terminal, 'reading the log', total);
        bar.update(done);
      },
    });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_RUNTIME_LOCKED') throw error;
    throw new CliError('conflict', 'ERR_CLI_RUNNING', `${folder} is in use`, {
      hint: 'Stop the server first, or check the running database with `verity log check`.',
      cause: error,
    });
  } finally {
    bar?.clear();
  }
}

function format(context: CommandContext, check: FolderCheck): string {
  const colors = picocolors.createColors(
    context.terminal.isInteractive && picocolors.isColorSupported,
  );
  const paint: Readonly<Record<Verdict, (text: string) => string>> = {
    ok: colors.green,
    harmless: colors.yellow,
    failed: colors.red,
    'not-checked': colors.dim,
  };
  const lines = check.tenants.flatMap((tenant) => [
    `tenant ${tenant.tenant}`,
    ...tenant.lines.flatMap((line) => [
      `  ${paint[line.verdict](WORDS[line.verdict].padEnd(12))}${line.check.padEnd(20)}${escapeControls(line.what)}`.trimEnd(),
      ...faultLines(line),
    ]),
    ...tenant.recoveries.map(
      ({ discardedBytes, generation, offset, reason }) =>
        `  recovery at offset ${offset}: ${reason}, generation ${generation}, ${discardedBytes} bytes discarded`,
    ),
  ]);
  return [...lines, verdictOf(check, paint)].join('\n');
}

function faultLines({ faultCount, faults }: CheckLine): readonly string[] {
  const lines = faults.flatMap(({ file, offset, position, remedy, what }) => {
    const place = [
      file,
      position === null ? '' : `byte ${position}`,
      offset === null ? '' : `record ${offset}`,
    ];
    const told = `${place.filter((part) => part !== '').join(', ')}: ${what}`;
    return [`              ${escapeControls(told)}`, `              → ${escapeControls(remedy)}`];
  });
  const more = faultCount - faults.length;
  return more === 0 ? lines : [...lines, `              … and ${more} more`];
}

function verdictOf(
  { isSound, tenants }: FolderCheck,
  paint: Readonly<Record<Verdict, (text: string) => string>>,
): string {
  if (!isSound) return paint.failed('DAMAGED: see the lines that failed. Nothing was changed.');
  const lines = tenants.flatMap((tenant) => tenant.lines);
  const open = lines.filter(({ verdict }) => verdict === 'not-checked').length;
  const mended = lines.filter(({ verdict }) => verdict === 'harmless').length;
  const rest = [
    mended === 0 ? '' : `${mended} damaged where other copies make up for it`,
    open === 0 ? '' : `${open} not checked`,
  ].filter((part) => part !== '');
  const sound = 'SOUND, by every check that was made';
  return paint.ok(rest.length === 0 ? `${sound}.` : `${sound}; ${rest.join(', ')}.`);
}

function toJson({ isSound, origin, tenants }: FolderCheck): JsonObject {
  return {
    sound: isSound,
    origin,
    tenants: tenants.map(({ lines, records, recoveries, root, tenant }) => ({
      tenant,
      records,
      root,
      checks: lines.map(({ check, faultCount, faults, verdict, what }) => ({
        check,
        verdict,
        what,
        fault_count: faultCount,
        faults: faults.map((fault) => ({ ...fault })),
      })),
      recoveries: recoveries.map(({ discardedBytes, generation, offset, reason }) => ({
        offset,
        reason,
        generation,
        discarded_bytes: discardedBytes,
      })),
    })),
  };
}
