#!/usr/bin/env node
/** `verityd`: opens the database of a folder, made when there is none, and serves it. */

import { ORIGIN_DEFAULT, Verity, isDatabase, openDatabase } from '@veritydb/verity';

import { run } from './run.ts';

process.exitCode = await run(async (folder, { history, syncPolicy }) => {
  if (!isDatabase(folder)) Verity.create(folder, ORIGIN_DEFAULT, process.env);
  return openDatabase(folder, { environment: process.env, history, syncPolicy });
});
