/** Test vectors that others publish: read where they lie, never copied into the repository. */

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

const ROOT = path.resolve(import.meta.dirname, '../../../..');
const SHARED = path.resolve(ROOT, process.env['VERITYDB_SHARED'] ?? '../shared');

/** Whether the folder is there; says on one line that its suites are skipped where it is not. */
export function hasShared(folder: string): boolean {
  const found = existsSync(path.join(SHARED, folder));
  if (!found) console.info(`skipped: no test vectors in ${folder}`);
  return found;
}

export function sharedBytes(name: string): Uint8Array {
  const bytes = readFileSync(path.join(SHARED, name));
  return Uint8Array.from(name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
}

export function sharedText(name: string): string {
  return new TextDecoder().decode(sharedBytes(name));
}

export function sharedJson(name: string): unknown {
  return JSON.parse(sharedText(name));
}

/** Files below a folder, as names to read. */
export function sharedFiles(folder: string): readonly string[] {
  return readdirSync(path.join(SHARED, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(SHARED, path.join(entry.parentPath, entry.name)))
    .toSorted();
}

/** NIST response files: blocks of `Name = value`, under bracketed parameters that hold until changed. */
export function responseBlocks(text: string): readonly ReadonlyMap<string, string>[] {
  const blocks: ReadonlyMap<string, string>[] = [];
  const parameters = new Map<string, string>();
  let block = new Map<string, string>();
  for (const line of [...text.split(/\r?\n/), '']) {
    const match = /^(\[?)(\w[\w ]*?)(?:\s*=\s*(.*?))?\]?$/.exec(line.trim());
    if (line.trim() === '') {
      if (block.size > 0) blocks.push(new Map([...parameters, ...block]));
      block = new Map();
    } else if (match !== null) {
      const target = match[1] === '[' ? parameters : block;
      target.set(match[2] as string, match[3] ?? '');
    }
  }
  return blocks;
}
