/** `verity policy`: what may leave, by which rule: checked, tried, explained, compared, put into force. */

import type { Policy } from '@veritydb/access';
import type { Command } from 'commander';

import { numberOf, objectsOf, textOf, textsOf } from '../answer.ts';
import { parseCount } from '../arguments.ts';
import type { CommandContext } from '../context.ts';
import { CliError } from '../error.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { formatTable } from '../table.ts';
import { readTextFile } from '../text-file.ts';

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
  addTest(policy, context);
  addExplain(policy, context);
  addDiff(policy, context);
  addActivate(policy, context);
  addList(policy, context);
  addRollback(policy, context);
  addReleases(policy, context);
}

/** Tables that policies release under a model: to what each recipient's exports are fixed. */
function addReleases(policy: Command, context: CommandContext): void {
  addExamples(
    policy
      .command('releases')
      .description('List to what the exports of a released table are fixed, for each recipient'),
    ['verity policy releases'],
  ).action(async () => {
    await context.connect(async (connection) => {
      const answer = await connection.json({ method: 'GET', path: '/admin/v1/releases' });
      const members = ['recipient', 'table', 'policy', 'policy_version', 'position', 'state'];
      const rows = objectsOf(answer, 'releases').map((entry) =>
        members.map((member) => entry[member] ?? null),
      );
      context.show(answer, () => formatTable(members, rows));
    });
  });
  addExamples(
    policy
      .command('close-release')
      .argument('<recipient>', 'who has the release')
      .argument('<table>', 'table that is released')
      .description(
        'Let the next export be a new release, which the recipient can lay beside the old',
      ),
    ["verity policy close-release 'Northfield University' patients"],
  ).action(async (recipient: string, table: string) => {
    await context.connect(async (connection) => {
      const body = { recipient, table };
      const call = { method: 'POST', path: '/admin/v1/releases/close', body } as const;
      const answer = await connection.json(call);
      context.show(answer, () => `closed at offset ${numberOf(answer, 'offset')}`);
    });
  });
}

function addActivate(policy: Command, context: CommandContext): void {
  addExamples(
    policy
      .command('activate')
      .argument('<file>', 'policy (YAML)')
      .description('Record a policy in the log and put it into force'),
    ['verity policy activate policies/hipaa-safe-harbor.yaml'],
  ).action(async (path: string) => {
    await activate(context, await readTextFile(path));
  });
}

async function activate(context: CommandContext, yaml: string): Promise<void> {
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
}

function addTest(policy: Command, context: CommandContext): void {
  addExamples(
    policy
      .command('test')
      .argument('<file>', 'policy (YAML)')
      .argument('<cases>', 'rows, and what leaves of each (YAML)')
      .description('Run the cases of a policy; no database needed'),
    ['verity policy test policies/pci-dss.yaml policies/tests/pci-dss.yaml'],
  ).action(async (path: string, cases: string) => {
    const [{ testPolicy }, { nativeCrypto }] = await Promise.all([
      import('@veritydb/access'),
      import('@veritydb/crypto/native'),
    ]);
    const results = testPolicy(nativeCrypto, await parseFile(path), await readTextFile(cases));
    const failed = results.filter(({ problems }) => problems.length > 0);
    context.show({ cases: results.length, failed: failed.map((one) => ({ ...one })) }, () =>
      failed
        .flatMap(({ number, table, problems }) =>
          problems.map((problem) =>
            escapeControls(`${cases}: case ${number}, ${table}: ${problem}`),
          ),
        )
        .concat(`${results.length - failed.length} of ${results.length} cases hold`)
        .join('\n'),
    );
    context.exitCode = failed.length === 0 ? 0 : 1;
  });
}

function addExplain(policy: Command, context: CommandContext): void {
  addExamples(
    policy
      .command('explain')
      .argument('<file>', 'policy (YAML)')
      .description('Say what leaves by a policy, column by column; no database needed'),
    ['verity policy explain policies/gdpr-pseudonymised.yaml'],
  ).action(async (path: string) => {
    const { explainPolicy } = await import('../explain-policy.ts');
    const { facts, rows } = explainPolicy(await parseFile(path));
    const members = ['table', 'column', 'class', 'leaves'];
    context.show(
      {
        ...facts,
        columns: rows.map((row) =>
          Object.fromEntries(row.map((value, at) => [members[at] ?? '', value])),
        ),
      },
      () =>
        [
          ...Object.entries(facts).map(([name, value]) =>
            escapeControls(`${name.padEnd(12)} ${value}`),
          ),
          '',
          formatTable(members, rows),
        ].join('\n'),
    );
  });
}

function addDiff(policy: Command, context: CommandContext): void {
  addExamples(
    policy
      .command('diff')
      .argument('<before>', 'policy (YAML), or NAME or NAME@VERSION of one in the log')
      .argument('<after>', 'the same')
      .description('Say what one policy lets out that another does not, and what else differs'),
    [
      'verity policy diff hipaa-safe-harbor policies/hipaa-safe-harbor.yaml',
      'verity policy diff hipaa-safe-harbor@1 hipaa-safe-harbor@2',
    ],
  ).action(async (before: string, after: string) => {
    const { diffPolicies } = await import('@veritydb/access');
    const [left, right] = [await parseNamed(context, before), await parseNamed(context, after)];
    const { changes, opened, closed } = diffPolicies(left, right);
    context.show({ opened, closed, changes: changes.map((change) => ({ ...change })) }, () =>
      [
        ...opened.map((name) => `begins to leave: ${name}`),
        ...closed.map((name) => `leaves no more: ${name}`),
        ...changes.map(
          ({ path, before: from, after: to }) => `${path}: ${from ?? '-'} → ${to ?? '-'}`,
        ),
      ]
        .map(escapeControls)
        .join('\n'),
    );
    if (changes.length === 0) context.say('They say the same.');
  });
}

function addList(policy: Command, context: CommandContext): void {
  addExamples(policy.command('list').description('List every version of every policy'), [
    'verity policy list',
  ]).action(async () => {
    await context.connect(async (connection) => {
      const answer = await connection.json({ method: 'GET', path: '/admin/v1/policies' });
      const members = ['name', 'version', 'active', 'activated_at', 'offset', 'sha256'];
      const rows = objectsOf(answer, 'policies').map((entry) =>
        members.map((member) => entry[member] ?? null),
      );
      context.show(answer, () => formatTable(members, rows));
    });
  });
}

function addRollback(policy: Command, context: CommandContext): void {
  addExamples(
    policy
      .command('rollback')
      .argument('<name>', 'policy in force')
      .argument('<version>', 'earlier version whose rules are to hold again', parseCount)
      .description('Put the rules of an earlier version into force, as a new version'),
    ['verity policy rollback hipaa-safe-harbor 1'],
  ).action(async (name: string, version: number) => {
    const { isJsonObject, parseJson, canonicalJson } = await import('@veritydb/types');
    const [now, earlier] = [
      await parseNamed(context, name),
      await parseNamed(context, `${name}@${version}`),
    ];
    const document = parseJson(earlier.canonical);
    const metadata = isJsonObject(document) ? document['metadata'] : undefined;
    if (!isJsonObject(document) || metadata === undefined || !isJsonObject(metadata)) {
      throw new CliError('assertion', 'ERR_CLI_ANSWER', 'the policy has no metadata');
    }
    const next = { ...document, metadata: { ...metadata, version: now.version + 1 } };
    // Canonical JSON is a policy file too, and has the hash of what was written.
    await activate(context, canonicalJson(next));
  });
}

async function parseFile(path: string): Promise<Policy> {
  const [{ parsePolicy }, { nativeCrypto }] = await Promise.all([
    import('@veritydb/access'),
    import('@veritydb/crypto/native'),
  ]);
  return parsePolicy(nativeCrypto, await readTextFile(path));
}

/** A file, or a policy of the log by its name and perhaps version. */
async function parseNamed(context: CommandContext, text: string): Promise<Policy> {
  const match = /^([a-z0-9][a-z0-9-]{0,62})(?:@([1-9][0-9]{0,9}))?$/.exec(text);
  if (match === null) return parseFile(text);
  const [, name = '', version] = match;
  const [{ parsePolicy }, { nativeCrypto }] = await Promise.all([
    import('@veritydb/access'),
    import('@veritydb/crypto/native'),
  ]);
  return context.connect(async (connection) => {
    const query = version === undefined ? '' : `?version=${version}`;
    const yaml = await connection.text({
      method: 'GET',
      path: `/admin/v1/policies/${name}${query}`,
    });
    return parsePolicy(nativeCrypto, yaml);
  });
}

async function lint(context: CommandContext, path: string): Promise<void> {
  const { lintPolicy } = await import('@veritydb/access');
  const findings = lintPolicy(await parseFile(path));
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
