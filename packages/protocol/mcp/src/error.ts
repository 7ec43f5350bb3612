/** What the MCP door itself refuses: codes that a model can act on, never reused. */

import { type ErrorDetail, type ErrorKind, VerityError } from '@veritydb/types';

export type McpErrorCode =
  | 'ERR_MCP_ARGUMENTS'
  | 'ERR_MCP_SCOPE'
  | 'ERR_MCP_CURSOR'
  | 'ERR_MCP_RATE_LIMITED'
  | 'ERR_MCP_INTERNAL';

const KIND: Readonly<Record<McpErrorCode, ErrorKind>> = {
  ERR_MCP_ARGUMENTS: 'format',
  ERR_MCP_SCOPE: 'denied',
  ERR_MCP_CURSOR: 'format',
  ERR_MCP_RATE_LIMITED: 'unavailable',
  ERR_MCP_INTERNAL: 'assertion',
};

/** Named apart from the SDK's `McpError`, which is a JSON-RPC error. */
export class McpDoorError extends VerityError<McpErrorCode> {
  constructor(code: McpErrorCode, message: string, detail?: ErrorDetail) {
    super(KIND[code], code, message, detail);
  }
}
