/** `verity mcp config`: what to paste into an MCP client. The token stays in its file. */

import { resolve } from 'node:path';

import { type Command, InvalidArgumentError } from 'commander';

import { findServer } from '../connection.ts';
import type { CommandContext } from '../context.ts';
import { formatJson } from '../escape.ts';
import { addExamples } from '../examples.ts';
import { isLoopback } from '../loopback.ts';
import { readSecretFile } from '../secret-file.ts';
import { siblingCommand } from '../sibling.ts';

/** Where a server listens that was told nothing else. */
const URL_DEFAULT = 'http://127.0.0.1:7420';

interface ConfigOptions {
  readonly tokenFile: string;
  readonly url?: string;
}

export function addMcpCommand(program: Command, context: CommandContext): void {
  const mcp = program.command('mcp').description('The way in for language models');
  addExamples(
    mcp
      .command('config')
      .requiredOption('--token-file <file>', 'file that holds the token')
      .option('--url <url>', 'where the client reaches the server', parseUrl)
      .description('Print a ready configuration for MCP clients, over stdio and over HTTP'),
    [
      'verity mcp config --token-file token.jwt',
      'verity mcp config --token-file token.jwt --url https://verity.example.org --json',
    ],
  ).action(async ({ tokenFile, url }: ConfigOptions) => {
    // Read to be sure that the client will be able to: nothing of it is printed.
    await readSecretFile(tokenFile);
    const origin = url ?? (await liveOrigin(context)) ?? URL_DEFAULT;
    const { command, args } = siblingCommand('mcp', []);
    const env = { VERITY_URL: origin, VERITY_TOKEN_FILE: resolve(tokenFile) };
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

/** As the clients will take it: tokens go over TLS, or do not leave this machine. */
function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isBare = url !== null && url.origin === text.replace(/\/$/, '');
  if (isBare && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))) {
    return url.origin;
  }
  throw new InvalidArgumentError('Expected https://host[:port], or http:// on this machine.');
}
