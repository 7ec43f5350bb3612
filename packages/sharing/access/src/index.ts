/** Rights: tokens, policies and their linter, and what both together let a recipient see. Pure. */

export { type AttenuatedRight, type Attenuation, attenuate } from './attenuate.ts';
export {
  type AuthorizeContext,
  type AuthorizeRequest,
  type AuthorizedColumn,
  type AuthorizedGuard,
  type AuthorizedRelation,
  answersOf,
  authorize,
  grantedTables,
} from './authorize.ts';
export {
  type Consent,
  type ConsentDecision,
  type ConsentQuestion,
  type ConsentReason,
  decideConsent,
} from './consent.ts';
export {
  PROOF_AGE_SECONDS_MAX,
  type ProofExpectations,
  keyThumbprint,
  verifyDpopProof,
} from './dpop.ts';
export { isPurposeWithin } from './dpv-purpose.ts';
export { parseDurationSeconds } from './duration.ts';
export { AccessError, type AccessErrorCode } from './error.ts';
export { FINDING_CODES, type Finding, type FindingCode } from './finding.ts';
export { lintPolicy } from './lint.ts';
export { type PolicyChange, type PolicyDifference, diffPolicies } from './policy-diff.ts';
export { type PolicyCaseResult, testPolicy } from './policy-test.ts';
export {
  type Policy,
  type PolicyColumn,
  type PolicyNoise,
  type PolicyRelease,
  type PolicyTable,
  parsePolicy,
} from './policy.ts';
export {
  type AnswerKind,
  type HourlyBudget,
  KEY_DOMAINS,
  type KeyDomain,
  POLICY_PROFILES,
  type PeriodEntry,
  type PolicyProfile,
  SUBJECTS_COUNT_MIN,
  TOKEN_LIFETIME_SECONDS_MAX,
} from './policy-schema.ts';
export { POLICY_SIZE_BYTES_MAX, type PolicyPlace } from './policy-yaml.ts';
export { type RowPredicate, compileRowPredicate, rowPredicate } from './row-predicate.ts';
export {
  type SigningKey,
  type TokenKey,
  type TokenKeySet,
  createSigningKey,
  publicKeySet,
} from './signing-key.ts';
export { type StatisticMember, type StatisticMembers, isStatisticSafe } from './statistics.ts';
export {
  type AuthorizationDetail,
  TOKEN_ACTIONS,
  type TokenAction,
  type TokenClaims,
  type VerifiedToken,
  formatScope,
} from './token-claims.ts';
export {
  CLOCK_TOLERANCE_SECONDS,
  TOKEN_SIZE_BYTES_MAX,
  type TokenExpectations,
  type TokenToIssue,
  issueToken,
  verifyToken,
} from './token.ts';
export { isMoment } from './vocabulary.ts';
