/** The verifier in files that stand alone, as text: nothing is written here. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { build } from 'vite';

const ROOT = resolve(import.meta.dirname, '..');
const SOURCES = join(ROOT, 'apps/verifier/src');
export const VERIFIER_FOLDER: string = join(ROOT, 'apps/verifier/dist/standalone');

/** Texts of the files by their names. */
export async function buildStandaloneVerifiers(): Promise<ReadonlyMap<string, string>> {
  const program = await bundled(join(SOURCES, 'main.ts'), 'node');
  const page = pageOf(await bundled(join(SOURCES, 'page/main.ts'), 'browser'));
  const files = new Map([
    ['verify.html', page],
    ['verity-verify.mjs', program],
  ]);
  const sums = [...files].map(([name, text]) => `${sha256(text, 'hex')}  ${name}\n`).join('');
  return new Map([...files, ['SHA256SUMS', sums]]);
}

function sha256(text: string, encoding: 'base64' | 'hex'): string {
  return createHash('sha256').update(text).digest(encoding);
}

/** One module with all that it imports, but for what Node brings. */
async function bundled(entry: string, place: 'browser' | 'node'): Promise<string> {
  const isNode = place === 'node';
  const conditions = ['veritydb:source', ...(isNode ? ['node'] : ['browser'])];
  const made = await build({
    configFile: false,
    envFile: false,
    logLevel: 'error',
    root: ROOT,
    resolve: { conditions },
    ...(isNode ? { ssr: { noExternal: true, resolve: { conditions } } } : {}),
    build: {
      ...(isNode ? { ssr: true } : {}),
      write: false,
      minify: false,
      target: isNode ? 'node20' : 'es2022',
      modulePreload: false,
      rollupOptions: {
        input: entry,
        output: { format: isNode ? 'es' : 'iife', codeSplitting: false },
      },
    },
  });
  const { output } = Array.isArray(made) ? (made[0] as (typeof made)[number]) : (made as never);
  const [chunk, ...others] = output;
  if (others.length > 0 || chunk.type !== 'chunk') throw new Error(`${entry} is not one file`);
  return chunk.code;
}

/** The page with style and script in it, and a policy that allows these two and nothing else. */
function pageOf(code: string): string {
  const script = code.replaceAll('</script', '<\\/script');
  const style = readFileSync(join(SOURCES, 'page/page.css'), 'utf8');
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${sha256(script, 'base64')}'`,
    `style-src 'sha256-${sha256(style, 'base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const holes: readonly (readonly [hole: string, filled: string])[] = [
    ['content=""', `content="${policy}"`],
    ['<style></style>', `<style>${style}</style>`],
    ['<script></script>', `<script>${script}</script>`],
  ];
  let page = readFileSync(join(SOURCES, 'page/page.html'), 'utf8');
  for (const [hole, filled] of holes) {
    if (page.split(hole).length !== 2) throw new Error(`the page has not one place for ${hole}`);
    page = page.replace(hole, () => filled);
  }
  return page;
}
