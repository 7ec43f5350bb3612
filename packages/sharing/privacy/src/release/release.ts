/**
 * A release of a table under a model: which level each quasi-identifier leaves at, and which records are
 * suppressed. Levels are searched once (full domain, optimal); later releases of the same are held to them.
 */

import { PrivacyError } from '../error.ts';
import type { Hierarchy } from './hierarchy.ts';
import { type ReleaseModel, violations } from './model.ts';
import { findOptimalRelease } from './optimal.ts';
import { QuasiTable } from './quasi-table.ts';
import { type RiskReport, measureRisk } from './risk.ts';

/** Nodes of a lattice that a release is searched in. */
export const RELEASE_NODES_MAX = 50_000;

export interface ReleaseColumn {
  readonly name: string;
  /** Spellings by level, the finest first, then by record. What is equal on one level is so on the next. */
  readonly levels: readonly (readonly string[])[];
}

export interface ReleaseQuestion {
  /** At least one. */
  readonly columns: readonly ReleaseColumn[];
  /** By record, of the sensitive column; null where the model speaks of none. */
  readonly sensitive: readonly string[] | null;
  readonly model: ReleaseModel;
  /** The levels of the release that stands, in the order of the columns; null to search. */
  readonly levels: readonly number[] | null;
}

export interface Release {
  readonly levels: readonly number[];
  /** By record: 1 where it must not leave. */
  readonly suppressed: Uint8Array;
  readonly suppressedCount: number;
  /** Of what leaves; with nothing known of the population, the journalist's risk is the prosecutor's. */
  readonly risk: RiskReport;
}

/**
 * The release that holds and loses least; null where none does with as little suppression. At levels that
 * are given, what fell below the model since is suppressed, however much that is.
 *
 * @throws {PrivacyError} ERR_PRIVACY_HIERARCHY where a level splits what is one on the level before
 */
export function findRelease({
  columns,
  sensitive,
  model,
  levels,
}: ReleaseQuestion): Release | null {
  const table = new QuasiTable(
    columns.map(({ name, levels: spellings }) => ({
      name,
      values: spellings[0] ?? [],
      hierarchy: hierarchyOf(name, spellings),
    })),
    sensitive === null ? null : { name: 'sensitive', values: sensitive },
  );
  const chosen = levels ?? findOptimalRelease(table, model, 'nue')?.levels ?? null;
  if (chosen === null) return null;
  const classes = table.classesAt(chosen);
  const violating = violations(model, classes, table.sensitive);
  const suppressed = Uint8Array.from(
    table.classOfRecords(classes),
    (id) => violating[id] as number,
  );
  const suppressedCount = suppressed.reduce((sum, one) => sum + one, 0);
  if (suppressedCount === table.recordCount) return null;
  const sizes = classes.sizes.filter((_size, id) => violating[id] === 0);
  return { levels: chosen, suppressed, suppressedCount, risk: measureRisk(sizes, sizes) };
}

/** Level by level as the records have it: groups must only merge. */
function hierarchyOf(name: string, spellings: readonly (readonly string[])[]): Hierarchy {
  const values = spellings[0] ?? [];
  for (let level = 1; level < spellings.length; level += 1) {
    const above = new Map<string, string>();
    for (const [record, from] of (spellings[level - 1] ?? []).entries()) {
      const to = spellings[level]?.[record] as string;
      const known = above.get(from);
      if (known === undefined) above.set(from, to);
      else if (known !== to) {
        throw new PrivacyError(
          'ERR_PRIVACY_HIERARCHY',
          `column ${name} splits on level ${level} what is one on level ${level - 1}`,
          { hint: 'Let every level be a function of the one before it.' },
        );
      }
    }
  }
  const rows = new Map<string, readonly string[]>();
  for (const [record, value] of values.entries()) {
    if (!rows.has(value)) {
      rows.set(
        value,
        spellings.map((level) => level[record] as string),
      );
    }
  }
  return { levelCount: spellings.length, rows };
}
