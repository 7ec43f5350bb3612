/** What the server says of itself, in either generation of the protocol. */

import { INSTRUCTIONS } from './tools.ts';

export interface ServerFacts {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly instructions: string;
}

type None = Record<string, never>;

export const CAPABILITIES: {
  readonly tools: None;
  readonly resources: None;
  readonly prompts: None;
  readonly completions: None;
} = { tools: {}, resources: {}, prompts: {}, completions: {} };

export function serverFacts(version: string): ServerFacts {
  return { name: 'veritydb', title: 'VerityDB', version, instructions: INSTRUCTIONS };
}
