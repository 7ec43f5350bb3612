/**
 * How likely somebody in a release is found again, by the sizes of its classes (El Emam & Dankar 2008): by
 * one who knows that he is in it (prosecutor), by one who looks for anybody with the help of a register
 * of the population (journalist), and for how many of all (marketer).
 */

export interface RiskReport {
  readonly recordCount: number;
  readonly classCount: number;
  readonly smallestClass: number;
  /** Highest and mean risk, and the share of records above the threshold. */
  readonly prosecutor: Risk;
  /** With the classes of a population; null without one. */
  readonly journalist: Risk | null;
  /** Share of the records that would be found. */
  readonly marketer: number;
  /** Records that are alone in their class. */
  readonly uniqueCount: number;
  readonly uniqueShare: number;
  readonly threshold: number;
  /** How many records are in classes of a size: 1, 2, 3–4, 5–10, 11–20, 21–50, 51 and more. */
  readonly histogram: readonly { readonly label: string; readonly recordCount: number }[];
}

export interface Risk {
  readonly highest: number;
  readonly mean: number;
  readonly aboveThreshold: number;
}

const BANDS: readonly (readonly [string, number])[] = [
  ['1', 1],
  ['2', 2],
  ['3–4', 4],
  ['5–10', 10],
  ['11–20', 20],
  ['21–50', 50],
  ['51+', Number.POSITIVE_INFINITY],
];
/** EMA Policy 0070 and Health Canada: at most 0.09, which is eleven. */
export const RISK_THRESHOLD = 0.09;

/**
 * Measures the risks of a release.
 *
 * @param sizes records in each class, suppressed ones left out
 * @param population for each class, how many people of the population are of it
 */
export function measureRisk(
  sizes: ArrayLike<number>,
  population: ArrayLike<number> | null = null,
  threshold: number = RISK_THRESHOLD,
): RiskReport {
  let [recordCount, uniqueCount, smallestClass] = [0, 0, Number.POSITIVE_INFINITY];
  const counts = BANDS.map(() => 0);
  for (let id = 0; id < sizes.length; id += 1) {
    const size = sizes[id] as number;
    recordCount += size;
    if (size === 1) uniqueCount += 1;
    smallestClass = Math.min(smallestClass, size);
    const band = BANDS.findIndex(([, most]) => size <= most);
    counts[band] = (counts[band] as number) + size;
  }
  const empty = recordCount === 0;
  const prosecutor = riskOf(sizes, sizes, threshold);
  const journalist = population === null ? null : riskOf(sizes, population, threshold);
  return {
    recordCount,
    classCount: sizes.length,
    smallestClass: empty ? 0 : smallestClass,
    prosecutor,
    journalist,
    marketer: (journalist ?? prosecutor).mean,
    uniqueCount,
    uniqueShare: empty ? 0 : uniqueCount / recordCount,
    threshold,
    histogram: BANDS.map(([label], index) => ({ label, recordCount: counts[index] as number })),
  };
}

/** A record's risk is one in the people that it could be. */
function riskOf(sizes: ArrayLike<number>, among: ArrayLike<number>, threshold: number): Risk {
  let [records, sum, highest, above] = [0, 0, 0, 0];
  for (let id = 0; id < sizes.length; id += 1) {
    const size = sizes[id] as number;
    const people = Math.max(among[id] ?? 0, size);
    records += size;
    sum += size === people ? 1 : size / people;
    highest = Math.max(highest, 1 / people);
    if (1 / people > threshold) above += size;
  }
  if (records === 0) return { highest: 0, mean: 0, aboveThreshold: 0 };
  return { highest, mean: sum / records, aboveThreshold: above / records };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** The report in a few lines. */
export function formatRisk(report: RiskReport): string {
  const risk = (name: string, { highest, mean, aboveThreshold }: Risk): string =>
    `${name.padEnd(11)} highest ${percent(highest)}, mean ${percent(mean)}, ` +
    `${percent(aboveThreshold)} of the records above ${percent(report.threshold)}`;
  return [
    `${report.recordCount} records in ${report.classCount} classes, the smallest of ${report.smallestClass}`,
    risk('prosecutor', report.prosecutor),
    ...(report.journalist === null ? [] : [risk('journalist', report.journalist)]),
    `marketer    ${percent(report.marketer)} of the records`,
    `unique      ${report.uniqueCount} records, ${percent(report.uniqueShare)}`,
    ...report.histogram.map(
      ({ label, recordCount }) => `classes of ${label.padEnd(6)} ${recordCount} records`,
    ),
    '',
  ].join('\n');
}

const WIDTH = 560;
const ROW_HEIGHT = 24;
const LABEL_WIDTH = 90;
const BAR_WIDTH = 360;

/** The sizes of the classes as a picture: SVG 1.1, no script, nothing from outside. */
export function drawRisk(report: RiskReport): string {
  const most = Math.max(...report.histogram.map(({ recordCount }) => recordCount), 1);
  const height = ROW_HEIGHT * (report.histogram.length + 1);
  const rows = report.histogram.map(({ label, recordCount }, index) => {
    const y = ROW_HEIGHT * (index + 1);
    const width = Math.round((BAR_WIDTH * recordCount) / most);
    return (
      `<text x="0" y="${y + 15}">size ${label}</text>` +
      `<rect x="${LABEL_WIDTH}" y="${y + 3}" width="${width}" height="16" fill="#4477aa"/>` +
      `<text x="${LABEL_WIDTH + width + 6}" y="${y + 15}">${recordCount}</text>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
    `font-family="sans-serif" font-size="12" role="img">` +
    `<title>Records by the size of their equivalence class</title>` +
    `<text x="0" y="15">${report.recordCount} records, highest risk ${report.prosecutor.highest.toFixed(4)}</text>` +
    `${rows.join('')}</svg>\n`
  );
}
