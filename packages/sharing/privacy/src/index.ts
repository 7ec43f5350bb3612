/** Transforms: what a policy makes of a value before it leaves. Pure. */

export {
  type FieldProof,
  type ProofClass,
  TRANSFORMS,
  type TransformDeclaration,
  type TransformOperations,
} from './catalogue.ts';
export { GEO_DIGITS_MAX } from './bands.ts';
export { type CompiledTransform, compileTransform } from './compile.ts';
export { type ColumnSuggestion, suggestClass } from './detect/classify.ts';
export { DETECTOR_VERSION, type DetectOptions, detectEntities } from './detect/detect.ts';
export {
  GUARD_KINDS,
  GUARD_KINDS_DEFAULT,
  GUARD_MARK,
  type GuardKind,
  compileGuard,
} from './detect/guard.ts';
export { ENTITY_TYPES, type EntityFinding, type EntityType } from './detect/finding.ts';
export { PATTERNS_COUNT_MAX, PATTERN_LENGTH_MAX, redact } from './detect/redact.ts';
export {
  type PrivacyBudget,
  deltaOf,
  epsilonOf,
  openBudget,
  remaining,
  rhoOf,
  spend,
} from './dp/budget.ts';
export { type RandomBytes, RandomSource, seededBytes } from './dp/random-source.ts';
export { type Rational, parseRational, rational, toNumber } from './dp/rational.ts';
export { sampleDiscreteGaussian, sampleDiscreteLaplace } from './dp/samplers.ts';
export {
  type ContributionBound,
  type CostPreview,
  type NoisePlan,
  type NoisyAnswer,
  type NoisyPart,
  type Statistic,
  type StatisticRow,
  answerStatistic,
  boundContributions,
  planStatistic,
  previewCost,
} from './dp/statistics.ts';
export { PrivacyError, type PrivacyErrorCode } from './error.ts';
export { AGE_TOP_MAX, TRUNCATE_LENGTH_MAX, type TransformPlan, planTransform } from './plan.ts';
export {
  PSEUDONYM_SIZE,
  type PseudonymLabel,
  type PseudonymScope,
  columnKey,
  derivePseudonymKey,
  formatPseudonym,
  isPseudonym,
  pseudonymMac,
} from './pseudonym.ts';
export {
  type ColumnTransform,
  type RowTransform,
  type TransformedRow,
  buildRowTransform,
} from './row-transform.ts';
export { type Hierarchy, flatHierarchy, parseHierarchy } from './release/hierarchy.ts';
export {
  RELEASE_NODES_MAX,
  type Release,
  type ReleaseColumn,
  type ReleaseQuestion,
  findRelease,
} from './release/release.ts';
export { type Closeness, type Diversity, type ReleaseModel, violations } from './release/model.ts';
export {
  type MondrianAttribute,
  type MondrianClass,
  certaintyPenalty,
  partitionMondrian,
} from './release/mondrian.ts';
export { estimatePopulationUniqueness } from './release/population.ts';
export { type LossMetric, type OptimalRelease, findOptimalRelease } from './release/optimal.ts';
export {
  type EquivalenceClasses,
  type QuasiColumn,
  QuasiTable,
  type SensitiveColumn,
} from './release/quasi-table.ts';
export { type Risk, type RiskReport, drawRisk, formatRisk, measureRisk } from './release/risk.ts';
export { type ReversibleRule, compileReversal } from './reversal.ts';
export type {
  AgeRule,
  BandRule,
  DateShiftRule,
  DecimalParameter,
  DetectRedactRule,
  DeterministicRule,
  EncryptRule,
  FpeAlphabet,
  FpeRule,
  GeoRoundRule,
  HierarchyRule,
  IpPrefixRule,
  PartialMaskRule,
  RoundRule,
  TruncatePanRule,
  DatePartRule,
  DropRule,
  FixedRule,
  KeepRule,
  LadderRule,
  MaskRule,
  NullRule,
  SurrogateRule,
  TokenRule,
  TransformName,
  TransformRule,
  TruncateRule,
  VisibleRule,
  Zip3Rule,
} from './rule.ts';
export { FPE_ALPHABETS } from './rule.ts';
export { GROUPED_COUNT_MAX, IP_BITS, SHOW_LENGTH_MAX } from './text-cut.ts';
export type {
  MissingSurrogate,
  RowContext,
  TransformContext,
  TransformedValue,
} from './transform-context.ts';
