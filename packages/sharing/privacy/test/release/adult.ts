/** The Adult data with its hierarchies, from the folder of shared data. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type QuasiColumn, parseHierarchy } from '../../src/index.ts';

export interface Adult {
  readonly names: readonly string[];
  readonly columnOf: (name: string) => QuasiColumn;
  readonly valuesOf: (name: string) => readonly string[];
}

export function readAdult(shared: string): Adult {
  const folder = join(shared, 'data/adult');
  const [head = '', ...lines] = readFileSync(join(folder, 'adult.csv'), 'utf8')
    .trim()
    .split(/\r?\n/);
  const names = head.split(';');
  const rows = lines.map((line) => line.split(';'));
  const valuesOf = (name: string): readonly string[] => {
    const index = names.indexOf(name);
    return rows.map((row) => row[index] as string);
  };
  return {
    names,
    valuesOf,
    columnOf: (name) => ({
      name,
      values: valuesOf(name),
      hierarchy: parseHierarchy(readFileSync(join(folder, `adult_hierarchy_${name}.csv`), 'utf8')),
    }),
  };
}
