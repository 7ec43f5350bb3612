/**
 * Lets the conformance suites start on Node 20: they import `globSync` of `node:fs`, which came with Node
 * 22, for a command that is not used here. Given to node with `--import`.
 */

import { register } from 'node:module';

const FS = `data:text/javascript,${encodeURIComponent(
  "export * from 'node:fs'; export { default } from 'node:fs'; export const globSync = undefined;",
)}`;

const HOOKS = `export async function resolve(specifier, context, next) {
  const isTheirs = /\\/(conformance|mcp-conformance-next)\\/dist\\//.test(context.parentURL ?? '');
  if (specifier === 'fs' && isTheirs) return { url: ${JSON.stringify(FS)}, shortCircuit: true };
  return next(specifier, context);
}`;

// oxlint-disable-next-line typescript/no-unsafe-call -- no TypeScript: node loads it as it is
register(`data:text/javascript,${encodeURIComponent(HOOKS)}`);
