/** What a new primary makes of the votes of each quorum that it may have. */

import type { ModelBounds, ModelMessage, VoteHeader } from './state.ts';

type Join = Extract<ModelMessage, { readonly kind: 'join' }>;

export interface Election {
  readonly bounds: ModelBounds;
  /** Of the view that is to begin. */
  readonly joins: readonly Join[];
  /** The new primary, and what it has committed. */
  readonly self: number;
  readonly commit: number;
}

/** The log of the new view, for each quorum that decides it. */
export function electedLogs(election: Election): readonly (readonly number[])[] {
  const { bounds, joins, self } = election;
  const logs: (readonly number[])[] = [];
  for (let chosen = 0; chosen < 2 ** joins.length; chosen += 1) {
    const quorum = joins.filter((_, at) => Math.floor(chosen / 2 ** at) % 2 === 1);
    if (quorum.length < bounds.viewChangeQuorum) continue;
    if (!quorum.some(({ replica }) => replica === self)) continue;
    const log = decide(election, quorum);
    if (log !== null) logs.push(log);
  }
  return logs;
}

function decide({ bounds, commit }: Election, quorum: readonly Join[]): readonly number[] | null {
  const { mutation } = bounds;
  const canonical = canonicalOf(bounds, quorum);
  const length = Math.max(...canonical.map(({ headers }) => headers.length));
  const committed = Math.max(commit, ...quorum.map((join) => join.commit));
  const entryOf = (op: number): number =>
    least(canonical.flatMap(({ headers }) => headers[op - 1]?.entry ?? []).filter(isKnown));
  const nacks = (op: number): number =>
    quorum.filter((join) => isNack(join.headers[op - 1], entryOf(op))).length;
  const copies = (op: number): number =>
    quorum.filter(({ headers }) => {
      const header = headers[op - 1];
      return header !== undefined && header.present && isSame(header, entryOf(op));
    }).length;
  const needed = mutation === 'nackQuorum' ? bounds.nackQuorum - 1 : bounds.nackQuorum;
  let head = length;
  for (let op = committed + 1; op <= length; op += 1) {
    if (nacks(op) < needed) continue;
    head = op - 1;
    break;
  }
  if (head < committed) return null;
  const log: number[] = [];
  for (let op = 1; op <= head; op += 1) {
    const entry = op > committed ? entryOf(op) : entryOf(op) || heldOf(quorum, canonical, op);
    if (entry === 0 || (op > committed && copies(op) === 0)) return null;
    if (op <= committed && heldOf(quorum, canonical, op) === 0) return null;
    log.push(entry);
  }
  return log;
}

/** The votes whose headers count: of the last log view, never of the longest log. */
function canonicalOf({ mutation }: ModelBounds, quorum: readonly Join[]): readonly Join[] {
  if (mutation === 'byOp') {
    const longest = Math.max(...quorum.map(({ headers }) => headers.length));
    return quorum.filter(({ headers }) => headers.length === longest);
  }
  const last = Math.max(...quorum.map(({ logView }) => logView));
  return quorum.filter(({ logView }) => logView === last);
}

/** The entry of a committed op, of who is canonical or has committed it; 0 where nobody knows it. */
function heldOf(quorum: readonly Join[], canonical: readonly Join[], op: number): number {
  const knowing = quorum.filter((join) => canonical.includes(join) || join.commit >= op);
  return least(knowing.flatMap(({ headers }) => headers[op - 1]?.entry ?? []).filter(isKnown));
}

function isNack(header: VoteHeader | undefined, entry: number): boolean {
  return header === undefined || header.nack || (header.entry !== 0 && header.entry !== entry);
}

function isSame({ entry }: VoteHeader, wanted: number): boolean {
  return wanted !== 0 && entry === wanted;
}

function isKnown(entry: number): boolean {
  return entry !== 0;
}

/** 0 where there is none. */
function least(entries: readonly number[]): number {
  return entries.length === 0 ? 0 : Math.min(...entries);
}
