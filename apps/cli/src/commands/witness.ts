/** `verity witness init`, `key`, `start`: a witness of one's own, for the logs of others. */

import { type Command, InvalidArgumentError } from 'commander';

import type { CommandContext } from '../context.ts';
import { addExamples } from '../examples.ts';
import { type Listen, createWitness, runWitness, witnessKey } from '../witness-process.ts';

const LISTEN_DEFAULT: Listen = { host: '127.0.0.1', port: 7430 };

interface StartOptions {
  readonly log: readonly string[];
  readonly listen: Listen;
}

export function addWitnessCommands(program: Command, context: CommandContext): void {
  const witness = program
    .command('witness')
    .description('A witness: cosigns the checkpoints of logs that have only grown');

  addExamples(
    witness
      .command('init')
      .argument('<dir>', 'folder to create')
      .requiredOption('--name <name>', 'name of the witness in its cosignatures')
      .description('Create a witness: its key, in a folder of its own'),
    ['verity witness init witness/ --name witness.example/w1'],
  ).action(async (folder: string, { name }: { readonly name: string }) => {
    const key = await createWitness(folder, name);
    context.show({ folder, key }, () => key);
    context.say(
      `Created ${folder}. Above is its public key: give it to those who are to trust it.`,
    );
  });

  addExamples(
    witness
      .command('key')
      .argument('<dir>', 'folder of the witness')
      .description("Print the witness's public key, for policies"),
    ['verity witness key witness/'],
  ).action(async (folder: string) => {
    const key = await witnessKey(folder);
    context.show({ key }, () => key);
  });

  addExamples(
    witness
      .command('start')
      .argument('<dir>', 'folder of the witness')
      .requiredOption('--log <keyfile>', 'public key of a log to witness; repeat for more', addFile)
      .option(
        '--listen <host:port>',
        'where to listen; port 0 for any',
        parseListen,
        LISTEN_DEFAULT,
      )
      .description('Run a witness until it is stopped'),
    [
      'verity witness start witness/ --log clinic.key',
      'verity witness start witness/ --log a.key --log b.key --listen 127.0.0.1:7431',
    ],
  ).action(async (folder: string, { log, listen }: StartOptions) => {
    await runWitness({ folder, logFiles: log, listen, terminal: context.terminal });
  });
}

function addFile(file: string, before: readonly string[] = []): readonly string[] {
  return [...before, file];
}

/** `127.0.0.1:7430`, `[::1]:7430`. */
function parseListen(text: string): Listen {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]{1,253}):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[2] ?? Number.NaN);
  if (!(port <= 65_535)) throw new InvalidArgumentError('Expected HOST:PORT.');
  return { host: (match?.[1] ?? '').replaceAll(/[[\]]/g, ''), port };
}
