/** The house as its folders say it: layers, what may import what, and where nothing impure may stand. */

import { describe, expect, it } from 'vitest';

import {
  type WorkspacePackage,
  filesUnder,
  importsOf,
  packageOf,
  readText,
  workspacePackages,
} from './tree.ts';

/** From the ground up: a package imports its own layer and those below. */
const LAYERS = ['foundation', 'core', 'coordination', 'sharing', 'protocol', 'sdk', 'apps'];
/** Rooms that are pure although they stand above `coordination`. */
const PURE_ABOVE: ReadonlySet<string> = new Set([
  'packages/sharing/bundle',
  'packages/sharing/privacy',
  'packages/sharing/access',
]);
/** The one file below `coordination` that may use Node. */
const NATIVE = 'packages/foundation/crypto/src/native.ts';
/** Programs that are themselves for tests: they run the simulator, and are part of no product. */
const FOR_TESTS: ReadonlySet<string> = new Set(['apps/vopr']);
/** Loaded by development alone, when a worker starts from sources. */
const DEVELOPMENT: ReadonlySet<string> = new Set(['tsx']);

const packages = workspacePackages();
const byName = new Map(packages.map((one) => [one.name, one]));

function sourcesOf(one: WorkspacePackage): readonly string[] {
  return filesUnder(`${one.folder}/src`).filter((path) => path.endsWith('.ts'));
}

/** Packages that the sources of one import, each once, sorted. */
function importedBy(one: WorkspacePackage): readonly string[] {
  const names = sourcesOf(one).flatMap(importsOf).map(packageOf);
  const others = names.filter((name) => name !== null && name !== one.name);
  return [...new Set(others as string[])].filter((name) => !DEVELOPMENT.has(name)).toSorted();
}

const workspaceImports = new Map(
  packages.map((one) => [one.name, importedBy(one).filter((name) => byName.has(name))]),
);

function isPure({ folder, layer }: WorkspacePackage): boolean {
  return layer === 'foundation' || layer === 'core' || PURE_ABOVE.has(folder);
}

describe('layers', () => {
  it('knows every folder of packages', () => {
    const layers = new Set(packages.map(({ layer }) => layer));
    expect([...layers].toSorted()).toEqual([...LAYERS, 'examples', 'testing'].toSorted());
  });

  it.each(packages)('$name imports its own layer and those below', (one) => {
    const height = (layer: string): number => {
      const index = LAYERS.indexOf(layer);
      return index < 0 ? LAYERS.length : index;
    };
    for (const name of workspaceImports.get(one.name) ?? []) {
      const other = byName.get(name) as WorkspacePackage;
      expect(height(other.layer), `${one.name} imports ${name}`).toBeLessThanOrEqual(
        FOR_TESTS.has(one.folder) ? LAYERS.length : height(one.layer),
      );
    }
  });

  it('has no cycle between packages', () => {
    const done = new Set<string>();
    const visit = (name: string, path: readonly string[]): void => {
      expect(path, 'a cycle').not.toContain(name);
      if (done.has(name)) return;
      for (const next of workspaceImports.get(name) ?? []) visit(next, [...path, name]);
      done.add(name);
    };
    for (const { name } of packages) visit(name, []);
    expect(done.size).toBe(packages.length);
  });

  it('keeps what is for tests, and the examples, out of the sources', () => {
    const products = packages.filter(
      ({ folder, layer }) => layer !== 'testing' && !FOR_TESTS.has(folder),
    );
    for (const one of products) {
      const layers = (workspaceImports.get(one.name) ?? []).map((name) => byName.get(name)?.layer);
      expect(layers, one.name).not.toContain('testing');
      expect(layers, one.name).not.toContain('examples');
    }
  });
});

describe('rooms', () => {
  it.each(packages)('S064: $name is no stub: it has sources, and tests of them', (one) => {
    expect(sourcesOf(one)).not.toEqual([]);
    expect(filesUnder(`${one.folder}/test`).some((path) => path.endsWith('.test.ts'))).toBe(true);
    const unmade = sourcesOf(one).filter((path) => /not (yet )?implemented/i.test(readText(path)));
    expect(unmade).toEqual([]);
  });
});

describe('declarations', () => {
  it.each(packages)('$name declares what it imports, and no more', (one) => {
    expect(one.dependencies).toEqual(importedBy(one));
  });

  it.each(packages)('$name refers in its tsconfig to the packages that it imports', (one) => {
    const folders = (workspaceImports.get(one.name) ?? []).map(
      (name) => byName.get(name)?.folder ?? name,
    );
    expect(one.references).toEqual(folders.toSorted());
  });

  it('compiles every package from the root', () => {
    for (const file of ['tsconfig.json', 'tsconfig.test.json']) {
      const { references } = JSON.parse(readText(file)) as {
        readonly references: readonly { readonly path: string }[];
      };
      const paths = references.map(({ path }) => path);
      expect(paths, file).toEqual(expect.arrayContaining(packages.map(({ folder }) => folder)));
    }
  });
});

describe('what comes from others', () => {
  const foreignOf = (one: WorkspacePackage): readonly string[] =>
    importedBy(one).filter((name) => !byName.has(name));

  it('S058: no database stands under the views, of a library or of Node', () => {
    const rooms = packages.filter(({ layer }) =>
      ['foundation', 'core', 'coordination'].includes(layer),
    );
    const foreign = new Set(rooms.flatMap(foreignOf).filter((name) => !name.startsWith('@noble/')));
    expect([...foreign]).toEqual(['node-sql-parser']);
    const files = packages.flatMap(sourcesOf);
    expect(files.filter((path) => importsOf(path).includes('node:sqlite'))).toEqual([]);
  });

  it('S059: the types stand on nothing at all', () => {
    expect(importedBy(byName.get('@veritydb/types') as WorkspacePackage)).toEqual([]);
  });
});

describe('purity', () => {
  // S012: what is pure is handed its ports.
  it.each(packages.filter(isPure))('$name uses nothing of Node', (one) => {
    const impure = sourcesOf(one).filter(
      (path) => path !== NATIVE && importsOf(path).some((name) => name.startsWith('node:')),
    );
    expect(impure).toEqual([]);
  });

  it('S063: foundation and core are synchronous: no runtime decides when they go on', () => {
    const rooms = packages.filter(({ layer }) => layer === 'foundation' || layer === 'core');
    const waiting = rooms
      .flatMap(sourcesOf)
      .filter((path) => /\b(async|await|Promise|setTimeout|setImmediate)\b/.test(readText(path)));
    expect(waiting).toEqual([]);
  });

  it('finds the one file that does', () => {
    expect(importsOf(NATIVE)).toContain('node:crypto');
  });

  it('keeps the native provider out of what a browser loads', () => {
    const entries = sourcesOf(byName.get('@veritydb/bundle') as WorkspacePackage).flatMap(
      importsOf,
    );
    expect(entries).not.toContain('@veritydb/crypto/native');
  });

  it('lets the bundle stand on types, crypto and merkle alone', () => {
    expect(workspaceImports.get('@veritydb/bundle')).toEqual([
      '@veritydb/crypto',
      '@veritydb/merkle',
      '@veritydb/types',
    ]);
  });

  it('lets privacy stand on types and crypto alone', () => {
    expect(workspaceImports.get('@veritydb/privacy')).toEqual([
      '@veritydb/crypto',
      '@veritydb/types',
    ]);
  });
});
