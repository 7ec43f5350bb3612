/** The HTTP door: routes, OpenAPI, problems; and what every door over HTTP shares. */

export { type AddressLimiter, createAddressLimiter } from './address-limit.ts';
export {
  auditAnswerJson,
  auditAnswerShape,
  exportAnswerJson,
  exportAnswerShape,
  queryAnswerJson,
  queryAnswerShape,
  schemaAnswerJson,
  schemaAnswerShape,
  verifyAnswerJson,
  verifyAnswerShape,
} from './answers.ts';
export { type HttpApiOptions, buildHttpApi, resourceMetadataUrl } from './api.ts';
export { type AuthorizationOptions, AuthorizationServer } from './oauth/authorization-server.ts';
export { OAuthError, type OAuthErrorCode } from './oauth/error.ts';
export { assertNoTokenInQuery, authenticate } from './bearer.ts';
export { assertJsonDeclared, readJson } from './body.ts';
export { describeIssues } from './endpoint.ts';
export { HttpError, type HttpErrorCode, TokenRefusedError } from './error.ts';
export { type AllowedPlaces, allowedPlaces, assertAllowedPlace } from './host.ts';
export {
  type Challenge,
  type Problem,
  buildProblem,
  problemResponse,
  statusOf,
} from './problem.ts';
export { factsOf } from './request-facts.ts';
export {
  foreignIdShape,
  idShape,
  offsetShape,
  parametersShape,
  statementShape,
} from './requests.ts';
export {
  type RateLimit,
  type RateLimiter,
  type RateState,
  createRateLimiter,
  setRateHeaders,
} from './rate-limit.ts';
export type { PublishedLog } from './tile-routes.ts';
export { type WitnessApiOptions, buildWitnessApi } from './witness-api.ts';
