/** The slow obvious twin: RFC 6962 §2.1 as it is written, by recursion over lists. */

import { portableCrypto } from '@veritydb/crypto';
import { type Hash, concatBytes } from '@veritydb/types';

const sha256 = (...parts: readonly Uint8Array[]): Hash =>
  portableCrypto.sha256(concatBytes(...parts));
const ONE = Uint8Array.of(1);

function largestPowerOfTwoBelow(n: number): number {
  return 2 ** (Math.ceil(Math.log2(n)) - 1);
}

/** MTH(D[n]), from leaf hashes. */
export function mth(d: readonly Hash[]): Hash {
  if (d.length === 0) return sha256();
  if (d.length === 1) return d[0] as Hash;
  const k = largestPowerOfTwoBelow(d.length);
  return sha256(ONE, mth(d.slice(0, k)), mth(d.slice(k)));
}

/** PATH(m, D[n]): §2.1.1. */
export function path(m: number, d: readonly Hash[]): readonly Hash[] {
  if (d.length === 1) return [];
  const k = largestPowerOfTwoBelow(d.length);
  return m < k
    ? [...path(m, d.slice(0, k)), mth(d.slice(k))]
    : [...path(m - k, d.slice(k)), mth(d.slice(0, k))];
}

/** SUBPROOF(m, D[n], b): §2.1.2; PROOF(m, D[n]) is SUBPROOF(m, D[n], true). */
export function subproof(m: number, d: readonly Hash[], b: boolean): readonly Hash[] {
  if (m === d.length) return b ? [] : [mth(d)];
  const k = largestPowerOfTwoBelow(d.length);
  return m <= k
    ? [...subproof(m, d.slice(0, k), b), mth(d.slice(k))]
    : [...subproof(m - k, d.slice(k), false), mth(d.slice(0, k))];
}

/** The batch proof as the page of the format says it: a pre-order walk, left before right. */
export function batch(given: ReadonlySet<number>, d: readonly Hash[], start = 0): readonly Hash[] {
  if (!d.some((_, at) => given.has(start + at))) return [mth(d)];
  if (d.length === 1) return [];
  const k = largestPowerOfTwoBelow(d.length);
  return [...batch(given, d.slice(0, k), start), ...batch(given, d.slice(k), start + k)];
}

/** Leaf hashes of a log whose entry n is the decimal text of n. */
export function leavesOf(count: number): readonly Hash[] {
  return Array.from({ length: count }, (_, index) =>
    sha256(Uint8Array.of(0), new TextEncoder().encode(String(index))),
  );
}
