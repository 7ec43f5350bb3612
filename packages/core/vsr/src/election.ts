/**
 * The log of a new view, from what a quorum of replicas says of theirs (docs/formats/vsr.md,
 * do_view_change). What may be committed stays; only what provably nobody acknowledged is cut, and that
 * takes a nack quorum: a replica that cannot read a slot says nothing about it.
 */

import { assert, bytesEqual } from '@veritydb/types';

import type { Header } from './message.ts';

/** What one replica says of its log. */
export interface Join {
  readonly replica: number;
  readonly logView: number;
  /** The head of its log. */
  readonly op: number;
  readonly commit: number;
  /** From the head down; undefined where it does not know. */
  readonly headers: readonly (Header | undefined)[];
  /** Bit `i` is of the op `i` below the head: never acknowledged by this replica. */
  readonly nacks: number;
  /** Likewise: this replica can serve the prepare. */
  readonly present: number;
}

export interface ElectionRules {
  readonly nackQuorum: number;
  readonly pipelineLength: number;
  /** TESTS ONLY: the longest log wins, as if views did not matter. */
  readonly isByOp: boolean;
}

export type Election =
  /** More replicas are needed to decide. */
  | { readonly outcome: 'wait'; readonly isBlank: boolean }
  | {
      readonly outcome: 'elected';
      readonly op: number;
      readonly commit: number;
      readonly headers: readonly (Header | undefined)[];
      /** The head before anything was cut. */
      readonly opMax: number;
      /** The view of the log that won. */
      readonly logView: number;
      /** What is known of the ops that were cut, from the lowest up. */
      readonly discarded: readonly (Header | undefined)[];
    };

/** Decides, or waits. */
export function elect(joins: readonly Join[], rules: ElectionRules): Election {
  const logView = Math.max(...joins.map((join) => join.logView));
  const longest = Math.max(...joins.map((join) => join.op));
  const canonical = joins.filter((join) =>
    rules.isByOp ? join.op === longest : join.logView === logView,
  );
  const opMax = Math.max(...canonical.map((join) => join.op));
  const commit = Math.max(
    ...joins.map(({ op, headers, commit: known }) =>
      // What lies below a pipeline, or below the lowest header, is committed.
      Math.max(known, op - rules.pipelineLength, op - headers.length + 1),
    ),
  );
  const headerOf = (op: number): Header | undefined => findHeader(canonical, op);
  if (!rules.isByOp) assertAgree(canonical, commit, opMax);
  let head = opMax;
  for (let op = commit + 1; op <= opMax; op += 1) {
    const header = headerOf(op);
    const nacks = joins.filter((join) => isNack(join, op, header)).length;
    if (nacks >= rules.nackQuorum) {
      head = op - 1;
      break;
    }
    if (header === undefined) return { outcome: 'wait', isBlank: true };
    if (!joins.some((join) => isCopy(join, op, header))) return { outcome: 'wait', isBlank: false };
  }
  if (head < commit) return { outcome: 'wait', isBlank: true };
  const known = headerOf(head);
  if (known === undefined) return { outcome: 'wait', isBlank: true };
  const headers: (Header | undefined)[] = [known];
  const low = Math.max(0, head - rules.pipelineLength);
  for (let op = head - 1; op >= low; op -= 1) headers.push(headerOf(op));
  const discarded = Array.from({ length: opMax - head }, (_, index) => headerOf(head + 1 + index));
  return { outcome: 'elected', op: head, commit, headers, opMax, logView, discarded };
}

function at(join: Join, op: number): Header | undefined {
  return join.headers[join.op - op];
}

function hasBit(bits: number, join: Join, op: number): boolean {
  const index = join.op - op;
  return index >= 0 && index < join.headers.length && ((bits >>> index) & 1) === 1;
}

function findHeader(joins: readonly Join[], op: number): Header | undefined {
  for (const join of joins) {
    const header = at(join, op);
    if (header !== undefined) return header;
  }
  return undefined;
}

/** This replica did not acknowledge the op that the log would have here. */
function isNack(join: Join, op: number, canonical: Header | undefined): boolean {
  if (op > join.op || hasBit(join.nacks, join, op)) return true;
  const own = at(join, op);
  if (own === undefined) return false;
  return canonical === undefined || !bytesEqual(own.checksum, canonical.checksum);
}

function isCopy(join: Join, op: number, canonical: Header): boolean {
  const own = at(join, op);
  const isSame = own !== undefined && bytesEqual(own.checksum, canonical.checksum);
  return isSame && hasBit(join.present, join, op);
}

/** Logs of one view never differ where they may not be committed: if they do, the view forked. */
function assertAgree(canonical: readonly Join[], commit: number, opMax: number): void {
  for (let op = commit + 1; op <= opMax; op += 1) {
    const first = findHeader(canonical, op);
    for (const join of canonical) {
      const own = at(join, op);
      const isAgreed =
        own === undefined || first === undefined || bytesEqual(own.checksum, first.checksum);
      assert(isAgreed, 'two logs of one view differ');
    }
  }
}
