/**
 * `npm run build:verifier`: the verifier as one file for Node and as one page for a browser, neither of
 * which needs anything beside it. The same sources give the same bytes; their digests stand in SHA256SUMS.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { VERIFIER_FOLDER, buildStandaloneVerifiers } from './standalone-verifier.ts';

const files = await buildStandaloneVerifiers();
mkdirSync(VERIFIER_FOLDER, { recursive: true });
for (const [name, text] of files) {
  writeFileSync(join(VERIFIER_FOLDER, name), text);
  process.stdout.write(`${join(VERIFIER_FOLDER, name)}, ${Buffer.byteLength(text)} bytes\n`);
}
process.stdout.write(files.get('SHA256SUMS') ?? '');
