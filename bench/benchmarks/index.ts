/** All benchmarks, in the order in which data moves: cryptography, log, kernel, end to end (S151). */

import type { Benchmark } from '../benchmark.ts';
import { authorizeQuery } from './authorize.ts';
import { bundleVerify } from './bundle-verify.ts';
import { detectText } from './detect-text.ts';
import { durableAppend } from './durable-append.ts';
import { durableWrite, durableWriteNewSubjects } from './durable-write.ts';
import { groupCommit } from './group-commit.ts';
import { kernelApply } from './kernel-apply.ts';
import { inclusionProof, verifiedRead } from './log-depth.ts';
import { mcpCall } from './mcp-call.ts';
import { projectionWrite } from './projection.ts';
import { provider } from './provider.ts';
import { pointGet, pointGetVersions, range, textToRow } from './reads.ts';
import { recordPipeline } from './record-pipeline.ts';
import { singleSync } from './single-sync.ts';
import { stateProof, stateWrite } from './state-trie.ts';
import { statementParse } from './statement-parse.ts';
import { transformDeterministic, transformFpe, transformToken } from './transforms.ts';

export const BENCHMARKS: readonly Benchmark[] = [
  provider,
  recordPipeline,
  singleSync,
  durableAppend,
  groupCommit,
  verifiedRead,
  inclusionProof,
  stateProof,
  stateWrite,
  kernelApply,
  durableWrite,
  durableWriteNewSubjects,
  projectionWrite,
  pointGet,
  pointGetVersions,
  textToRow,
  range,
  statementParse,
  authorizeQuery,
  transformToken,
  transformFpe,
  transformDeterministic,
  detectText,
  mcpCall,
  bundleVerify,
];
