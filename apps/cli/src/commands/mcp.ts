/**
 * `verity mcp config`: what to paste into an MCP client, where the token stays in its file. `verity mcp
 * offer`: a grant for a client that asks for its own token.
 */

import { resolve } from 'node:path';

import { type Command, InvalidArgumentError, Option } from 'commander';

import { textOf } from '../answer.ts';
import { findServer } from '../connection.ts';
import type { CommandContext } from '../context.ts';
import { formatJson } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { isLoopback } from '../loopback.ts';
import { MCP_CLIENTS } from '../mcp-clients.ts';
import { readSecretFile } from '../secret-file.ts';
import { siblingCommand } from '../sibling.ts';

/** Where a server listens that was told nothing else. */
const URL_DEFAULT = 'http://127.0.0.1:7420';

interface ConfigOptions {
  readonly tokenFile: string;
  readonly url?: string;
  readonly client?: string;
}

export function addMcpCommand(program: Command, context: CommandContext): void {
  const mcp = program.command('mcp').description('The way in for language models');
  addConfigCommand(mcp, context);
  addOfferCommand(mcp, context);
}

function addConfigCommand(mcp: Command, context: CommandContext): void {
  addExamples(
    mcp
      .command('config')
      .requiredOption('--token-file <file>', 'file that holds the token')
      .option('--url <url>', 'where the client reaches the server', parseUrl)
      .addOption(
        new Option('--client <name>', 'for this client alone, as it wants it').choices(
          Object.keys(MCP_CLIENTS),
        ),
      )
      .description('Print a ready configuration for MCP clients, over stdio and over HTTP'),
    [
      'verity mcp config --token-file token.jwt',
      'verity mcp config --token-file token.jwt --client vscode > .vscode/mcp.json',
      'verity mcp config --token-file token.jwt --url https://verity.example.org --json',
    ],
  ).action(async ({ tokenFile, url, client }: ConfigOptions) => {
    // Read to be sure that the client will be able to: nothing of it is printed.
    await readSecretFile(tokenFile);
    const origin = url ?? (await liveOrigin(context)) ?? URL_DEFAULT;
    const { command, args } = siblingCommand('mcp', []);
    const env = { VERITY_URL: origin, VERITY_TOKEN_FILE: resolve(tokenFile) };
    const known = client === undefined ? undefined : MCP_CLIENTS[client];
    if (known !== undefined) {
      const text = known.configure({ origin, stdio: { command, args, env } });
      context.show({ client: client ?? '', file: known.file, config: text }, () => text);
      context.say(`For ${known.title}: ${known.file}. The token: ${known.token}.`);
      return;
    }
    const stdio = { mcpServers: { veritydb: { command, args, env } } };
    const headers = { Authorization: 'Bearer ${VERITY_TOKEN}' };
    const http = { mcpServers: { veritydb: { type: 'http', url: `${origin}/mcp`, headers } } };
    context.show({ stdio, http }, () =>
      [
        '# Clients that start a program (stdio): paste this into their configuration.',
        formatJson(stdio),
        '',
        '# Clients that speak HTTP, with VERITY_TOKEN set to the text of the token file.',
        formatJson(http),
      ].join('\n'),
    );
  });
}

async function liveOrigin(context: CommandContext): Promise<string | null> {
  const server = await findServer(context.folder, await context.authorities());
  return server?.origin ?? null;
}

function addOfferCommand(mcp: Command, context: CommandContext): void {
  addExamples(
    mcp
      .command('offer')
      .requiredOption('--token-file <file>', 'file that holds the token to cut from')
      .description('Offer a token to a client that asks by OAuth: prints a one-time code'),
    ['verity mcp offer --token-file token.jwt'],
  ).action(async ({ tokenFile }: Pick<ConfigOptions, 'tokenFile'>) => {
    const body = { token: await readSecretFile(tokenFile) };
    await context.connect(async (connection) => {
      const call = { method: 'POST', path: '/admin/v1/authorizations', body } as const;
      const answer = await connection.json(call);
      context.show(answer, () => textOf(answer, 'code'));
      context.say('Type it into the page that the client opens, within ten minutes.');
    });
  });
}

/** As the clients will take it: tokens go over TLS, or do not leave this machine. */
function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isBare = url !== null && url.origin === text.replace(/\/$/, '');
  if (isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))) {
    return url.origin;
  }
  throw new InvalidArgumentError('Expected https://host[:port], or http:// on this machine.');
}
