/** What the server says when it is up: where its doors are, and how to give a model a way in. */

export interface Doors {
  readonly version: string;
  readonly dataFolder: string;
  readonly url: string;
}

/** The command line, as it is started where this server was started. */
const VERITY = import.meta.url.endsWith('.ts') ? 'npm run -s verity --' : 'verity';

/** A ready entry for MCP clients that speak HTTP. */
function httpClientConfig(url: string): string {
  const headers = { Authorization: 'Bearer ${VERITY_TOKEN}' };
  return pretty({ mcpServers: { veritydb: { type: 'http', url: `${url}/mcp`, headers } } });
}

export function welcome({ version, dataFolder, url }: Doors): string {
  return `VerityDB ${version} serves ${dataFolder}

  MCP endpoint   ${url}/mcp
  HTTP API       ${url}/v1
  Documentation  ${url}/docs

Give a language model a way in. First a token, on this machine:

  ${VERITY} --data ${dataFolder} policy activate policies/hipaa-safe-harbor.yaml
  ${VERITY} --data ${dataFolder} token issue --recipient NAME --purpose dpv:ScientificResearch \\
    --policy hipaa-safe-harbor \\
    --allow schema,query,export,verify,audit --table 'TABLE:*' --lifetime 1h --out token.jwt

Then the MCP client's configuration, for clients that speak HTTP:

${httpClientConfig(url)}

or, for clients that start a program, what this prints:

  ${VERITY} --data ${dataFolder} mcp config --token-file token.jwt

Stop with Ctrl-C.
`;
}

function pretty(value: object): string {
  return JSON.stringify(value, null, 2);
}
