/**
 * The configuration of an MCP client, each in its own words. No token stands in any: programs that are
 * started read its file, clients that speak HTTP take it from where they keep secrets.
 */

import type { JsonObject } from '@veritydb/types';

import { formatJson } from './escape.ts';

export interface ClientWay {
  /** Origin of the server. */
  readonly origin: string;
  /** Starts `verity-mcp`, with where the token stands. */
  readonly stdio: JsonObject;
}

export interface McpClient {
  readonly title: string;
  /** Where its configuration is. */
  readonly file: string;
  /** How it comes by the token. */
  readonly token: string;
  readonly configure: (way: ClientWay) => string;
}

const NAME = 'veritydb';
const FROM_FILE = 'the program reads it from the token file';
const FROM_VARIABLE = 'from the variable VERITY_TOKEN';

const json =
  (members: (way: ClientWay) => JsonObject): McpClient['configure'] =>
  (way) =>
    formatJson(members(way));

const http = (way: ClientWay, place: 'url' | 'httpUrl' | 'serverUrl', variable: string) => ({
  [place]: `${way.origin}/mcp`,
  headers: { Authorization: `Bearer ${variable}` },
});

export const MCP_CLIENTS: Readonly<Record<string, McpClient>> = {
  'claude-desktop': {
    title: 'Claude Desktop',
    file: 'claude_desktop_config.json (Settings, Developer, Edit Config)',
    token: FROM_FILE,
    configure: json(({ stdio }) => ({ mcpServers: { [NAME]: stdio } })),
  },
  'claude-code': {
    title: 'Claude Code',
    file: '.mcp.json of the project',
    token: FROM_VARIABLE,
    configure: json((way) => ({
      mcpServers: { [NAME]: { type: 'http', ...http(way, 'url', '${VERITY_TOKEN}') } },
    })),
  },
  vscode: {
    title: 'VS Code',
    file: '.vscode/mcp.json of the workspace',
    token: 'it asks once, and keeps it among its secrets',
    configure: json((way) => ({
      inputs: [
        { type: 'promptString', id: 'verity-token', description: 'VerityDB token', password: true },
      ],
      servers: { [NAME]: { type: 'http', ...http(way, 'url', '${input:verity-token}') } },
    })),
  },
  cursor: {
    title: 'Cursor',
    file: '.cursor/mcp.json of the project, or ~/.cursor/mcp.json',
    token: FROM_VARIABLE,
    configure: json((way) => ({ mcpServers: { [NAME]: http(way, 'url', '${env:VERITY_TOKEN}') } })),
  },
  codex: {
    title: 'Codex',
    file: '~/.codex/config.toml',
    token: FROM_VARIABLE,
    configure: ({ origin }) =>
      [
        `[mcp_servers.${NAME}]`,
        `url = ${JSON.stringify(`${origin}/mcp`)}`,
        'bearer_token_env_var = "VERITY_TOKEN"',
      ].join('\n'),
  },
  'gemini-cli': {
    title: 'Gemini CLI',
    file: '.gemini/settings.json of the project, or ~/.gemini/settings.json',
    token: FROM_VARIABLE,
    configure: json((way) => ({ mcpServers: { [NAME]: http(way, 'httpUrl', '$VERITY_TOKEN') } })),
  },
  windsurf: {
    title: 'Windsurf',
    file: '~/.codeium/windsurf/mcp_config.json',
    token: FROM_VARIABLE,
    configure: json((way) => ({
      mcpServers: { [NAME]: http(way, 'serverUrl', '${env:VERITY_TOKEN}') },
    })),
  },
};
