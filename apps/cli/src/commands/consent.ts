/** `verity consent`: who allowed or refused what, and receipts that a person can keep and check. */

import type { JsonObject } from '@veritydb/types';
import { type Command, Option } from 'commander';

import { numberOf, objectsOf, textOf } from '../answer.ts';
import { parseDuration } from '../arguments.ts';
import type { CommandContext } from '../context.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { SUBJECT_ARGUMENT, readSubject } from '../subject.ts';
import { formatTable } from '../table.ts';
import { readTextFile } from '../text-file.ts';

interface RecordOptions {
  readonly purpose: string;
  readonly recipient?: string;
  readonly table?: readonly string[];
  readonly controller: string;
  readonly basis: string;
  readonly expression: string;
  readonly method?: string;
  readonly jurisdiction?: string;
  readonly expires?: number;
  readonly noticeUri?: string;
  readonly noticeLanguage?: string;
  readonly noticeFile?: string;
}

export function addConsentCommands(program: Command, context: CommandContext): void {
  const consent = program
    .command('consent')
    .description('Consents: who allowed or refused what, to whom, for which purpose');
  addRecord(consent, context, {
    name: 'grant',
    state: 'given',
    description: 'Record that a data subject consents',
  });
  addRecord(consent, context, {
    name: 'refuse',
    state: 'refused',
    description: 'Record that a data subject was asked and said no',
  });
  addChange(consent, context, 'withdraw', 'withdrawn');
  addChange(consent, context, 'renew', 'renewed');
  addList(consent, context);
  addReceipt(consent, context);
  addVerifyReceipt(consent, context);
}

interface RecordCommand {
  readonly name: string;
  readonly state: string;
  readonly description: string;
}

function addRecord(
  consent: Command,
  context: CommandContext,
  { name, state, description }: RecordCommand,
): void {
  const expression = new Option('--expression <kind>', 'how it was said')
    .choices(['explicit', 'expressed', 'implied'])
    .default('explicit');
  addExamples(
    consent
      .command(name)
      .argument('<subject>', SUBJECT_ARGUMENT)
      .requiredOption('--purpose <id>', 'what for, as in dpv:ScientificResearch')
      .option('--recipient <name>', 'to whom (default: everybody)')
      .option('--table <table...>', 'of which tables (default: all)')
      .requiredOption('--controller <name>', 'who decides on purposes and means')
      .option('--basis <id>', 'legal basis', 'eu-gdpr:A6-1-a')
      .addOption(expression)
      .option('--method <text>', 'how it was obtained: form, call, …')
      .option('--jurisdiction <name>', 'whose law holds')
      .option(
        '--expires <duration>',
        'how long it holds: 365d (default: until withdrawn)',
        parseDuration,
      )
      .option('--notice-uri <uri>', 'where the text stands that was shown')
      .option('--notice-language <tag>', 'its language', 'en')
      .option('--notice-file <file>', 'the text itself: its SHA-256 is recorded')
      .description(description),
    [
      `verity consent ${name} @subject.txt --purpose dpv:ScientificResearch \\`,
      '    --recipient "Northfield University" --controller "The clinic" --expires 365d',
    ],
  ).action(async (subject: string, options: RecordOptions, command: Command) => {
    if ((options.noticeUri === undefined) !== (options.noticeFile === undefined)) {
      command.error('error: give --notice-uri and --notice-file together');
    }
    const body = { subject: readSubject(subject), state, ...(await recordBody(options)) };
    await context.connect(async (connection) => {
      const call = { method: 'POST', path: '/admin/v1/consents', body } as const;
      const answer = await connection.json(call);
      context.show(answer, () => escapeControls(textOf(answer, 'consent_id')));
      context.say(`Recorded at offset ${numberOf(answer, 'offset')}, ${state} from there on.`);
    });
  });
}

async function recordBody(options: RecordOptions): Promise<JsonObject> {
  const { recipient, method, jurisdiction, expires, noticeUri, noticeFile } = options;
  return {
    purpose: options.purpose,
    tables: options.table ?? '*',
    controller: options.controller,
    legal_basis: options.basis,
    expression: options.expression,
    ...(recipient === undefined ? {} : { recipient }),
    ...(method === undefined ? {} : { method }),
    ...(jurisdiction === undefined ? {} : { jurisdiction }),
    ...(expires === undefined ? {} : { expires_at: momentIn(expires) }),
    ...(noticeUri === undefined || noticeFile === undefined
      ? {}
      : {
          notice: {
            uri: noticeUri,
            language: options.noticeLanguage ?? 'en',
            sha256: await sha256OfFile(noticeFile),
          },
        }),
  };
}

function momentIn(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString();
}

async function sha256OfFile(path: string): Promise<string> {
  const { nativeCrypto } = await import('@veritydb/crypto/native');
  const text = await readTextFile(path);
  return Buffer.from(nativeCrypto.sha256(Buffer.from(text))).toString('hex');
}

function addChange(consent: Command, context: CommandContext, name: string, state: string): void {
  addExamples(
    consent
      .command(name)
      .argument('<id>', 'id of the consent, as `verity consent list` shows it')
      .option('--expires <duration>', 'new end of a consent that is renewed', parseDuration)
      .description(`Record that a consent is ${state}: in force from that record on`),
    [`verity consent ${name} 5f2c…`],
  ).action(async (id: string, { expires }: { readonly expires?: number }) => {
    await context.connect(async (connection) => {
      const path = `/admin/v1/consents/${encodeURIComponent(id)}/state`;
      const body = { state, ...(expires === undefined ? {} : { expires_at: momentIn(expires) }) };
      const answer = await connection.json({ method: 'POST', path, body });
      if (context.isJson) context.show(answer, () => '');
      context.say(
        `${escapeControls(id)} is ${state} from offset ${numberOf(answer, 'offset')} on.`,
      );
    });
  });
}

function addList(consent: Command, context: CommandContext): void {
  addExamples(
    consent
      .command('list')
      .argument('[subject]', `${SUBJECT_ARGUMENT} (default: everybody)`)
      .description('List consents and their states; nobody is named'),
    ['verity consent list', 'verity consent list @subject.txt'],
  ).action(async (subject: string | undefined) => {
    const body = subject === undefined ? {} : { subject: readSubject(subject) };
    await context.connect(async (connection) => {
      const path = '/admin/v1/consents/search';
      const answer = await connection.json({ method: 'POST', path, body });
      const members = ['consent_id', 'state', 'recipient', 'purpose', 'expires_at', 'offset'];
      const rows = objectsOf(answer, 'consents').map((entry) =>
        members.map((member) => entry[member] ?? null),
      );
      context.show(answer, () =>
        formatTable(['consent', 'state', 'recipient', 'purpose', 'expires', 'offset'], rows),
      );
    });
  });
}

function addReceipt(consent: Command, context: CommandContext): void {
  addExamples(
    consent
      .command('receipt')
      .argument('<id>', 'id of the consent')
      .description(
        'Print the receipt of a consent: proven in the log, for the data subject to keep',
      ),
    ['verity consent receipt 5f2c… > consent.receipt'],
  ).action(async (id: string) => {
    await context.connect(async (connection) => {
      const path = `/admin/v1/consents/${encodeURIComponent(id)}/receipt`;
      const receipt = await connection.text({ method: 'GET', path });
      context.show({ receipt: receipt.trimEnd() }, () => receipt.trimEnd());
    });
  });
}

function addVerifyReceipt(consent: Command, context: CommandContext): void {
  addExamples(
    consent
      .command('verify-receipt')
      .argument('<file>', 'receipt that `verity consent receipt` printed')
      .requiredOption('--key-file <file>', "the log's public key, from a source that you trust")
      .description('Check a receipt offline, and show what it says'),
    ['verity consent verify-receipt consent.receipt --key-file log.key'],
  ).action(async (path: string, { keyFile }: { readonly keyFile: string }) => {
    const [{ verifyRowReceipt }, { nativeCrypto }] = await Promise.all([
      import('@veritydb/bundle'),
      import('@veritydb/crypto/native'),
    ]);
    const key = (await readTextFile(keyFile)).trim();
    const receipt = (await readTextFile(path)).trimEnd();
    const { header, origin, table, values } = verifyRowReceipt(nativeCrypto, receipt, key);
    const shown = ['consent_id', 'state', 'controller', 'recipient', 'purpose', 'legal_basis'];
    const facts = Object.fromEntries(
      shown.map((name) => {
        const value = values.get(name);
        return [name, typeof value === 'string' ? value : ''];
      }),
    );
    context.show({ origin, offset: header.offset, table, ...facts }, () =>
      [
        `ok, record ${header.offset} of ${escapeControls(origin)}`,
        ...Object.entries(facts).map(
          ([name, value]) => `${name.padEnd(12)} ${escapeControls(value)}`,
        ),
      ].join('\n'),
    );
  });
}
