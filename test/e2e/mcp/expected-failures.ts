/**
 * What the official suites demand and this server refuses to have, with the reason. A check that fails and
 * does not stand here fails the test, and so does one that stands here and passes.
 */

const NO_STREAM =
  'Answers are single JSON documents: nothing is sent before the result, so there is no progress to report.';
const NO_LOG = 'Logging is no capability of this server: what happened stands in its own log.';
const NO_QUESTION =
  'This server asks its clients for nothing (no sampling, roots or elicitation): it must not be able to put words into a model or to a person.';
const NO_SUBSCRIPTION =
  'Nothing that is listed changes while a token looks, so no connection is held open to tell of it.';

/** Scenario, and the id of the check. */
type Expected = Readonly<Record<string, string>>;

/** @modelcontextprotocol/conformance 0.1.16, all scenarios; 0.2.0-alpha.12, what 2025-11-25 requires. */
export const EXPECTED_2025: Expected = {
  'logging-set-level logging-set-level': NO_LOG,
  'tools-call-with-logging tools-call-with-logging': NO_LOG,
  'tools-call-with-progress tools-call-with-progress': NO_STREAM,
  'tools-call-sampling tools-call-sampling': NO_QUESTION,
  'tools-call-elicitation tools-call-elicitation': NO_QUESTION,
  'elicitation-sep1034-defaults elicitation-sep1034-general': NO_QUESTION,
  'elicitation-sep1330-enums elicitation-sep1330-general': NO_QUESTION,
  'resources-subscribe resources-subscribe': NO_SUBSCRIPTION,
  'resources-unsubscribe resources-unsubscribe': NO_SUBSCRIPTION,
};

/** 0.2.0-alpha.12, what revision 2026-07-28 requires. */
export const EXPECTED_2026: Expected = {
  'server-stateless sep-2575-server-rejects-undeclared-capability': NO_QUESTION,
  'server-stateless sep-2575-missing-capability-http-400': NO_QUESTION,
  'server-stateless sep-2575-server-sends-subscription-ack': NO_SUBSCRIPTION,
  'server-stateless sep-2575-server-tags-subscription-id': NO_SUBSCRIPTION,
  'tools-call-with-progress tools-call-with-progress': NO_STREAM,
  'input-required-result-basic-elicitation sep-2322-elicitation-incomplete': NO_QUESTION,
  'input-required-result-basic-sampling sep-2322-sampling-incomplete': NO_QUESTION,
  'input-required-result-basic-list-roots sep-2322-list-roots-incomplete': NO_QUESTION,
  'input-required-result-request-state sep-2322-request-state-incomplete': NO_QUESTION,
  'input-required-result-multiple-input-requests sep-2322-multiple-inputs-incomplete': NO_QUESTION,
  'input-required-result-multi-round sep-2322-multi-round-r1': NO_QUESTION,
  'input-required-result-non-tool-request sep-2322-non-tool-incomplete': NO_QUESTION,
  'input-required-result-result-type sep-2322-result-type-included': NO_QUESTION,
  'input-required-result-tampered-state sep-2322-reject-tampered-state': NO_QUESTION,
  'input-required-result-capability-check sep-2322-respect-client-capabilities': NO_QUESTION,
};
