/** Policies, for the operator: activated, listed, read. */

import type { Administration } from '@veritydb/disclosure';
import { z } from 'zod';

import { type Endpoint, defineEndpoint, jsonResponse, textResponse } from './endpoint.ts';
import { wholeNumber } from './requests.ts';

const BODY_SIZE_MAX = 512 * 1024;
const anyObject = z.looseObject({});

export function policyEndpoints(administration: Administration): readonly Endpoint[] {
  return [
    policyEndpoint(administration),
    listPoliciesEndpoint(administration),
    readPolicyEndpoint(administration),
    listReleasesEndpoint(administration),
    closeReleaseEndpoint(administration),
  ];
}

function listReleasesEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/releases',
    id: 'listReleases',
    access: 'operator',
    summary: 'What each recipient’s exports of a table under a release model are fixed to',
    success: { status: 200, description: 'Releases', content: anyObject },
    problems: [],
    answer: async () => {
      const releases = await administration.listReleases();
      return jsonResponse({
        releases: releases.map((release) => ({
          recipient: release.recipient,
          table: release.table,
          policy: release.policy,
          policy_version: release.policyVersion,
          position: release.position,
          levels: release.levels,
          state: release.state,
          changed_at: release.changedAt,
        })),
      });
    },
  });
}

function closeReleaseEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/releases/close',
    id: 'closeRelease',
    access: 'operator',
    summary: 'Let the recipient’s next export of a table be a new release',
    body: z.strictObject({ recipient: z.string().min(1), table: z.string().min(1) }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 200, description: 'The record of it', content: anyObject },
    problems: [400, 404],
    answer: async ({ body }) => {
      const { offset } = await administration.closeRelease(body.recipient, body.table);
      return jsonResponse({ offset });
    },
  });
}

function policyEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/policies',
    id: 'activatePolicy',
    access: 'operator',
    summary: 'Activate a policy',
    body: z.strictObject({ yaml: z.string().min(1) }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 201, description: 'The policy as activated', content: anyObject },
    problems: [400, 409],
    answer: async ({ body }) => {
      const policy = await administration.activatePolicy(body.yaml);
      const { name: policyName, version, sha256, offset, warnings } = policy;
      return jsonResponse({ name: policyName, version, sha256, offset, warnings }, 201);
    },
  });
}

function listPoliciesEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/policies',
    id: 'listPolicies',
    access: 'operator',
    summary: 'Every version of every policy',
    success: { status: 200, description: 'Policies', content: anyObject },
    problems: [],
    answer: async () => {
      const policies = await administration.listPolicies();
      return jsonResponse({
        policies: policies.map((policy) => ({
          name: policy.name,
          version: policy.version,
          sha256: policy.sha256,
          activated_at: policy.activatedAt,
          active: policy.isActive,
          offset: policy.offset,
        })),
      });
    },
  });
}

function readPolicyEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/policies/{name}',
    id: 'readPolicy',
    access: 'operator',
    summary: 'The text of a policy as it was activated',
    path: z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/) }),
    query: z.strictObject({ version: wholeNumber.optional() }),
    success: { status: 200, description: 'A policy file', content: 'text/plain' },
    problems: [404],
    answer: async ({ path, query }) =>
      textResponse(await administration.readPolicy(path.name, query.version)),
  });
}
