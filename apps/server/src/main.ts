#!/usr/bin/env node
/** `verityd`: opens the database of a folder and serves it. */

import { openDatabase } from '@veritydb/verity';

import { run } from './run.ts';

process.exitCode = await run(openDatabase);
