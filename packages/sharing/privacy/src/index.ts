/** Transforms: what a policy makes of a value before it leaves. Pure. */

export {
  type FieldProof,
  type ProofClass,
  TRANSFORMS,
  type TransformDeclaration,
  type TransformOperations,
} from './catalogue.ts';
export {
  type CompiledTransform,
  type MissingSurrogate,
  type RowContext,
  type TransformContext,
  type TransformedValue,
  compileTransform,
} from './compile.ts';
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
export type {
  AgeRule,
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
