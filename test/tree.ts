/** The repository as the tests of this folder see it: its files, its packages, what they import. */

import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';

export const ROOT: string = resolve(import.meta.dirname, '..');

/** Folders that hold no file of the project. */
const FOREIGN: ReadonlySet<string> = new Set([
  'node_modules',
  'dist',
  '.git',
  '.verity',
  'coverage',
]);

/** Paths of all files under a folder, relative to the root, with `/`, sorted. */
export function filesUnder(folder: string): readonly string[] {
  const found = readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return FOREIGN.has(entry.name) ? [] : filesUnder(path);
    return entry.isFile() ? [path.split(sep).join('/')] : [];
  });
  return found.toSorted();
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** A package of the workspace. */
export interface WorkspacePackage {
  readonly name: string;
  /** Relative to the root: `packages/core/query`. */
  readonly folder: string;
  /** The folder above it: `core`, or `apps`, or `examples`. */
  readonly layer: string;
  readonly dependencies: readonly string[];
  /** Folders that its tsconfig.json refers to, relative to the root. */
  readonly references: readonly string[];
  /** Entry points by the name that is imported, as files relative to the root. */
  readonly entries: ReadonlyMap<string, string>;
}

interface PackageJson {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, { readonly 'veritydb:source': string }>>;
}

interface TsConfig {
  readonly references?: readonly { readonly path: string }[];
}

export function workspacePackages(): readonly WorkspacePackage[] {
  return ['packages', 'apps', 'examples']
    .flatMap(filesUnder)
    .filter((path) => path.endsWith('/package.json'))
    .map((path) => toPackage(path.slice(0, -'/package.json'.length)));
}

function toPackage(folder: string): WorkspacePackage {
  const json = JSON.parse(readText(`${folder}/package.json`)) as PackageJson;
  const config = JSON.parse(readText(`${folder}/tsconfig.json`)) as TsConfig;
  const parts = folder.split('/');
  return {
    name: json.name,
    folder,
    layer: parts.at(-2) ?? '',
    dependencies: Object.keys(json.dependencies ?? {}).toSorted(),
    references: (config.references ?? [])
      .map(({ path }) =>
        relative(ROOT, resolve(ROOT, folder, path))
          .split(sep)
          .join('/'),
      )
      .toSorted(),
    entries: new Map(
      Object.entries(json.exports ?? {}).map(([entry, conditions]) => [
        join(json.name, entry).split(sep).join('/'),
        join(folder, conditions['veritydb:source']).split(sep).join('/'),
      ]),
    ),
  };
}

const IMPORT =
  /(?:^|[\s;}<[(])(?:from|import)\s*\(?\s*'([\w@./:-]+)'|import\.meta\.resolve\('([\w@./:-]+)'\)/gm;

/** What a TypeScript file imports, as it is written. */
export function importsOf(path: string): readonly string[] {
  return [...readText(path).matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '');
}

/** The package of an import: `node:fs` and relative paths have none. */
export function packageOf(specifier: string): string | null {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return null;
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}
