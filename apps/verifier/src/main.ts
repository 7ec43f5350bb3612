#!/usr/bin/env node
/** verity-verify: checks an export bundle on the recipient's own machine. Opens no connection. */

import { runVerifier } from './verifier.ts';

process.exitCode = runVerifier(process.argv.slice(2), {
  out: (text) => {
    process.stdout.write(text);
  },
  error: (text) => {
    process.stderr.write(text);
  },
  color: process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '',
});
