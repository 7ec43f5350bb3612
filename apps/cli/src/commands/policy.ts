/** `verity policy lint` and `verity policy activate`: what may leave, by which rule. */

import { readFile } from 'node:fs/promises';

import type { Command } from 'commander';

import { numberOf, textOf, textsOf } from '../answer.ts';
import type { CommandContext } from '../context.ts';
import { CliError } from '../error.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { reasonOf } from '../secret-file.ts';

export function addPolicyCommands(program: Command, context: CommandContext): void {
  const policy = program.command('policy').description('Policies: what may leave, by which rule');
  addExamples(
    policy
      .command('lint')
      .argument('<file>', 'policy (YAML)')
      .description('Check a policy file against the rules of its profile; no database needed'),
    ['verity policy lint policies/hipaa-safe-harbor.yaml'],
  ).action(async (path: string) => {
    await lint(context, path);
  });

  addExamples(
    policy
      .command('activate')
      .argument('<file>', 'policy (YAML)')
      .description('Record a policy in the log and put it into force'),
    ['verity policy activate policies/hipaa-safe-harbor.yaml'],
  ).action(async (path: string) => {
    const yaml = await readPolicyFile(path);
    await context.connect(async (connection) => {
      const call = { method: 'POST', path: '/admin/v1/policies', body: { yaml } } as const;
      const answer = await connection.json(call);
      const name = textOf(answer, 'name');
      context.show(answer, () =>
        escapeControls(
          `${name} version ${numberOf(answer, 'version')} is in force from offset ` +
            `${numberOf(answer, 'offset')}, sha256 ${textOf(answer, 'sha256')}`,
        ),
      );
      for (const warning of textsOf(answer, 'warnings')) {
        context.say(`warning: ${escapeControls(warning)}`);
      }
      context.say(`Next: verity token issue --policy ${escapeControls(name)} …`);
    });
  });
}

async function lint(context: CommandContext, path: string): Promise<void> {
  const yaml = await readPolicyFile(path);
  const [{ lintPolicy, parsePolicy }, { nativeCrypto }] = await Promise.all([
    import('@veritydb/access'),
    import('@veritydb/crypto/native'),
  ]);
  const findings = lintPolicy(parsePolicy(nativeCrypto, yaml));
  const errors = findings.filter(({ severity }) => severity === 'error');
  const asJson = findings.map((finding) => ({ ...finding }));
  if (context.isJson || findings.length > 0) {
    context.show({ path, findings: asJson }, () =>
      findings
        .map(({ line, column, severity, code, message, hint }) =>
          escapeControls(`${path}:${line}:${column}: ${severity} ${code}: ${message} → ${hint}`),
        )
        .join('\n'),
    );
  }
  const count = `${errors.length} errors, ${findings.length - errors.length} warnings`;
  context.say(findings.length === 0 ? `${path} is clean.` : `${path}: ${count}.`);
  context.exitCode = errors.length === 0 ? 0 : 1;
}

async function readPolicyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CliError('unavailable', 'ERR_CLI_FILE', `cannot read ${path}: ${reasonOf(error)}`, {
      hint: 'Name a policy file.',
    });
  }
}
