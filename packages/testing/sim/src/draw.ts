/**
 * Counter-based randomness: a draw is a function of (seed, stream, counter) and of nothing that was drawn
 * before. So a fault or a request that is taken out of a schedule does not change the others, and
 * schedules shrink (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011; the mixer is
 * the finaliser of MurmurHash3).
 */

/** 32 bits. */
export function drawBits(seed: number, stream: number, counter: number): number {
  let x = mix(seed ^ 0x9e3779b9);
  x = mix(x ^ Math.imul(stream, 0x85ebca6b));
  return mix(x ^ Math.imul(counter, 0xc2b2ae35));
}

/** A whole number from 0 to `limit − 1`. */
export function drawBelow(bits: number, limit: number): number {
  return Math.floor((bits / 2 ** 32) * limit);
}

/** True for `permille` of a thousand draws. */
export function drawChance(bits: number, permille: number): boolean {
  return drawBelow(bits, 1000) < permille;
}

/**
 * A whole number that is distributed almost exponentially, with this mean. Made of shifts alone, since
 * `Math.log` may differ between engines.
 */
export function drawExponential(bits: number, mean: number): number {
  const zeros = Math.clz32(bits | 1);
  // The bits below the highest one, from 0 to 1: between two powers of two the curve is a straight line.
  const rest = ((bits << (zeros + 1)) >>> 0) / 2 ** 32;
  return Math.floor(mean * Math.LN2 * (zeros + 1 - rest));
}

function mix(x: number): number {
  let z = x;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}
