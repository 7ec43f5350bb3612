/**
 * `verity log timestamp`: has an authority (RFC 3161) say when the newest signed checkpoint was there,
 * and checks such a stamp offline.
 *
 * The authority learns a hash and nothing else. What it answers is checked before it is written: that it
 * is of this checkpoint and this request, and signed. Whether the authority is trusted is for who checks.
 */

import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type Checkpoint,
  type TimeStamp,
  buildTimeStampRequest,
  parseCertificates,
  parseCheckpoint,
  parseNote,
  verifyTimeStamp,
  verifyTimeStampBinding,
} from '@veritydb/merkle';
import { type JsonObject, formatTimestamp, utf8Decode } from '@veritydb/types';
import type { Command } from 'commander';

import type { CommandContext } from '../context.ts';
import { CliError } from '../error.ts';
import { escapeControls } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { writeNew } from '../new-file.ts';
import { reasonOf } from '../secret-file.ts';

/** Authorities answer within a second or so. */
const ANSWER_TIMEOUT_MS = 30_000;
const ANSWER_SIZE_MAX = 1 << 20;
const FILE_SIZE_MAX = 4_000_000;
const NONCE_SIZE = 16;

interface StampOptions {
  readonly tsa?: string;
  readonly out?: string;
  readonly verify?: boolean;
  readonly roots?: string;
}

export function addTimestampCommand(log: Command, context: CommandContext): void {
  const command = log
    .command('timestamp')
    .argument('[checkpoint]', 'with --verify: the checkpoint that was stamped')
    .argument('[response]', "with --verify: the authority's answer")
    .option('--tsa <url>', 'authority to ask')
    .option('--out <file>', 'new file for the checkpoint; the answer goes to <file>.tsr')
    .option('--verify', 'check a stamp offline: no server, no network')
    .option('--roots <file>', 'with --verify: PEM of the roots that you trust')
    .description(
      'Have an authority (RFC 3161) stamp the newest signed checkpoint, or check a stamp',
    );
  addExamples(command, [
    'verity log timestamp --tsa https://tsa.example/ --out may.checkpoint',
    'verity log timestamp --verify may.checkpoint may.checkpoint.tsr --roots tsa-root.pem',
  ]).action(
    async (
      checkpoint: string | undefined,
      response: string | undefined,
      { out, roots, tsa, verify }: StampOptions,
    ) => {
      const hasFiles = checkpoint !== undefined && response !== undefined;
      if (verify === true && hasFiles && roots !== undefined && tsa === undefined) {
        await checkStamp(context, { checkpoint, response, roots });
      } else if (verify !== true && checkpoint === undefined && tsa !== undefined) {
        await makeStamp(context, parseAuthority(command, tsa), out);
      } else {
        command.error('error: expected --tsa URL, or --verify CHECKPOINT RESPONSE --roots FILE');
      }
    },
  );
}

function parseAuthority(command: Command, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password !== '') {
    return command.error(
      'error: expected an http or https address, without a password, behind --tsa',
    );
  }
  return url;
}

async function makeStamp(
  context: CommandContext,
  authority: URL,
  out: string | undefined,
): Promise<void> {
  const stamped = await context.connect(async (connection) => {
    const response = await connection.send({
      method: 'GET',
      path: '/v1/checkpoint',
      credential: null,
    });
    return new Uint8Array(await response.arrayBuffer());
  });
  const checkpoint = readCheckpoint(stamped);
  const file = out ?? `log-${checkpoint.size}.checkpoint`;
  const responseFile = `${file}.tsr`;
  for (const path of [file, responseFile]) await expectNothingAt(path);
  const nonce = new Uint8Array(randomBytes(NONCE_SIZE));
  const query = buildTimeStampRequest(nativeCrypto, stamped, nonce);
  const response = await askAuthority(authority, query);
  const stamp = verifyTimeStampBinding(nativeCrypto, { stamped, response, nonce });
  await writeNew(file, stamped);
  await writeNew(responseFile, response);
  show(context, checkpoint, stamp, { file, response: responseFile });
  context.say(`Next: verity log timestamp --verify ${file} ${responseFile} --roots FILE`);
}

/** @throws {CliError} ERR_CLI_TIME_STAMP */
async function askAuthority(url: URL, query: Uint8Array): Promise<Uint8Array> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/timestamp-query',
        accept: 'application/timestamp-reply',
      },
      body: query,
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    const type = response.headers.get('content-type')?.split(';')[0]?.trim();
    if (!response.ok || type !== 'application/timestamp-reply') {
      throw noStamp(url, `status ${response.status}, content type ${type ?? 'missing'}`);
    }
    return await readBounded(url, response);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const { cause } = error as { cause?: unknown };
    throw noStamp(url, error instanceof DOMException ? error.name : reasonOf(cause ?? error));
  }
}

/** Attacker-controlled: an answer without end ends here. */
async function readBounded(url: URL, response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > ANSWER_SIZE_MAX) throw noStamp(url, 'an answer above a mebibyte');
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function noStamp(url: URL, what: string): CliError {
  return new CliError(
    'unavailable',
    'ERR_CLI_TIME_STAMP',
    `the authority at ${url.origin} gave no time stamp: ${what}`,
    { hint: 'Check the address, or ask another authority; nothing was written.' },
  );
}

interface StampFiles {
  readonly checkpoint: string;
  readonly response: string;
  readonly roots: string;
}

async function checkStamp(context: CommandContext, files: StampFiles): Promise<void> {
  const stamped = await readBytes(files.checkpoint);
  const response = await readBytes(files.response);
  const roots = parseCertificates((await readBytes(files.roots)).toString('latin1'));
  const request = { stamped, response, nonce: null };
  const stamp = verifyTimeStamp(nativeCrypto, request, roots);
  show(context, readCheckpoint(stamped), stamp, {});
  context.say('The authority saw this checkpoint then. Whose checkpoint it is, its own key tells.');
}

/** @throws {MerkleError} ERR_MERKLE_NOTE, ERR_MERKLE_CHECKPOINT */
function readCheckpoint(bytes: Uint8Array): Checkpoint {
  return parseCheckpoint(parseNote(utf8Decode(bytes)).text);
}

function show(
  context: CommandContext,
  { origin, size }: Checkpoint,
  stamp: TimeStamp,
  files: JsonObject,
): void {
  const { accuracyMicroseconds, authority, ordering, policy, serial } = stamp;
  const time = formatTimestamp(stamp.time / 1000n);
  const accuracy = accuracyMicroseconds === null ? null : accuracyMicroseconds / 1_000_000;
  const answer = {
    origin,
    size,
    time,
    accuracy_seconds: accuracy,
    authority,
    serial,
    policy,
    ordering,
    ...files,
  };
  context.show(answer, () =>
    [
      `checkpoint  ${origin}, ${size} records`,
      `time        ${time}${accuracy === null ? '' : `, ${accuracy} s either way`}`,
      `authority   ${authority}`,
      `serial      ${serial}`,
      `policy      ${policy}`,
    ]
      .map(escapeControls)
      .join('\n'),
  );
}

async function readBytes(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size <= FILE_SIZE_MAX) return await readFile(path);
  } catch (error) {
    throw new CliError('unavailable', 'ERR_CLI_FILE', `cannot read ${path}: ${reasonOf(error)}`, {
      hint: 'Check the path, and that you may read it.',
    });
  }
  throw new CliError('format', 'ERR_CLI_FILE', `${path} is larger than ${FILE_SIZE_MAX} bytes`, {
    hint: 'Name the file that verity log timestamp wrote.',
  });
}

async function expectNothingAt(path: string): Promise<void> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere) {
    throw new CliError('conflict', 'ERR_CLI_FILE', `${path} exists already`, {
      hint: 'Name a file that does not exist yet.',
    });
  }
}
