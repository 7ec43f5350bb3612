#!/usr/bin/env node
/** `verity`: the command line. */

import { runProgram } from './program.ts';
import { processTerminal } from './terminal.ts';

// A reader that has seen enough (`verity audit | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await runProgram(process.argv.slice(2), processTerminal());
