#!/usr/bin/env node
/** vopr: runs clusters of replicas under seeds, and makes small what fails. */

import { runVopr } from './vopr.ts';

process.exitCode = runVopr(process.argv.slice(2), {
  out: (text) => {
    process.stdout.write(text);
  },
  error: (text) => {
    process.stderr.write(text);
  },
  nowMs: () => Date.now(),
});
