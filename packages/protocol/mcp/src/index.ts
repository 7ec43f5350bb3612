/** The MCP door: tools free of any SDK, and the adapter for Streamable HTTP. */

export { McpDoorError, type McpErrorCode } from './error.ts';
export { type McpHandler, type McpHandlerOptions, buildMcpHandler } from './handler.ts';
export { type Annotations, type Tool } from './tool.ts';
export { INSTRUCTIONS, TOOLS, toolsFor } from './tools.ts';
