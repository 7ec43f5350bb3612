#!/usr/bin/env node
/** `verity-mcp`: MCP over stdio for desktop clients. Exit codes: 0 closed by the client, 2 usage. */

import { VerityError } from '@veritydb/types';

import { runBridge } from './bridge.ts';
import { BridgeError } from './error.ts';
import { readSettings } from './settings.ts';

const VERSION = '0.1.0';
const USAGE = `verity-mcp ${VERSION}: MCP over stdio, for a VerityDB server

In your MCP client's configuration:

  {"mcpServers": {"veritydb": {
    "command": "verity-mcp",
    "env": {"VERITY_URL": "http://127.0.0.1:7420",
            "VERITY_TOKEN_FILE": "/path/to/verity.token"}}}}

  VERITY_URL         address of the server
  VERITY_TOKEN_FILE  file with the token, readable by you alone (chmod 600)
  VERITY_TOKEN       or the token itself

It takes no arguments: what stands on a command line is no secret.
`;

function report(line: string): void {
  process.stderr.write(`verity-mcp: ${line}\n`);
}

try {
  const [argument] = process.argv.slice(2);
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(USAGE);
  } else if (argument === undefined) {
    const settings = await readSettings(process.env);
    const { stdin: input, stdout: output } = process;
    await runBridge({ ...settings, version: VERSION, input, output, report });
  } else {
    throw new BridgeError('ERR_BRIDGE_ARGUMENTS', 'no arguments are taken', {
      hint: 'Run verity-mcp --help.',
    });
  }
} catch (error) {
  if (!(error instanceof VerityError)) throw error;
  report(`${error.code}: ${error.message}`);
  if (error.hint !== undefined) report(`→ ${error.hint}`);
  process.exitCode = 2;
}
