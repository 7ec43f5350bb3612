/**
 * Generalisation hierarchies of attributes for full-domain models: for each value, what it becomes at each
 * level. Level 0 is the value; every level is a function of the one before, so that groups only merge.
 */

import { PrivacyError } from '../error.ts';

const LINE_COUNT_MAX = 1_000_000;

export interface Hierarchy {
  /** Levels, that of the values themselves counted. */
  readonly levelCount: number;
  /** By value: its spelling at each level, the value itself first. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
}

/** A hierarchy of two levels: the value, and `*`. */
export function flatHierarchy(values: Iterable<string>): Hierarchy {
  const rows = new Map<string, readonly string[]>();
  for (const value of values) rows.set(value, [value, '*']);
  return { levelCount: 2, rows };
}

/**
 * Reads a hierarchy as ARX writes it: a line for each value, its levels separated by semicolons.
 *
 * @throws {PrivacyError} ERR_PRIVACY_HIERARCHY
 */
export function parseHierarchy(text: string): Hierarchy {
  // Attacker-controlled: a file from anywhere.
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  if (lines.length === 0 || lines.length > LINE_COUNT_MAX)
    throw wrong('it has no lines, or too many');
  const rows = new Map<string, readonly string[]>();
  const levelCount = (lines[0] as string).split(';').length;
  // What each spelling of a level becomes on the next: one thing.
  const above: Map<string, string>[] = Array.from({ length: levelCount }, () => new Map());
  for (const [index, line] of lines.entries()) {
    const levels = line.split(';').map((level) => level.trim());
    const [value = ''] = levels;
    if (levels.length !== levelCount) throw wrong(`line ${index + 1} has another number of levels`);
    if (rows.has(value)) throw wrong(`line ${index + 1} repeats a value`);
    for (let level = 0; level + 1 < levelCount; level += 1) {
      const [from, to] = [levels[level] as string, levels[level + 1] as string];
      const known = above[level]?.get(from);
      if (known !== undefined && known !== to) {
        throw wrong(`line ${index + 1} splits on level ${level + 1} what is one on level ${level}`);
      }
      above[level]?.set(from, to);
    }
    rows.set(value, levels);
  }
  return { levelCount, rows };
}

function wrong(what: string): PrivacyError {
  return new PrivacyError('ERR_PRIVACY_HIERARCHY', `not a hierarchy: ${what}`, {
    hint: 'Write a line for each value: value;level 1;level 2;*',
  });
}
