/**
 * Configurations against what each vendor documents, closed: a member that a client does not know is left
 * unread by most of them, and nobody would notice.
 */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { describe, expect, it } from 'vitest';

import { MCP_CLIENTS } from '../src/mcp-clients.ts';

const ORIGIN = 'https://verity.example.org';
const URL_ = `${ORIGIN}/mcp`;
const stdio = {
  command: 'node',
  args: ['verity-mcp.js'],
  env: { VERITY_URL: ORIGIN, VERITY_TOKEN_FILE: 'token.jwt' },
};

/** The whole of what each client reads. */
const EXPECTED: Readonly<Record<string, unknown>> = {
  // modelcontextprotocol.io, "Connect to local MCP servers".
  'claude-desktop': { mcpServers: { veritydb: stdio } },
  // code.claude.com/docs/en/mcp, "Environment variable expansion in .mcp.json".
  'claude-code': {
    mcpServers: {
      veritydb: {
        type: 'http',
        url: URL_,
        headers: { Authorization: 'Bearer ${VERITY_TOKEN}' },
      },
    },
  },
  // code.visualstudio.com/docs/copilot/reference/mcp-configuration.
  vscode: {
    inputs: [
      { type: 'promptString', id: 'verity-token', description: 'VerityDB token', password: true },
    ],
    servers: {
      veritydb: {
        type: 'http',
        url: URL_,
        headers: { Authorization: 'Bearer ${input:verity-token}' },
      },
    },
  },
  // cursor.com/docs/mcp, "Config interpolation".
  cursor: {
    mcpServers: {
      veritydb: { url: URL_, headers: { Authorization: 'Bearer ${env:VERITY_TOKEN}' } },
    },
  },
  // Gemini CLI, docs/tools/mcp-server.md: httpUrl is Streamable HTTP, url would be SSE.
  'gemini-cli': {
    mcpServers: {
      veritydb: { httpUrl: URL_, headers: { Authorization: 'Bearer $VERITY_TOKEN' } },
    },
  },
  // docs.windsurf.com, "Remote HTTP MCPs".
  windsurf: {
    mcpServers: {
      veritydb: { serverUrl: URL_, headers: { Authorization: 'Bearer ${env:VERITY_TOKEN}' } },
    },
  },
};

/** A table of TOML with texts alone. */
function parseToml(text: string): Record<string, Record<string, string>> {
  const tables: Record<string, Record<string, string>> = {};
  let table: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const heading = /^\[([a-z_.]+)\]$/.exec(line)?.[1];
    const pair = /^([a-z_]+) = (".*")$/.exec(line);
    if (heading === undefined && pair === null) throw new Error(line);
    if (heading === undefined) table[pair?.[1] ?? ''] = JSON.parse(pair?.[2] ?? '') as string;
    else tables[heading] = table = {};
  }
  return tables;
}

describe('configurations of MCP clients', () => {
  it.each(Object.keys(EXPECTED))('%s', (name) => {
    const text = MCP_CLIENTS[name]?.configure({ origin: ORIGIN, stdio }) ?? '';
    expect(JSON.parse(text)).toEqual(EXPECTED[name]);
  });

  it('codex, which reads TOML', () => {
    const text = MCP_CLIENTS['codex']?.configure({ origin: ORIGIN, stdio }) ?? '';
    expect(parseToml(text)).toEqual({
      'mcp_servers.veritydb': { url: URL_, bearer_token_env_var: 'VERITY_TOKEN' },
    });
  });

  it('are all checked, and all in the document', () => {
    expect(Object.keys(MCP_CLIENTS).toSorted()).toEqual(
      [...Object.keys(EXPECTED), 'codex'].toSorted(),
    );
    const page = readFileSync(resolve(import.meta.dirname, '../../../docs/MCP.md'), 'utf8');
    for (const [name, { title, file }] of Object.entries(MCP_CLIENTS)) {
      expect(page).toContain(`| ${title}`);
      expect(page).toContain(`\`--client ${name}\``);
      expect(page).toContain(/[\w./~-]+\.(?:json|toml)/.exec(file)?.[0] ?? '?');
    }
  });
});
