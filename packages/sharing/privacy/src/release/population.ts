/**
 * How many records of a sample are unique in the population that it was drawn from, estimated by the Pitman
 * model (Hoshino 2001): the sizes of classes tell how many more classes a larger draw would find.
 */

/** Steps of Newton's method, and the smallest that counts. */
const STEPS_MAX = 200;
const STEP_MIN = 1e-13;

interface Parameters {
  readonly theta: number;
  readonly alpha: number;
}

/**
 * The share of the population that is unique in it.
 *
 * @param sizes records in each class of the sample, at level 0
 * @param sampling share of the population that the sample is, above 0 and at most 1
 * @returns 0 to 1, or null where the model has no estimate: too few classes, or all alike
 */
export function estimatePopulationUniqueness(
  sizes: ArrayLike<number>,
  sampling: number,
): number | null {
  const frequencies = new Map<number, number>();
  let records = 0;
  for (let id = 0; id < sizes.length; id += 1) {
    const size = sizes[id] as number;
    records += size;
    frequencies.set(size, (frequencies.get(size) ?? 0) + 1);
  }
  if (frequencies.size < 2 || !(sampling > 0 && sampling <= 1)) return null;
  const fitted = fit(records, sizes.length, frequencies);
  if (fitted === null) return null;
  const { alpha, theta } = fitted;
  // E[uniques] = Γ(θ + 1) / Γ(θ + α) · N^α, of N people.
  const logShare =
    logGamma(theta + 1) - logGamma(theta + alpha) + (alpha - 1) * Math.log(records / sampling);
  return Math.min(Math.exp(logShare), 1);
}

/** The parameters of greatest likelihood, by Newton's method with steps that stay within bounds. */
function fit(
  records: number,
  classCount: number,
  frequencies: ReadonlyMap<number, number>,
): Parameters | null {
  let [theta, alpha] = [classCount / 10, 0.5];
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const { byAlpha, byTheta, alpha2, theta2, mixed } = slopes(records, classCount, frequencies, {
      theta,
      alpha,
    });
    const determinant = alpha2 * theta2 - mixed * mixed;
    const alphaStep = (byAlpha * theta2 - byTheta * mixed) / determinant;
    const thetaStep = (byTheta * alpha2 - byAlpha * mixed) / determinant;
    if (!Number.isFinite(alphaStep) || !Number.isFinite(thetaStep)) return null;
    let share = 1;
    while (
      share > Number.EPSILON &&
      !(alpha - share * alphaStep > 0 && alpha - share * alphaStep < 1 && theta > share * thetaStep)
    ) {
      share /= 2;
    }
    alpha -= share * alphaStep;
    theta -= share * thetaStep;
    if (Math.abs(alphaStep) < STEP_MIN && Math.abs(thetaStep) < STEP_MIN * theta) {
      return { theta, alpha };
    }
  }
  return null;
}

interface Slopes {
  readonly byAlpha: number;
  readonly byTheta: number;
  readonly alpha2: number;
  readonly theta2: number;
  readonly mixed: number;
}

/** First and second derivatives of the logarithm of the likelihood. */
function slopes(
  records: number,
  classCount: number,
  frequencies: ReadonlyMap<number, number>,
  { theta, alpha }: Parameters,
): Slopes {
  let [byAlpha, byTheta, alpha2, theta2, mixed] = [0, 0, 0, 0, 0];
  for (let index = 1; index < classCount; index += 1) {
    const weight = 1 / (theta + index * alpha);
    byAlpha += index * weight;
    byTheta += weight;
    alpha2 -= index * index * weight * weight;
    theta2 -= weight * weight;
    mixed -= index * weight * weight;
  }
  for (let index = 1; index < records; index += 1) {
    const weight = 1 / (theta + index);
    byTheta -= weight;
    theta2 += weight * weight;
  }
  for (const [size, count] of frequencies) {
    for (let index = 1; index < size; index += 1) {
      const weight = 1 / (index - alpha);
      byAlpha -= count * weight;
      alpha2 -= count * weight * weight;
    }
  }
  return { byAlpha, byTheta, alpha2, theta2, mixed };
}

/** ln Γ(x) for x > 0: Stirling's series (DLMF 5.11.1) beyond 15, reached by ln Γ(x) = ln Γ(x + 1) − ln x. */
function logGamma(x: number): number {
  let [at, shift] = [x, 0];
  while (at < 15) {
    shift += Math.log(at);
    at += 1;
  }
  const inverse = 1 / (at * at);
  const series =
    (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) /
    at;
  return (at - 0.5) * Math.log(at) - at + Math.log(2 * Math.PI) / 2 + series - shift;
}
