/**
 * The public face of every package, held in `test/public-api/`: a name that comes or goes is seen in a
 * review. After an intended change: `npx vitest run test/public-api.test.ts -u`.
 */

import { basename } from 'node:path';

import { describe, expect, it } from 'vitest';

import { filesUnder, readText, workspacePackages } from './tree.ts';

const published = workspacePackages().filter(({ entries }) => entries.size > 0);

/** Names that an entry exports, sorted; types are marked. */
function exportedNames(path: string): readonly string[] {
  const text = readText(path).replaceAll(/\/\*.*?\*\/|^\s*\/\/.*$/gms, '');
  expect(text, `${path} lists what it exports by name`).not.toMatch(/export \*/);
  const names: string[] = [];
  for (const [, kind, list = ''] of text.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    for (const item of list
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '')) {
      const isType = kind !== undefined || item.startsWith('type ');
      const name = item.replace(/^type /, '').replace(/^.* as /, '');
      names.push(isType ? `type ${name}` : name);
    }
  }
  const declarations =
    /^export (?:declare )?(?:(type|interface)|(?:async )?(?:abstract )?(?:const|function\*?|class)) (\w+)/gm;
  for (const [, kind, name = ''] of text.matchAll(declarations)) {
    names.push(kind === undefined ? name : `type ${name}`);
  }
  return names.toSorted();
}

describe('public names', () => {
  it.each(published)('of $name are those that were agreed on', async ({ folder, entries }) => {
    const faces = [...entries].map(([entry, path]) => [entry, ...exportedNames(path)].join('\n  '));
    await expect(`${faces.join('\n')}\n`).toMatchFileSnapshot(`public-api/${basename(folder)}.txt`);
  });

  it('are held for packages that there are', () => {
    const held = filesUnder('test/public-api').map((path) => basename(path, '.txt'));
    expect(held.toSorted()).toEqual(published.map(({ folder }) => basename(folder)).toSorted());
  });

  it('are found in every entry', () => {
    for (const { entries } of published) {
      for (const path of entries.values()) expect(exportedNames(path), path).not.toEqual([]);
    }
  });
});
