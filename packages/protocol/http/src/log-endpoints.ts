/** What the operator takes away from the log: proofs of it, backups of it, tombstones for older ones. */

import type { Administration } from '@veritydb/disclosure';
import { z } from 'zod';

import { type Endpoint, defineEndpoint, jsonResponse, textResponse } from './endpoint.ts';
import { wholeNumber } from './requests.ts';

export function logEndpoints(administration: Administration): readonly Endpoint[] {
  return [
    proofEndpoint(administration),
    consistencyEndpoint(administration),
    backupEndpoint(administration),
    tombstonesEndpoint(administration),
  ];
}

function proofEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/log/proof',
    id: 'proveRecord',
    access: 'operator',
    summary: 'Prove that a record stands in the log',
    description: 'A C2SP tlog-proof with a signed checkpoint, and the leaf that it proves.',
    query: z.strictObject({ offset: wholeNumber, size: wholeNumber.optional() }),
    success: {
      status: 200,
      description: 'The proof and the leaf',
      content: z.strictObject({ proof: z.string(), leaf: z.string() }),
    },
    problems: [400, 409],
    answer: async ({ query }) => {
      const { leaf, proof } = await administration.logProof(query.offset, query.size);
      return jsonResponse({ proof, leaf });
    },
  });
}

function consistencyEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/log/consistency',
    id: 'proveConsistency',
    access: 'operator',
    summary: 'Prove that the log has only grown since an earlier size',
    description: 'The body of an add-checkpoint request of C2SP tlog-witness.',
    query: z.strictObject({ old: wholeNumber, new: wholeNumber.optional() }),
    success: { status: 200, description: 'A consistency text', content: 'text/plain' },
    problems: [400, 409],
    answer: async ({ query }) =>
      textResponse(await administration.logConsistency(query.old, query.new)),
  });
}

function backupEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/backup',
    id: 'takeBackup',
    access: 'operator',
    summary: 'Take a backup: an archive of log and wrapped keys as of now',
    success: { status: 200, description: 'A tar archive', content: 'application/x-tar' },
    problems: [],
    answer: async () => {
      const chunks = (await administration.backup())[Symbol.iterator]();
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const { done, value } = chunks.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        },
        cancel() {
          chunks.return?.();
        },
      });
      return new Response(body, {
        headers: { 'content-type': 'application/x-tar', 'cache-control': 'no-store' },
      });
    },
  });
}

function tombstonesEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/tombstones',
    id: 'getTombstones',
    access: 'operator',
    summary: 'The keys that were destroyed, signed: what a restore must leave out',
    success: { status: 200, description: 'A signed note', content: 'text/plain' },
    problems: [],
    answer: async () => textResponse(await administration.tombstones()),
  });
}
