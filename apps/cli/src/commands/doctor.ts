/** `verity doctor`: what an operator would look at, one line each, with what to do. */

import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { type Finding, examine } from '../doctor.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';

const MARKS: Readonly<Record<Finding['state'], string>> = {
  ok: '✓',
  warning: '!',
  failed: '✗',
  skipped: '-',
};

export function addDoctorCommand(program: Command, context: CommandContext): void {
  addExamples(
    program
      .command('doctor')
      .description(
        'Look at folder, keys, settings, certificate, disk, clock, server and witnesses. ' +
          'Changes nothing; ends with 1 when something must be done.',
      ),
    ['verity doctor', 'verity --data /var/lib/verity doctor --json'],
  ).action(async () => {
    const { environment } = context.terminal;
    const authorities = await context.authorities();
    const findings = await examine({ folder: context.folder, environment, authorities });
    context.show({ findings: findings.map((finding) => ({ ...finding })) }, () =>
      findings.map(lineOf).join('\n'),
    );
    const failed = findings.filter(({ state }) => state === 'failed').length;
    if (failed > 0) context.exitCode = 1;
    context.say(failed === 0 ? 'Nothing must be done.' : `${failed} of these must be seen to.`);
  });
}

function lineOf({ detail, hint, name, state }: Finding): string {
  const first = `${MARKS[state]} ${name.padEnd(12)} ${escapeControls(detail)}`;
  return hint === null ? first : `${first}\n  ${' '.repeat(12)} → ${escapeControls(hint)}`;
}
